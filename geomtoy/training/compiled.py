"""Programs compiled once in a process, however many functions turn out to be the same program."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jax

from geomtoy.training.trainer import RUN_ONCE

_programs: dict[str, Callable[..., Any]] = {}
"""By the digest of what is compiled."""


def compiled(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """A pure function compiled for arguments of these shapes, or an earlier one that is the same to XLA.

    Runs that differ only in numbers given as arguments, such as keys and parameters, share a program.
    Compiling takes about five times as long as finding out.
    """
    lowered = jax.jit(function, compiler_options=RUN_ONCE).lower(*arguments)
    text = f"{lowered.as_text()}\n{lowered.args_info}\n{lowered.out_info}"
    name = sha256(text.encode()).hexdigest()
    if name not in _programs:
        _programs[name] = lowered.compile()
    return _programs[name]
