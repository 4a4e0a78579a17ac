"""A complex behind a norm as named arrays and back, without loss.

The sphere follows from the network and its slice, values on faces from the levels.
What is read is checked for shapes and ids, so that nothing beyond arrays is touched; whether it is the
subdivision of its network is what `certify` decides.
"""

from __future__ import annotations

import numpy as np

from geomtoy.circles.complex import CircleComplex
from geomtoy.circles.enumerate import Subdivision
from geomtoy.circles.maps import Level, Maps
from geomtoy.circles.mesh import Circles, Mesh, Points, Tally
from geomtoy.circles.sphere import Sphere, make_sphere
from geomtoy.errors import FileError
from geomtoy.files import network_arrays, read_network
from geomtoy.normed import NormedNetwork
from geomtoy.npz_numbers import checked_array, require_ids

Arrays = dict[str, np.ndarray]

NETWORK = "network_"
EDGES = ("circle", "tail", "head", "left", "right")
CIRCLES = ("layer", "face", "cut")


def circle_arrays(complex: CircleComplex) -> Arrays:
    """All that a complex cannot compute again."""
    sub = complex.subdivision
    mesh, circles, sphere = sub.mesh, sub.circles, sub.sphere
    place = network_arrays(sphere.network, sphere.slice, sphere.corners)
    arrays = {NETWORK + key: array for key, array in place.items()}
    for k, level in enumerate(sub.levels[1:], start=1):
        arrays |= {f"level{k}_parent": level.parent, f"level{k}_packed": level.packed}
    arrays |= {f"circle_{name}": getattr(circles, name) for name in ("rows", *CIRCLES)}
    arrays |= {f"point_{name}": getattr(mesh.points, name) for name in ("where", "circles", "branch")}
    arrays |= {f"edge_{name}": getattr(mesh, name) for name in EDGES}
    arrays |= {"leaving": mesh.leaving, "first_leaving": mesh.first_leaving}
    arrays["signs"] = np.array([sub.tally.decided, sub.tally.rational])
    return arrays


def circle_complex(arrays: Arrays) -> CircleComplex:
    """What `circle_arrays` wrote.

    Raises:
        FileError, KeyError, ValueError: something is missing or does not fit together.
    """
    stored = read_network(
        {key.removeprefix(NETWORK): array for key, array in arrays.items() if key.startswith(NETWORK)}
    )
    if not isinstance(stored.network, NormedNetwork):
        raise FileError("this complex is of a network without a norm; save it again")
    window = None if stored.window is None else stored.window.tolist()
    maps = _maps(arrays, make_sphere(stored.network, stored.slice, window))
    circles = _circles(arrays, maps)
    mesh = _mesh(arrays, len(maps.levels[-1].parent), len(circles.rows))
    values = maps.first_maps()
    for layer, level in enumerate(maps.levels[1:], start=1):
        values = maps.next_maps(layer, values, level)
    decided, rational = checked_array(arrays, "signs", "i", (2,)).tolist()
    return CircleComplex(Subdivision(maps.sphere, mesh, maps, circles, Tally(decided, rational), values))


def _maps(arrays: Arrays, sphere: Sphere) -> Maps:
    maps = Maps(sphere, [Level(np.full(1, -1), np.zeros((1, 0), np.uint8))])
    for k, cuts in enumerate(maps.cuts, start=1):
        parent = checked_array(arrays, f"level{k}_parent", "i", (None,))
        require_ids(parent, len(maps.levels[-1].parent), f"level{k}_parent")
        packed = checked_array(arrays, f"level{k}_packed", "u", (len(parent), -(-len(cuts) // 8)), 1)
        maps.levels.append(Level(parent, packed))
    return maps


def _circles(arrays: Arrays, maps: Maps) -> Circles:
    sphere = maps.sphere
    circles = Circles(sphere.geometry, sphere.sides, maps.circle)
    rows = checked_array(arrays, "circle_rows", "f", (None, circles.rows.shape[1]))
    layer, face, cut = (checked_array(arrays, f"circle_{name}", "i", (len(rows),)) for name in CIRCLES)
    require_ids(layer, len(maps.levels), "circle_layer")
    require_ids(cut[layer == 0], len(sphere.sides), "circle_cut")
    for k, cuts in enumerate(maps.cuts, start=1):
        require_ids(face[layer == k], len(maps.levels[k - 1].parent), "circle_face")
        require_ids(cut[layer == k], len(cuts), "circle_cut")
    circles.rows, circles.layer, circles.face, circles.cut = rows, layer, face, cut
    return circles


def _mesh(arrays: Arrays, n_faces: int, n_circles: int) -> Mesh:
    where = checked_array(arrays, "point_where", "f", (None, 4))
    n = len(where)
    through = checked_array(arrays, "point_circles", "i", (n, 2))
    branch = checked_array(arrays, "point_branch", "i", (n,))
    require_ids(through, n_circles, "point_circles")
    circle, tail, head, left, right = (
        checked_array(arrays, f"edge_{name}", "i", (len(arrays["edge_circle"]),)) for name in EDGES
    )
    require_ids(circle, n_circles, "edge_circle")
    require_ids(np.concatenate([tail, head]) + 1, n + 1, "edge_tail or edge_head")
    if ((tail < 0) != (head < 0)).any():
        raise ValueError("edge_head has an end where edge_tail has none")
    require_ids(np.concatenate([left, right]) + 1, n_faces + 1, "edge_left or edge_right")
    leaving = checked_array(arrays, "leaving", "i", (None,))
    first = checked_array(arrays, "first_leaving", "i", (n + 1,))
    require_ids(leaving, 2 * len(circle), "leaving")
    if first[0] != 0 or first[-1] != len(leaving) or (np.diff(first) < 0).any():
        raise ValueError("first_leaving does not divide the half-edges")
    points = Points(where, through, branch)
    return Mesh(points, circle, tail, head, left, right, n_faces, leaving, first)
