"""Networks as npz files, with where to look at them."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from geomtoy.activations import NAMED, PiecewiseLinear
from geomtoy.errors import FileError, GeomtoyError, NetworkError
from geomtoy.network import Network
from geomtoy.slices import Slice


@dataclass(frozen=True, eq=False)
class Stored:
    """What a network file holds; `slice` and `window` are None where the file names none."""

    network: Network
    slice: Slice | None = None
    window: np.ndarray | None = None


def save(path: str | Path, network: Network, *, slice: Slice | None = None, window: Any = None) -> None:
    """Write a network as npz: W1, b1, W2, ..., and optionally window (n, 2), origin, u, v.

    Fractions are written as text ("1/3"), so the file holds exactly the network. Activations other
    than ReLU are written as act1_breakpoints, act1_slopes, act1_value, act1_name, ... The file appears
    under its name only when it is whole.
    """
    arrays: dict[str, np.ndarray] = {}
    for k, (W, b) in enumerate(network.layers, start=1):
        arrays[f"W{k}"], arrays[f"b{k}"] = _plain(W), _plain(b)
    for k, act in enumerate(network.activations, start=1):
        if act != NAMED["relu"]:
            arrays[f"act{k}_breakpoints"] = _plain(np.array(act.breakpoints, dtype=object))
            arrays[f"act{k}_slopes"] = _plain(np.array(act.slopes, dtype=object))
            arrays[f"act{k}_value"] = _plain(np.array([act.value], dtype=object))
            arrays[f"act{k}_name"] = np.array(act.name)
    if slice is not None:
        for name in ("origin", "u", "v"):
            arrays[name] = _plain(np.array(getattr(slice, name), dtype=object))
    if window is not None:
        arrays["window"] = _plain(
            np.array([[Fraction(z) for z in point] for point in window], dtype=object)
        )
    write_npz(path, arrays)


def write_npz(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays under another name first and rename when whole.

    Raises:
        FileError: the folder cannot be written to.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}.npz")
    try:
        np.savez(aside, allow_pickle=False, **arrays)
        aside.replace(path)
    except OSError as error:
        raise FileError(
            f"cannot write {path}: {error.strerror or error}; choose another place"
        ) from None
    finally:
        aside.unlink(missing_ok=True)


def load(path: str | Path) -> Stored:
    """Read a network that `save` (or numpy.savez with the same keys) has written.

    Raises:
        FileError: the file is missing or not an npz, or a key is missing.
        NetworkError, SliceError: what it holds makes no network; the message names the file.
    """
    arrays = _read(Path(path))
    try:
        depth = _depth(path, arrays)
        layers = [(_numbers(arrays[f"W{k}"]), _numbers(arrays[f"b{k}"])) for k in range(1, depth + 1)]
        network = Network(layers, [_activation(arrays, k) for k in range(1, depth)])
        plane = _slice(path, arrays)
    except FileError:
        raise
    except GeomtoyError as error:
        raise type(error)(f"{path}: {error}") from None
    window = _numbers(arrays["window"]) if "window" in arrays else None
    return Stored(network, plane, window)


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            if isinstance(stored, np.ndarray):
                raise FileError(f"{path} holds a bare array, not an npz; save it with geomtoy.save")
            return {key: stored[key] for key in stored.files}
    except FileNotFoundError:
        raise FileError(f"{path} does not exist; give the path of an npz file") from None
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path} is not a readable npz file; write one with geomtoy.save") from None


def _depth(path: str | Path, arrays: dict[str, np.ndarray]) -> int:
    numbers = [int(key[1:]) for key in arrays if key[:1] in "Wb" and key[1:].isdecimal()]
    depth = max(numbers, default=1)
    for k in range(1, depth + 1):
        for key in (f"W{k}", f"b{k}"):
            if key not in arrays:
                raise FileError(f"{path} lacks the key {key}; a network file holds W1, b1, W2, b2, ...")
    return depth


def _activation(arrays: dict[str, np.ndarray], k: int) -> PiecewiseLinear:
    if f"act{k}_slopes" not in arrays:
        return NAMED["relu"]
    try:
        breakpoints, slopes, value = (
            _numbers(arrays[f"act{k}_{part}"]).tolist() for part in ("breakpoints", "slopes", "value")
        )
        return PiecewiseLinear(tuple(breakpoints), tuple(slopes), value[0], str(arrays[f"act{k}_name"]))
    except KeyError as error:
        raise NetworkError(
            f"activation {k} lacks the key {error.args[0]}; save the network again"
        ) from None


def _slice(path: str | Path, arrays: dict[str, np.ndarray]) -> Slice | None:
    present = [name for name in ("origin", "u", "v") if name in arrays]
    if not present:
        return None
    if len(present) < 3:
        raise FileError(f"{path} has {' and '.join(present)} only; a slice needs origin, u and v")
    return Slice(*(tuple(_numbers(arrays[name]).tolist()) for name in ("origin", "u", "v")))


def _plain(array: np.ndarray) -> np.ndarray:
    """Fractions as floats where that changes nothing, else as text; floats as they are."""
    if array.dtype != object:
        return array
    floats = array.astype(float)
    if all(Fraction(x) == y for x, y in zip(floats.ravel().tolist(), array.ravel(), strict=True)):
        return floats
    return np.vectorize(str, otypes=[str])(array)


def _numbers(array: np.ndarray) -> np.ndarray:
    """Text as Fractions, anything else as it is."""
    if array.dtype.kind != "U":
        return array
    try:
        return np.frompyfunc(Fraction, 1, 1)(array.astype(object))
    except (ValueError, ZeroDivisionError):
        raise NetworkError("an entry is not a fraction such as '1/3'; save the network again") from None
