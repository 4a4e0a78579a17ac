"""How kernels are compiled, and where they are kept: a folder for each version of their sources.

Compiling is what a first count waits for, and half of what numba compiles by itself is never used:
ways in from Python to functions that only kernels call, ways in from C to all. `kernel` and `inner`
leave that out. Arrays that are made in functions with the same options share the code that makes them,
so only a `kernel` makes any; in what is `inner` no references to arrays are counted, which takes as
long as the arithmetic of a narrow layer where arrays are in tuples, and it is optimized only as a part
of those that call it. Nothing asks whether a divisor is 0: kernels divide by what is not, or take an
infinite quotient as it is.

The folder lies beside the sources, or in the user's cache where those may not be written (an
installation of the system, a container that runs as another user). Where that may not be written either,
on a full disk, and where what was kept is damaged, kernels are compiled and not kept.

numba looks at the file of the function it has cached, not at those of the functions it calls. A folder
named after all sources together keeps a change in one file from being overlooked in another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher

config: Any = numba.config  # its names are set at run time
njit: Any = numba.njit  # its types leave out the options that leave out ways in
options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


class Kept(FunctionCache):
    """What was compiled of a function, in files; none of its failures is one of the kernel."""

    def load_overload(self, *args: Any) -> Any:
        try:
            return super().load_overload(*args)
        except (OSError, EOFError, UnpicklingError, ValueError):
            with suppress(OSError):
                self.flush()  # else the same would be met when this is saved
        return None

    def save_overload(self, *args: Any) -> None:
        with suppress(OSError):
            super().save_overload(*args)


def kept(dispatcher: Any) -> Any:
    """The same, read from its folder where it is there, unless numba is told to compile nothing."""
    compiles = isinstance(dispatcher, CPUDispatcher)
    with suppress(RuntimeError):  # no folder can be written
        if compiles:
            dispatcher._cache = Kept(dispatcher.py_func)
    return dispatcher


def kernel(function: Callable[..., Any]) -> Any:
    """Decorate what Python calls, and what makes arrays."""
    return kept(njit(**options)(function))


def inlined(function: Callable[..., Any]) -> Any:
    """Decorate what becomes a part of the kernels that call it before types are known: a few lines."""
    return kept(njit(**options, inline="always")(function))


class AsIs(JITCodeLibrary):
    """Code that becomes a part of other code, with which it is optimized, and not before."""

    def _optimize_final_module(self) -> None:
        pass


class InnerCompiler(Compiler):
    """Compiles to such code."""

    def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
        if library is None:
            library = AsIs(target.codegen(), "inner")
            library.enable_object_caching()
        super().__init__(typing, target, library, *rest)


class Inner(CPUDispatcher):
    """A function that only kernels call: it has no way in from Python, and says so."""

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(f"{self.py_func.__name__} is called by kernels alone; its py_func is for others")


def inner(**more: object) -> Callable[[Callable[..., Any]], Any]:
    """Decorate what only kernels call, and what makes no array and returns none.

    Args:
        more: options of numba, such as forceinline.
    """
    compiled = njit(**options, **more, no_cpython_wrapper=True, _nrt=False, pipeline_class=InnerCompiler)

    def decorated(function: Callable[..., Any]) -> Any:
        dispatcher = kept(compiled(function))
        if isinstance(dispatcher, CPUDispatcher):  # and not where numba is told to compile nothing
            dispatcher.__class__ = Inner
        return dispatcher

    return decorated


_uncompiled: set[Path] = set()


@contextmanager
def keyed_cache(room: Path) -> Iterator[None]:
    """Kernels defined inside are cached under a key of all sources of a package's folder."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder(room))
    if not Path(config.CACHE_DIR).exists():  # asked before the kernels' modules make it
        _uncompiled.add(room)
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def announce(room: Path) -> None:
    """Say once to who is watching, at a terminal or in a notebook, that kernels are compiled now."""
    if room in _uncompiled and (sys.stderr.isatty() or "ipykernel" in sys.modules):
        print("geomtoy: compiling kernels for this machine, once; about 20 seconds", file=sys.stderr)


def folder(room: Path) -> Path:
    digest = sha256()
    for path in sorted(room.rglob("*.py")):
        digest.update(path.read_bytes())
    return _home(room) / f"kernels-{digest.hexdigest()[:16]}"


def _home(room: Path) -> Path:
    beside = room / "__pycache__"
    if os.access(beside if beside.exists() else room, os.W_OK):
        return beside
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "geomtoy" / room.name
