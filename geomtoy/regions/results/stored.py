"""Results as named arrays and back, without loss: what a complex is made of, rationals as text, no code.

A complex keeps its network, its frame, its mesh, the cuts of each level and the sources of its lines;
everything else follows from these. What is read is checked for shapes and ids, so that nothing beyond
arrays is touched; whether it is the subdivision of its network is what `certify` decides.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from geomtoy.circles import CircleComplex
from geomtoy.circles.stored import circle_arrays, circle_complex
from geomtoy.errors import FileError
from geomtoy.files import RESULT, network_arrays, read_network
from geomtoy.network import Network
from geomtoy.npz_numbers import checked_array, numbers, plain, require_ids, stored_marks
from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.frame import Frame
from geomtoy.regions.lines import Lines
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.levels import Level, first_level
from geomtoy.regions.maps.rational import RationalMaps
from geomtoy.regions.numbers.predicates import SignTally
from geomtoy.regions.results.complex import CellComplex
from geomtoy.regions.results.level_sets import LevelPoint, LevelSet
from geomtoy.regions.results.pieces import Pieces
from geomtoy.regions.results.polylines import Polyline
from geomtoy.regions.topology.mesh import Mesh

Arrays = dict[str, np.ndarray]

NETWORK = "network_"
FRAME = ("origin", "u", "v", "centre", "scale", "corners")
MESH = Mesh._fields[:-1]

Result = CellComplex | CircleComplex | Pieces | LevelSet

OUTSIDE = np.iinfo(np.int64).min
"""Stands for None among signs and classes."""


def result_arrays(result: Result) -> Arrays:
    """A result under the keys that `result_of` reads."""
    kind = {RESULT: np.array(type(result).__name__)}
    match result:
        case LevelSet():
            return kind | _level_set_arrays(result)
        case CircleComplex():
            return kind | circle_arrays(result)
        case Pieces():
            return kind | _subdivision_arrays(result.complex.subdivision)
        case _:
            return kind | _subdivision_arrays(result.subdivision)


def result_of(arrays: Arrays) -> Result:
    """The result that arrays hold.

    Raises:
        FileError: something is missing or does not fit together.
        NetworkError: the network in it is none.
    """
    kind = str(arrays[RESULT])
    try:
        match kind:
            case "CellComplex":
                return CellComplex(_subdivision(arrays))
            case "CircleComplex":
                return circle_complex(arrays)
            case "Pieces":
                return Pieces(_subdivision(arrays))
            case "LevelSet":
                return _level_set(arrays)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"this {kind} does not hold together ({error}); save it again") from None
    raise FileError(f"{kind[:40]!r} is no result that is stored here; save it again")


# --- a subdivision ------------------------------------------------------------------------------------


def _subdivision_arrays(sub: Subdivision) -> Arrays:
    arrays = {NETWORK + key: array for key, array in network_arrays(sub.network).items()}
    for name in FRAME:
        arrays[f"frame_{name}"] = plain(np.array(getattr(sub.frame, name), dtype=object))
    if sub.frame.marks:
        arrays["frame_marks"] = plain(np.array(sub.frame.marks, dtype=object))
    arrays["frame_unbounded"] = np.array(sub.frame.unbounded)
    arrays |= {f"mesh_{name}": getattr(sub.mesh, name) for name in MESH}
    for k, level in enumerate(sub.levels[1:], start=1):
        arrays |= {f"level{k}_{name}": getattr(level, name) for name in Level._fields}
    arrays["line_row"], arrays["line_source"] = sub.lines.arrays()
    arrays["signs"] = np.array([sub.tally.decided, sub.tally.rational])
    return arrays


def _subdivision(arrays: Arrays) -> Subdivision:
    network = read_network(
        {key.removeprefix(NETWORK): array for key, array in arrays.items() if key.startswith(NETWORK)}
    ).network
    if not isinstance(network, Network):
        raise FileError("this complex is of a network behind a norm; save it again")
    frame = _frame(arrays, network.d_in)
    levels = [first_level()]
    for k in range(1, len(network.layers)):
        levels.append(_level(arrays, k, len(levels[-1].parent), len(cuts_of(network, k).unit)))
    mesh = _mesh(arrays, len(levels[-1].parent))
    maps = RationalMaps(network, frame, tuple(levels))
    lines = Lines.of(maps, frame, *_lines(arrays, network, levels))
    require_ids(mesh.lines, len(lines), "lines")
    require_ids(mesh.line, len(lines), "line")
    decided, rational = checked_array(arrays, "signs", "i", (2,)).tolist()
    return Subdivision(network, frame, mesh, tuple(levels), lines, SignTally(decided, rational))


def _frame(arrays: Arrays, d_in: int) -> Frame:
    parts = {name: numbers(arrays, f"frame_{name}") for name in FRAME}
    for name in ("origin", "u", "v"):
        if parts[name].shape != (d_in,):
            raise ValueError(f"frame_{name} has shape {parts[name].shape}")
    if parts["corners"].ndim != 2 or parts["corners"].shape[1] != 2 or len(parts["corners"]) < 3:
        raise ValueError("frame_corners are no corners")
    vectors = {name: tuple(map(Fraction, parts[name].ravel().tolist())) for name in FRAME}
    (scale,), centre = vectors["scale"], vectors["centre"]
    corners = tuple(zip(vectors["corners"][::2], vectors["corners"][1::2], strict=True))
    if scale <= 0 or len(centre) != 2:
        raise ValueError("the frame has no scale or centre")
    unbounded = bool(checked_array(arrays, "frame_unbounded", "b", ()))
    directions = vectors["origin"], vectors["u"], vectors["v"]
    marks = stored_marks(arrays, "frame_marks")
    return Frame(*directions, (centre[0], centre[1]), scale, corners, unbounded, marks)


def _level(arrays: Arrays, k: int, n_parents: int, n_cuts: int) -> Level:
    parent = checked_array(arrays, f"level{k}_parent", "i", (None,))
    bits = checked_array(arrays, f"level{k}_bits", "u", (len(parent), max(1, -(-n_cuts // 64))))
    tree = checked_array(arrays, f"level{k}_tree", "i", (len(parent),))
    require_ids(parent, n_parents, f"level{k}_parent")
    require_ids(tree, len(parent), f"level{k}_tree")
    if (tree > np.arange(len(tree))).any() or (np.diff(parent) < 0).any():
        raise ValueError(f"level{k} is not in order")
    if (parent[tree] != parent).any():
        raise ValueError(f"level{k}_tree joins cells of different parents")
    used = n_cuts - 64 * (bits.shape[1] - 1)
    if used < 64 and (bits[:, -1] >> np.uint64(used)).any():
        raise ValueError(f"level{k}_bits speak of cuts that are not there")
    return Level(parent, bits, tree)


def _mesh(arrays: Arrays, n_cells: int) -> Mesh:
    V, E, H = (len(arrays[f"mesh_{name}"]) for name in ("x", "tail", "half"))
    x, y, w, d = (checked_array(arrays, f"mesh_{name}", "f", (V,)) for name in "xywd")
    lines = checked_array(arrays, "mesh_lines", "i", (V, 2))
    tail, head, line, direction = (
        checked_array(arrays, f"mesh_{name}", "i", (E,))
        for name in ("tail", "head", "line", "direction")
    )
    start = checked_array(arrays, "mesh_start", "i", (n_cells + 1,))
    half = checked_array(arrays, "mesh_half", "i", (H,))
    require_ids(tail, V, "tail")
    require_ids(head, V, "head")
    require_ids(half, 2 * E, "half")
    if start[0] != 0 or start[-1] != H or (np.diff(start) < 3).any():
        raise ValueError("mesh_start does not divide the boundaries")
    return Mesh(x, y, w, d, lines, tail, head, line, direction, start, half)


def _lines(arrays: Arrays, network: Network, levels: list[Level]) -> tuple[np.ndarray, np.ndarray]:
    rows = checked_array(arrays, "line_row", "f", (None, 4))
    source = checked_array(arrays, "line_source", "i", (len(rows), 3))
    sides = source[:, 0] == 0
    require_ids(source[sides, 2], len(arrays["frame_corners"]), "line_source")
    require_ids(source[:, 0], len(network.layers), "line_source")
    for layer in range(1, len(network.layers)):
        own = source[source[:, 0] == layer]
        require_ids(own[:, 1], len(levels[layer - 1].parent), "line_source")
        require_ids(own[:, 2], len(cuts_of(network, layer).unit), "line_source")
    return rows, source


# --- a level set --------------------------------------------------------------------------------------


def _level_set_arrays(level_set: LevelSet) -> Arrays:
    arrays = {
        "flat": level_set.flat,
        "crossed": level_set.crossed,
        "n_components": np.array(level_set.n_components),
        "line_length": np.array([len(line.corners) for line in level_set.polylines], np.int64),
        "line_side": _sides(level_set.polylines),
        "point_side": _sides(level_set.points),
        "point_regions": np.array([len(point.regions) for point in level_set.points], np.int64),
        "point_region": np.array([k for p in level_set.points for k in p.regions], np.int64),
        "point_exact": plain(np.array([p.exact for p in level_set.points], dtype=object)),
    }
    if level_set.polylines:
        lines = level_set.polylines
        arrays["line_corner"] = np.concatenate([line.corners for line in lines])
        arrays["line_region"] = np.concatenate([line.regions for line in lines])
        arrays |= _subdivision_arrays(lines[0].complex.subdivision)
    return arrays


def _sides(parts: Any) -> np.ndarray:
    sides = [[OUTSIDE if x is None else x for x in (part.left, part.right)] for part in parts]
    return np.array(sides, np.int64).reshape(-1, 2)


def _level_set(arrays: Arrays) -> LevelSet:
    lengths = checked_array(arrays, "line_length", "i", (None,))
    lines = _polylines(arrays, lengths) if len(lengths) else []
    exact, regions = numbers(arrays, "point_exact"), checked_array(arrays, "point_regions", "i", (None,))
    ends = np.cumsum(regions)[:-1]
    groups = np.split(checked_array(arrays, "point_region", "i", (int(regions.sum()),)), ends)
    sides = checked_array(arrays, "point_side", "i", (len(regions), 2))
    points = [
        LevelPoint(tuple(map(Fraction, place)), tuple(group.tolist()), *map(_side, side))
        for place, group, side in zip(exact.tolist(), groups[: len(regions)], sides, strict=True)
    ]
    flat, crossed = (checked_array(arrays, name, "i", (None,)) for name in ("flat", "crossed"))
    return LevelSet(lines, points, flat, crossed, int(checked_array(arrays, "n_components", "i", ())))


def _polylines(arrays: Arrays, lengths: np.ndarray) -> list[Polyline]:
    complex = CellComplex(_subdivision(arrays))
    total, n = int(lengths.sum()), len(lengths)
    corner = checked_array(arrays, "line_corner", "i", (total,))
    require_ids(corner, complex.n_vertices, "line_corner")
    region = checked_array(arrays, "line_region", "i", (total - n, 2))
    sides = checked_array(arrays, "line_side", "i", (n, 2))
    if lengths.min() < 2:
        raise ValueError("line_length holds a line without segments")
    corners = np.split(corner, np.cumsum(lengths)[:-1])
    regions = np.split(region, np.cumsum(lengths - 1)[:-1])
    return [
        Polyline(complex, own, beside, *map(_side, side))
        for own, beside, side in zip(corners, regions, sides, strict=True)
    ]


def _side(side: Any) -> int | None:
    return None if side == OUTSIDE else int(side)
