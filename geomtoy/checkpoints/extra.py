"""The libraries of the optional extra `checkpoints`, imported where they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from geomtoy.errors import SettingError


def extra(name: str) -> Any:
    """The module of that name.

    Raises:
        SettingError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise SettingError(
            f"reading checkpoints needs {name}; run: pip install 'geomtoy[checkpoints]'"
        ) from None
