"""Networks and blocks as npz files, with where to look at them."""

from __future__ import annotations

import re
import reprlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from geomtoy.activations import NAMED, PiecewiseLinear, activation
from geomtoy.block_arrays import BlockArrays
from geomtoy.block_files import StoredBlock, block_arrays, is_block, read_block
from geomtoy.errors import FileError, GeomtoyError, NetworkError
from geomtoy.network import Network
from geomtoy.normed import Norm, NormedNetwork
from geomtoy.npz import read_npz, write_npz
from geomtoy.npz_numbers import numbers, plain, slice_arrays, stored_slice, stored_window
from geomtoy.slices import Slice, convex_window, interval

LONGEST_NAME = 100

RESULT = "geomtoy_result"
"""The key that says which result a file holds, instead of a network; see `regions.results.stored`."""


@dataclass(frozen=True, eq=False)
class Stored:
    """What a network file holds; `slice` and `window` are None where the file names none."""

    network: Network | NormedNetwork
    slice: Slice | None = None
    window: np.ndarray | None = None


@overload
def save(
    path: str | Path, model: Network | NormedNetwork, *, slice: Slice | None = None, window: Any = None
) -> None: ...


@overload
def save(
    path: str | Path,
    model: BlockArrays,
    *,
    plane: Slice | None = None,
    tokens: Any = None,
    moving: str = "query",
    window: Any = None,
) -> None: ...


def save(path: str | Path, model: Network | NormedNetwork | BlockArrays, **where: Any) -> None:
    """Write a network as npz: W1, b1, W2, ..., and optionally window (n, 2), origin, u, v.

    Or a transformer block, with the plane, tokens and window that `views.count_regions_on_plane` and the
    command line look at; see `geomtoy.block_files`.

    Fractions are written as text ("1/3"), so the file holds exactly the network. Activations other
    than ReLU are written as act1_breakpoints, act1_slopes, act1_value, act1_name, ...; where units of a
    layer differ, act1_unit holds each unit's kind k, and its numbers are act1_k_breakpoints, ... Maxima
    are max_matches, how many each takes, and max_unit, who plays them. A norm before the first layer is
    norm_gain, norm_bias, norm_epsilon and norm_centred, the affine map before it norm_W and norm_b. The
    file appears under its name only when it is whole. For a 1D input, the window is (low, high).

    Args:
        slice: of a network; plane, tokens, moving: of a block.
        window: of either.
    Raises:
        WindowError: the window is not convex or has no area.
        SliceError: tokens or plane do not fit the block, or slice or plane is no plane.
        FileError: the place cannot be written to.
    """
    if isinstance(model, BlockArrays):
        write_npz(path, block_arrays(model, **where))
    else:
        write_npz(path, network_arrays(model, **where))


def network_arrays(
    network: Network | NormedNetwork, slice: Slice | None = None, window: Any = None
) -> dict[str, np.ndarray]:
    """A network, and where to look at it, under the keys of `save`."""
    arrays: dict[str, np.ndarray] = {}
    if isinstance(network, NormedNetwork):
        arrays |= _norm_arrays(network)
        network = network.after
    for k, (W, b) in enumerate(network.layers, start=1):
        arrays[f"W{k}"], arrays[f"b{k}"] = plain(W), plain(b)
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
        arrays |= slice_arrays(slice)
    if window is not None:
        check = interval if np.ndim(window) == 1 else convex_window
        arrays["window"] = plain(np.array(check(window), dtype=object))
    return arrays


def _norm_arrays(network: NormedNetwork) -> dict[str, np.ndarray]:
    norm = network.norm
    arrays = {
        "norm_gain": plain(norm.gain),
        "norm_bias": plain(norm.bias),
        "norm_epsilon": plain(np.array([norm.epsilon], dtype=object)),
        "norm_centred": np.array(norm.centred),
    }
    if network.before is not None:
        arrays |= dict(zip(("norm_W", "norm_b"), map(plain, network.before), strict=True))
    return arrays


def _activation_arrays(prefix: str, act: PiecewiseLinear) -> dict[str, np.ndarray]:
    return {
        f"{prefix}_breakpoints": plain(np.array(act.breakpoints, dtype=object)),
        f"{prefix}_slopes": plain(np.array(act.slopes, dtype=object)),
        f"{prefix}_value": plain(np.array([act.value], dtype=object)),
        f"{prefix}_name": np.array(act.name),
    }


def load(path: str | Path) -> Stored:
    """Read a network that `save` (or numpy.savez with the same keys) has written.

    Raises:
        FileError: the file is missing or not an npz, a key is missing, or it holds a block.
        NetworkError, SliceError, WindowError: what it holds is no network, slice or window.
        Every message names the file.
    """
    stored = load_any(path)
    if isinstance(stored, StoredBlock):
        raise FileError(f"{path} holds a transformer block and no network; read it with load_block")
    return stored


def load_block(path: str | Path) -> StoredBlock:
    """Read a transformer block that `save` or `BlockArrays.save` has written.

    Raises:
        FileError: the file is missing, is no npz, or holds no block.
        NetworkError, SliceError, WindowError: its parts do not fit together.
    """
    stored = load_any(path)
    if isinstance(stored, Stored):
        raise FileError(f"{path} holds a network and no transformer block; read it with load")
    return stored


def load_any(path: str | Path) -> Stored | StoredBlock:
    """Read what `save` has written, a network or a block; raises as `load` does."""
    return any_of(read_npz(Path(path)), path)


def any_of(arrays: dict[str, np.ndarray], path: str | Path) -> Stored | StoredBlock:
    """The network or block that arrays hold; errors name where they come from."""
    if RESULT in arrays:
        kind = str(arrays[RESULT])[:LONGEST_NAME]
        raise FileError(f"{path} holds a {kind} and no network; save the network itself")
    try:
        return read_block(arrays) if is_block(arrays) else read_network(arrays)
    except GeomtoyError as error:
        raise type(error)(f"{path}: {error}") from None


def read_network(arrays: dict[str, np.ndarray]) -> Stored:
    """What `network_arrays` gave.

    Raises:
        FileError, NetworkError, SliceError, WindowError: they hold no network, or more than that.
    """
    depth = _depth(arrays)
    _no_idle_keys(arrays, depth)
    layers = [(numbers(arrays, f"W{k}"), numbers(arrays, f"b{k}")) for k in range(1, depth + 1)]
    activations = [_layer_activation(arrays, k) for k in range(1, depth)]
    network = _behind_norm(arrays, Network(layers, activations, _maxima(arrays)))
    return Stored(network, stored_slice(arrays), stored_window(arrays))


def _depth(arrays: dict[str, np.ndarray]) -> int:
    """Number of layers; W1, b1, W2, ... are there without a gap."""
    layers = [int(key[1:]) for key in arrays if re.fullmatch(r"[Wb][1-9][0-9]{0,8}", key)]
    for k in range(1, max(layers, default=1) + 1):
        for key in (f"W{k}", f"b{k}"):
            if key not in arrays:
                counted = ", counted from 1 and not from 0" if "W0" in arrays or "b0" in arrays else ""
                raise FileError(
                    f"the key {key} is missing; a network file holds W1, b1, W2, b2, ...{counted}"
                )
    return max(layers)


PARTS = ("breakpoints", "slopes", "value", "name")


def _no_idle_keys(arrays: dict[str, np.ndarray], depth: int) -> None:
    """Nothing in a file goes unread, lest a misspelt key mean ReLU, or a layer be lost."""
    read = {"max_matches", "max_unit", "origin", "u", "v", "marks", "window", *NORM}
    for k in range(1, depth + 1):
        read |= {f"W{k}", f"b{k}"}
    for k in range(1, depth):
        kinds = _kinds(arrays, k) if f"act{k}_unit" in arrays else []
        prefixes = [f"act{k}_{kind}" for kind in set(kinds)] if kinds else [f"act{k}"]
        read |= {f"act{k}_unit"} | {f"{prefix}_{part}" for prefix in prefixes for part in PARTS}
    for key in arrays:
        if key in read:
            continue
        shown = reprlib.repr(key)[1:-1]
        if key.startswith("act"):
            raise FileError(
                f"the key {shown} says nothing about the {depth - 1} hidden layers; remove it"
            )
        if key in ("W0", "b0"):
            raise FileError(f"the key {key} is not a network's: count its layers from 1 and not from 0")
        raise FileError(
            f"the key {shown} is not a network's, which are W1, b1, W2, ..., act1_name, ..., "
            "max_matches, max_unit, window, origin, u and v; rename or remove it"
        )


def _kinds(arrays: dict[str, np.ndarray], k: int) -> list[int]:
    """Kind of each unit of a hidden layer."""
    kinds = arrays[f"act{k}_unit"]
    if kinds.ndim != 1 or kinds.dtype.kind not in "iu":
        raise NetworkError(f"act{k}_unit is not a list of integers; save the network again")
    found: list[int] = kinds.tolist()
    return found


def _layer_activation(arrays: dict[str, np.ndarray], k: int) -> PiecewiseLinear | list[PiecewiseLinear]:
    """One for all units, or one for each."""
    if f"act{k}_unit" not in arrays:
        return _activation(arrays, f"act{k}")
    kinds = _kinds(arrays, k)
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
        return activation(_name(arrays, parts["name"]) if present else "relu")
    if len(present) < len(parts):
        missing = next(key for key in parts.values() if key not in arrays)
        raise NetworkError(f"the key {missing} is missing; save the network again")
    breakpoints, slopes, value = (
        numbers(arrays, parts[part]).ravel().tolist() for part in ("breakpoints", "slopes", "value")
    )
    if len(value) != 1:
        raise NetworkError(f"{parts['value']} holds {len(value)} numbers; give one")
    return PiecewiseLinear(breakpoints, slopes, value[0], _name(arrays, parts["name"]))


def _name(arrays: dict[str, np.ndarray], key: str) -> str:
    name = arrays[key]
    if name.ndim or name.dtype.kind != "U" or len(str(name)) > LONGEST_NAME:
        raise NetworkError(
            f"{key} is not a name of at most {LONGEST_NAME} letters; save the network again"
        )
    return str(name)


def _maxima(arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    matches, units = (arrays.get(key, np.empty(0, int)) for key in ("max_matches", "max_unit"))
    if not (
        matches.ndim == units.ndim == 1
        and matches.dtype.kind in "iu"
        and units.dtype.kind in "iu"
        and min(matches.tolist(), default=1) > 0
        and sum(matches.tolist()) == units.size
    ):
        raise NetworkError("max_unit does not hold as many units as max_matches; save the network again")
    return np.split(units, np.cumsum(matches))[:-1]


NORM = ("norm_gain", "norm_bias", "norm_epsilon", "norm_centred", "norm_W", "norm_b")


def _behind_norm(arrays: dict[str, np.ndarray], network: Network) -> Network | NormedNetwork:
    """The network itself, or behind the norm that the file holds."""
    present = [key for key in NORM if key in arrays]
    if not present:
        return network
    needed = NORM if "norm_W" in present or "norm_b" in present else NORM[:4]
    for key in needed:
        if key not in arrays:
            raise FileError(f"the key {key} is missing; a norm is {', '.join(needed)}")
    epsilon, centred = numbers(arrays, "norm_epsilon").ravel().tolist(), arrays["norm_centred"]
    if len(epsilon) != 1 or centred.ndim or centred.dtype.kind != "b":
        raise FileError("norm_epsilon is not one number or norm_centred not a bool; save it again")
    gain, bias = (numbers(arrays, key) for key in ("norm_gain", "norm_bias"))
    before = (numbers(arrays, "norm_W"), numbers(arrays, "norm_b")) if len(needed) > 4 else None
    return NormedNetwork(before, Norm(gain, bias, epsilon[0], bool(centred)), network)
