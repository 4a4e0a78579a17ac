"""One text for each value: JSON of configs, whose hash names a result, and of what figures found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from geomtoy.errors import SettingError

KIND = "is a"
"""The key under which a dataclass has its name, so that two with the same fields differ."""


def canonical(config: Any) -> Any:
    """The JSON form of a config, the same wherever it is made.

    Args:
        config: frozen dataclasses, mappings with names as keys, sequences, numbers, text, True, False
            and None, nested in any way. A dataclass's fields that are no part of its comparison
            (`field(compare=False)`) are no part of the form either.
    Raises:
        SettingError: something else is in it.
    """
    if is_dataclass(config) and not isinstance(config, type):
        named = {
            field.name: canonical(getattr(config, field.name))
            for field in fields(config)
            if field.compare
        }
        return {KIND: type(config).__qualname__, **named}
    if isinstance(config, Mapping):
        return {_name(key): canonical(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [canonical(value) for value in config]
    if isinstance(config, np.generic):
        return canonical(config.item())
    if config is None or isinstance(config, str | int | float):
        return config
    raise SettingError(
        f"a config holds {config!r}, a {type(config).__name__}; only dataclasses, mappings, sequences, "
        "numbers and text tell one result from another"
    )


def digest(value: Any) -> str:
    """Twenty-four hexadecimal digits that change with a value of JSON."""
    return sha256(to_json(value).encode()).hexdigest()[:24]


def to_json(record: Any, digits: int = 17) -> str:
    """Sorted keys, floats to so many significant digits; 17 lose nothing.

    Raises:
        SettingError: a number is not finite, or a value has no JSON form.
    """
    try:
        return json.dumps(plain(record, digits), indent=1, sort_keys=True, allow_nan=False) + "\n"
    except (ValueError, TypeError) as error:
        raise SettingError(f"this record cannot be written as JSON: {error}") from None


def plain(value: Any, digits: int = 17) -> Any:
    """The JSON form of nested mappings, sequences, arrays and NumPy scalars."""
    if isinstance(value, Mapping):
        return {str(key): plain(item, digits) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), digits)
    if isinstance(value, list | tuple):
        return [plain(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise SettingError(f"a mapping in a config has the key {key!r}; use text")
    return key
