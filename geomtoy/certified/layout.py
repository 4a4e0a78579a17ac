"""One memory layout for all that kernels read: numba compiles them anew for each other one."""

from __future__ import annotations

from typing import Any

import numpy as np


def in_rows(functions: Any) -> Any:
    """A named tuple, and those in it, with all arrays contiguous in rows."""
    return type(functions)(*(_in_rows(part) for part in functions))


def _in_rows(part: Any) -> Any:
    if isinstance(part, np.ndarray):
        return np.ascontiguousarray(part)
    return in_rows(part) if isinstance(part, tuple) else part
