"""What happens where a task runs: one config in, arrays or a failure out, with what made them."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from geomtoy.errors import GeomtoyError, SettingError
from geomtoy.store.provenance import Origin, Provenance, in_this_process

ENDED = "ended"
"""In the mark of a task that was not cut short."""


@dataclass(frozen=True, eq=False)
class Done:
    """Arrays, and the process that made them."""

    arrays: dict[str, np.ndarray]
    seconds: float
    made_by: Provenance
    python: str


@dataclass(frozen=True)
class Failed:
    """Why there is no result."""

    reason: str
    details: str


def work(
    task: Callable[[Any], Mapping[str, Any]], config: Any, where: Origin, mark: Path
) -> Done | Failed:
    """Run a task; a file `mark`, where it can be written, shows that it has begun, and later ended."""
    with suppress(OSError):  # a worker on another machine cannot leave a mark, and need not
        mark.write_text("")
    try:
        made_by, start = in_this_process(where), perf_counter()
        arrays = storable(task(config))
        return Done(arrays, perf_counter() - start, made_by, platform.python_version())
    except (Exception, SystemExit) as error:
        reason = str(error) if isinstance(error, GeomtoyError) else repr(error)
        return Failed(reason, traceback.format_exc())
    finally:
        with suppress(OSError):
            mark.write_text(ENDED)


def storable(arrays: Any) -> dict[str, np.ndarray]:
    """NumPy arrays by name.

    Raises:
        SettingError: it is no mapping of names to arrays of numbers, truth values or text.
    """
    if not isinstance(arrays, Mapping) or not all(isinstance(name, str) for name in arrays):
        raise SettingError(f"the task returned a {type(arrays).__name__}; return arrays by name")
    found = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in found.items():
        if array.dtype.hasobject:
            raise SettingError(f"{name!r} is an array of objects; return numbers or text")
    return found
