"""Networks as npz files, with where to look at them."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from geomtoy.activations import NAMED, PiecewiseLinear, activation
from geomtoy.errors import FileError, GeomtoyError, NetworkError
from geomtoy.network import Network
from geomtoy.slices import Slice, convex_window, interval
from geomtoy.writing import written_aside

UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What numpy raises on a file that is no npz; RuntimeError if it is encrypted or packed otherwise."""


@dataclass(frozen=True, eq=False)
class Stored:
    """What a network file holds; `slice` and `window` are None where the file names none."""

    network: Network
    slice: Slice | None = None
    window: np.ndarray | None = None


def save(path: str | Path, network: Network, *, slice: Slice | None = None, window: Any = None) -> None:
    """Write a network as npz: W1, b1, W2, ..., and optionally window (n, 2), origin, u, v.

    Fractions are written as text ("1/3"), so the file holds exactly the network. Activations other
    than ReLU are written as act1_breakpoints, act1_slopes, act1_value, act1_name, ...; where units of a
    layer differ, act1_unit holds each unit's kind k, and its numbers are act1_k_breakpoints, ... Maxima
    are max_matches, how many each takes, and max_unit, who plays them. The file appears under its name
    only when it is whole. For a 1D input, the window is (low, high).

    Raises:
        WindowError: the window is not convex or has no area.
        FileError: the place cannot be written to.
    """
    arrays: dict[str, np.ndarray] = {}
    for k, (W, b) in enumerate(network.layers, start=1):
        arrays[f"W{k}"], arrays[f"b{k}"] = _plain(W), _plain(b)
    for k, act in enumerate(network.activations, start=1):
        if isinstance(act, PiecewiseLinear):
            arrays |= {} if act == NAMED["relu"] else _activation_arrays(f"act{k}", act)
            continue
        kinds = list(dict.fromkeys(act))
        arrays[f"act{k}_unit"] = np.array([kinds.index(one) for one in act])
        for kind, one in enumerate(kinds):
            arrays |= _activation_arrays(f"act{k}_{kind}", one)
    if network.maxima:
        arrays["max_matches"] = np.array([len(units) for units in network.maxima])
        arrays["max_unit"] = np.concatenate(network.maxima)
    if slice is not None:
        for name in ("origin", "u", "v"):
            arrays[name] = _plain(np.array(getattr(slice, name), dtype=object))
    if window is not None:
        check = interval if np.ndim(window) == 1 else convex_window
        arrays["window"] = _plain(np.array(check(window), dtype=object))
    write_npz(path, arrays)


def _activation_arrays(prefix: str, act: PiecewiseLinear) -> dict[str, np.ndarray]:
    return {
        f"{prefix}_breakpoints": _plain(np.array(act.breakpoints, dtype=object)),
        f"{prefix}_slopes": _plain(np.array(act.slopes, dtype=object)),
        f"{prefix}_value": _plain(np.array([act.value], dtype=object)),
        f"{prefix}_name": np.array(act.name),
    }


def write_npz(path: str | Path, arrays: dict[str, Any]) -> None:
    """Write arrays as npz; the file appears under its name only when it is whole.

    Raises:
        FileError: the place cannot be written to.
    """
    with written_aside(Path(path)) as aside, open(aside, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load(path: str | Path) -> Stored:
    """Read a network that `save` (or numpy.savez with the same keys) has written.

    Raises:
        FileError: the file is missing or not an npz, or a key is missing.
        NetworkError, SliceError, WindowError: what it holds is no network, slice or window.
        Every message names the file.
    """
    arrays = _read(Path(path))
    try:
        depth = _depth(arrays)
        _no_idle_keys(arrays, depth - 1)
        layers = [(_numbers(arrays, f"W{k}"), _numbers(arrays, f"b{k}")) for k in range(1, depth + 1)]
        activations = [_layer_activation(arrays, k) for k in range(1, depth)]
        network = Network(layers, activations, _maxima(arrays))
        return Stored(network, _slice(arrays), _window(arrays))
    except GeomtoyError as error:
        raise type(error)(f"{path}: {error}") from None


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        stored = np.load(path, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            raise FileError(f"{path} holds a bare array, not an npz; write one with geomtoy.save")
        with stored:
            arrays = {key: stored[key] for key in stored.files}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("a zip file, but not of arrays")
        return arrays
    except FileNotFoundError:
        raise FileError(f"{path} does not exist; give the path of an npz file") from None
    except FileError:
        raise
    except UNREADABLE:
        raise FileError(f"{path} is not a readable npz file; write one with geomtoy.save") from None


def _depth(arrays: dict[str, np.ndarray]) -> int:
    numbers = [int(key[1:]) for key in arrays if key[:1] in "Wb" and key[1:].isdecimal()]
    depth = max(numbers, default=1)
    for k in range(1, depth + 1):
        for key in (f"W{k}", f"b{k}"):
            if key not in arrays:
                raise FileError(f"the key {key} is missing; a network file holds W1, b1, W2, b2, ...")
    return depth


PARTS = ("breakpoints", "slopes", "value", "name")


def _no_idle_keys(arrays: dict[str, np.ndarray], hidden: int) -> None:
    """Nothing that is said of activations goes unread, lest a misspelt key mean ReLU."""
    read = set()
    for k in range(1, hidden + 1):
        kinds = arrays[f"act{k}_unit"].ravel().tolist() if f"act{k}_unit" in arrays else []
        prefixes = [f"act{k}_{kind}" for kind in set(kinds)] if kinds else [f"act{k}"]
        read |= {f"act{k}_unit"} | {f"{prefix}_{part}" for prefix in prefixes for part in PARTS}
    for key in arrays:
        if key.startswith("act") and key not in read:
            raise FileError(f"the key {key} says nothing about the {hidden} hidden layers; remove it")


def _layer_activation(arrays: dict[str, np.ndarray], k: int) -> PiecewiseLinear | list[PiecewiseLinear]:
    """One for all units, or one for each."""
    if f"act{k}_unit" not in arrays:
        return _activation(arrays, f"act{k}")
    kinds = arrays[f"act{k}_unit"].ravel().tolist()
    for kind in kinds:
        if f"act{k}_{kind}_name" not in arrays:
            raise NetworkError(f"the key act{k}_{kind}_name is missing; save the network again")
    known = {kind: _activation(arrays, f"act{k}_{kind}") for kind in set(kinds)}
    return [known[kind] for kind in kinds]


def _activation(arrays: dict[str, np.ndarray], prefix: str) -> PiecewiseLinear:
    """By breakpoints, slopes and value, or by a known name alone; ReLU where nothing is said."""
    parts = {part: f"{prefix}_{part}" for part in PARTS}
    present = [part for part, key in parts.items() if key in arrays]
    if present in ([], ["name"]):
        return activation(str(arrays[parts["name"]]) if present else "relu")
    if len(present) < len(parts):
        missing = next(key for key in parts.values() if key not in arrays)
        raise NetworkError(f"the key {missing} is missing; save the network again")
    breakpoints, slopes, value = (
        _numbers(arrays, parts[part]).ravel().tolist() for part in ("breakpoints", "slopes", "value")
    )
    if len(value) != 1:
        raise NetworkError(f"{parts['value']} holds {len(value)} numbers; give one")
    return PiecewiseLinear(breakpoints, slopes, value[0], str(arrays[parts["name"]]))


def _maxima(arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    matches, units = (arrays.get(key, np.empty(0, int)) for key in ("max_matches", "max_unit"))
    if not (matches.dtype.kind in "iu" and units.dtype.kind in "iu" and matches.sum() == units.size):
        raise NetworkError("max_unit does not hold as many units as max_matches; save the network again")
    return np.split(units, np.cumsum(matches))[:-1]


def _slice(arrays: dict[str, np.ndarray]) -> Slice | None:
    present = [name for name in ("origin", "u", "v") if name in arrays]
    if not present:
        return None
    if len(present) < 3:
        raise FileError(f"there is {' and '.join(present)} only; a slice needs origin, u and v")
    return Slice(*(_numbers(arrays, name).tolist() for name in ("origin", "u", "v")))


def _window(arrays: dict[str, np.ndarray]) -> np.ndarray | None:
    if "window" not in arrays:
        return None
    window = _numbers(arrays, "window")
    if window.dtype.kind in "iu":
        window = window.astype(object)
    check = interval if window.ndim == 1 else convex_window
    check(window.tolist())
    return window


def _plain(array: np.ndarray) -> np.ndarray:
    """Fractions as floats where that changes nothing, else as text; floats as they are."""
    if array.dtype != object:
        return array
    floats = array.astype(float)
    if all(Fraction(x) == y for x, y in zip(floats.ravel().tolist(), array.ravel(), strict=True)):
        return floats
    return np.vectorize(str, otypes=[str])(array)


def _numbers(arrays: dict[str, np.ndarray], key: str) -> np.ndarray:
    """Text as Fractions, anything else as it is."""
    array = arrays[key]
    if array.dtype.kind != "U":
        return array
    try:
        fractions: np.ndarray = np.vectorize(Fraction, otypes=[object])(array)
        return fractions
    except (ValueError, ZeroDivisionError):
        raise FileError(
            f"{key} holds text that is no fraction such as '1/3'; save the network again"
        ) from None
