"""The certificate: it accepts what the enumerator makes, and each check rejects what breaks it alone."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpz, fmpz_mat
from hypothesis import given, settings
from strategies import activations, networks, relu_networks, slices, windows
from zoo import ZOO, random_net

from geomtoy import CellComplex, Network, Segment, enumerate_regions
from geomtoy.regions.certify import Certificate
from geomtoy.regions.maps.rational import Affine
from geomtoy.regions.numbers.exact import meet, place_on

CHECKS = ["boundaries", "euler", "incidence", "convexity", "areas", "patterns", "maps", "continuity"]


def assert_certified(net, **where):
    certificate = enumerate_regions(net, **where).certify()
    assert certificate.valid, str(certificate)
    assert list(certificate.checks) == CHECKS


# What the enumerator makes is accepted


@pytest.mark.parametrize("name", ZOO)
def test_every_animal_of_the_zoo_is_certified(name):
    animal = ZOO[name]()
    assert_certified(animal.network, window=animal.window, slice=animal.slice)


@settings(max_examples=30)
@given(relu_networks, windows)
def test_networks_of_small_rationals_are_certified(net, window):
    assert_certified(net, window=window)


@settings(max_examples=20)
@given(networks(2, 3, 3, 2, act=activations))
def test_other_activations_are_certified(net):
    assert_certified(net)


@settings(max_examples=10)
@given(networks(3, 4, 4, 1), slices(3))
def test_whole_slices_are_certified(net, plane):
    assert_certified(net, slice=plane, window=None)


@pytest.mark.parametrize("widths", [(2, 12, 8, 1), (2, 5, 5, 5, 5, 3), (2, 1, 1), (2, 1)])
def test_gaussian_networks_are_certified(widths):
    net = random_net(*widths, seed=1)
    assert_certified(net)
    assert_certified(net, window=None)


@pytest.mark.parametrize("window", [(-1, 1), (Fraction(-7, 3), 100), None])
def test_pieces_of_a_line_are_certified(window):
    assert_certified(random_net(1, 6, 6, 1, seed=2), window=window)
    assert_certified(random_net(2, 6, 6, 1, seed=2), window=window, slice=Segment((0, 1), (2, -1)))


def test_a_valid_certificate_lists_its_checks():
    certificate = good().certify()
    assert certificate.valid
    assert str(certificate) == f"certified: {', '.join(CHECKS)}"


def test_a_certificate_with_failures_says_which_and_why():
    certificate = Certificate({"euler": None, "areas": "they gape", "maps": "cell 3 is off"})
    assert not certificate.valid
    assert str(certificate) == "areas fails: they gape; maps fails: cell 3 is off"


# Each check rejects a complex in which it alone is broken


def good():
    """The second-layer line x = y ends where its unit becomes 0; the fourth unit reaches no output."""
    first = ([[1, 0], [0, 1]], [0, 0])
    second = ([[1, -1], [1, 2]], [0, -1])
    return enumerate_regions(Network([first, second, ([[1, 0]], [3])]))


def with_mesh(cells, **arrays):
    return CellComplex(replace(cells.subdivision, mesh=cells.subdivision.mesh._replace(**arrays)))


def with_maps(cells, stored, **changes):
    """A complex whose output maps are what a test says."""
    sub = replace(cells.subdivision, **changes)
    vars(sub)["output_maps"] = stored
    return CellComplex(sub)


def failures(cells):
    return {name: why for name, why in cells.certify().checks.items() if why}


def sole_failure(cells, name):
    """The sentence about the one check that fails; no other check may, and all must have run."""
    checks = cells.certify().checks
    assert list(checks) == CHECKS
    assert [check for check, why in checks.items() if why] == [name]
    return checks[name]


def test_boundaries_whose_edges_are_in_a_wrong_order():
    cells = good()
    half = cells.subdivision.mesh.half.copy()
    at = cells.cell_start[2]
    half[[at, at + 1]] = half[[at + 1, at]]
    found = failures(with_mesh(cells, half=half))
    assert list(found) == ["boundaries"]
    assert found["boundaries"].endswith("does not join the corners of cell 2 that it should")


def test_boundaries_that_come_to_a_corner_twice():
    cells = good()
    half = cells.subdivision.mesh.half.copy()
    at = cells.cell_start[1]
    half[at + 1] = half[at]
    assert failures(with_mesh(cells, half=half)) == {"boundaries": "cell 1 is not a simple polygon"}


def test_boundaries_of_a_cell_with_two_corners():
    """There and back along one more edge: V - E + F stays 1."""
    cells = good()
    mesh, E = cells.subdivision.mesh, cells.n_edges
    start = np.append(mesh.start, mesh.start[-1] + 2)
    broken = with_mesh(
        cells, **one_more_edge(mesh), start=start, half=np.append(mesh.half, [2 * E, 2 * E + 1])
    )
    assert failures(broken) == {"boundaries": f"cell {len(cells)} is not a simple polygon"}


def test_boundaries_with_an_edge_that_another_cell_claims():
    cells = good()
    mesh = cells.subdivision.mesh
    twice = mesh.half[mesh.start[0] : mesh.start[1]]
    start = np.append(mesh.start, mesh.start[-1] + len(twice))
    found = failures(with_mesh(cells, start=start, half=np.append(mesh.half, twice)))
    edge = twice[0] >> 1
    assert found["boundaries"] == f"edge {edge} does not join the corners of cell 0 that it should"


def test_broken_boundaries_stop_the_geometric_checks():
    cells = good()
    broken = with_mesh(cells, half=np.roll(cells.subdivision.mesh.half, 1))
    assert list(broken.certify().checks) == ["boundaries", "euler"]


def test_euler_with_an_edge_too_many():
    cells = good()
    broken = with_mesh(cells, **one_more_edge(cells.subdivision.mesh))
    assert sole_failure(broken, "euler") == "V - E + F is 0, not 1"


def one_more_edge(mesh):
    """The first edge once more."""
    arrays = ("tail", "head", "line", "direction")
    return {name: np.append(getattr(mesh, name), getattr(mesh, name)[0]) for name in arrays}


@pytest.mark.parametrize("edge", [0, 5, -1])
def test_incidence_of_an_edge_with_the_line_of_another(edge):
    cells = good()
    line = cells.subdivision.mesh.line.copy()
    line[edge] = line.max() if line[edge] != line.max() else 0
    why = sole_failure(with_mesh(cells, line=line), "incidence")
    assert why in [
        f"vertex {v} is not on the line of edge {edge % len(line)}" for v in cells.edges[edge]
    ]


def test_convexity_with_a_corner_in_the_middle_of_a_side():
    cells = enumerate_regions(random_net(2, 4, 3, 1, seed=3))
    edge, line = next(crossings_inside_edges(cells))
    why = sole_failure(with_vertex_on_edge(cells, edge, line), "convexity")
    assert any(f"cell {k} does not turn left at its corner" in why for k in cells.edge_cells[edge])


def crossings_inside_edges(cells):
    """Pairs (edge, line) in which the line, if drawn through all cells, crosses the edge."""
    mesh, lines = cells.subdivision.mesh, cells.subdivision.lines
    for edge, ends in enumerate(cells.edges.tolist()):
        base = lines.exact(int(mesh.line[edge]))
        low, high = sorted(place_on(base, lines.meet(*mesh.lines[v].tolist())) for v in ends)
        for line in range(int(mesh.line.max()) + 1):
            other = lines.exact(line)
            crosses = base.a * other.b != base.b * other.a
            if crosses and low < place_on(base, meet(base, other)) < high:
                yield edge, line


def with_vertex_on_edge(cells, edge, line):
    """Cut an edge in two where a line would cross it, though no unit switches there."""
    mesh, (V, E) = cells.subdivision.mesh, (cells.n_vertices, cells.n_edges)
    head = np.append(mesh.head, mesh.head[edge])
    head[edge] = V
    lists = []
    for k in range(len(cells)):
        half = mesh.half[mesh.start[k] : mesh.start[k + 1]].tolist()
        pieces = {2 * edge: [2 * edge, 2 * E], 2 * edge + 1: [2 * E + 1, 2 * edge + 1]}
        lists.append([piece for h in half for piece in pieces.get(h, [h])])
    lines = np.vstack([mesh.lines, [mesh.line[edge], line]])
    return with_mesh(
        cells, **{name: np.append(getattr(mesh, name), 1.0) for name in ("x", "y", "w", "d")},
        lines=lines, tail=np.append(mesh.tail, V), head=head,
        line=np.append(mesh.line, mesh.line[edge]), direction=np.append(mesh.direction, 1),
        start=np.cumsum([0, *map(len, lists)]), half=np.concatenate(lists),
    )  # fmt: skip


def test_areas_that_do_not_fill_the_window():
    cells = good()
    frame = cells.subdivision.frame
    wider = replace(frame, corners=tuple((2 * x, y) for x, y in frame.corners))
    why = sole_failure(CellComplex(replace(cells.subdivision, frame=wider)), "areas")
    assert why == "the cells cover 8 / 2 and the window 16 / 2, frame units"


@pytest.mark.parametrize("cell", [0, 3])
def test_patterns_that_record_a_switched_unit(cell):
    cells = good()
    cells.subdivision.levels[2].bits[cell] ^= np.uint64(2)  # the unit that reaches no output
    why = sole_failure(CellComplex(cells.subdivision), "patterns")
    assert why == f"cell {cell} has another activation pattern at its centre"


def test_patterns_that_two_cells_share():
    why = sole_failure(with_needless_cut(good()), "patterns")
    assert why == "two cells have the same activation pattern"


def with_needless_cut(cells):
    """Cut the quadrant where x = y is no border along x = y all the same."""
    mesh, sub = cells.subdivision.mesh, cells.subdivision
    line = int(mesh.line[edge_between(cells, (0, 0), (1, 1))])
    cell, E, F = cells.locate([(-0.5, -0.6)])[0], cells.n_edges, len(cells)
    half = mesh.half[mesh.start[cell] : mesh.start[cell + 1]]
    around = cells.corners(cell)
    begin, end = (np.flatnonzero(around == vertex_at(cells, p))[0] for p in ((0, 0), (-1, -1)))
    half = np.roll(half, -begin)
    one, other = np.split(half, [(end - begin) % len(half)])
    lists = [mesh.half[mesh.start[k] : mesh.start[k + 1]] for k in range(F)]
    lists[cell] = [*one, 2 * E + 1]
    lists.append([*other, 2 * E])
    levels = (*sub.levels[:2], with_cell_twice(sub.levels[2], cell))
    sub.lines.maps._levels[2] = levels[2]
    maps = sub.output_maps
    stored = maps._replace(rows=maps.rows[[*range(F), cell]], segment=maps.segment[[*range(F), cell]])
    mesh = mesh._replace(
        tail=np.append(mesh.tail, around[begin]), head=np.append(mesh.head, around[end]),
        line=np.append(mesh.line, line), direction=np.append(mesh.direction, 1),
        start=np.cumsum([0, *map(len, lists)]), half=np.concatenate(lists),
    )  # fmt: skip
    return with_maps(cells, stored, mesh=mesh, levels=levels)


def with_cell_twice(level, cell):
    return level._replace(
        parent=np.append(level.parent, level.parent[cell]),
        bits=np.concatenate([level.bits, level.bits[[cell]]]),
        tree=np.append(level.tree, level.tree[cell]),
    )


def vertex_at(cells, point):
    return int(np.flatnonzero((cells.vertices == point).all(axis=1))[0])


def edge_between(cells, p, q):
    """The edge that leaves p along the ray to q."""
    v = vertex_at(cells, p)
    for edge in np.flatnonzero((cells.edges == v).any(axis=1)):
        other = cells.vertices[cells.edges[edge].sum() - v]
        if other[0] * q[1] == other[1] * q[0] and other @ q > 0:
            return edge
    raise LookupError(f"no edge from {p} to {q}")


def test_maps_that_are_not_the_networks():
    """One constant added on all cells: continuous, but another function."""
    cells = good()
    change_exact_maps(cells, range(len(cells)), lambda centre: (0, 0, 1))
    why = sole_failure(cells, "maps")
    assert why == "cell 0's map does not give the network's value at its centre"


def change_exact_maps(cells, which, change):
    """Add an affine function (a, b, c) to the exact output map of some cells."""
    maps = cells.subdivision.lines.maps
    original = maps.affine

    def affine(layer, cell):
        rows, scale = original(layer, cell)
        if layer == len(cells.network.layers) and cell in which:
            extra = [Fraction(z) for z in change(exact_centre(cells, cell))]
            q = int(np.lcm.reduce([z.denominator for z in extra]))
            more = fmpz_mat(1, 3, [fmpz(int(z * q)) * scale for z in extra])
            return Affine(rows * fmpz(q) + more, scale * q)
        return Affine(rows, scale)

    maps.affine = affine


def exact_centre(cells, cell):
    corners = [cells.exact_vertex(v) for v in cells.corners(cell)]
    return tuple(sum(p[k] for p in corners) / len(corners) for k in (0, 1))


@pytest.mark.parametrize("coefficient", [0, 1, 2])
def test_maps_whose_floats_are_further_off_than_their_bounds(coefficient):
    cells = enumerate_regions(random_net(2, 4, 3, 1, seed=3))
    stored = cells.subdivision.output_maps
    rows = stored.rows.copy()
    rows[4, coefficient, 0] += 3 * stored.error[stored.segment[4], 0] + 1e-15
    why = sole_failure(with_maps(cells, stored._replace(rows=rows)), "maps")
    assert why == "cell 4's float map is further from the exact one than its bound"


def test_maps_whose_bounds_are_too_small():
    cells = enumerate_regions(random_net(2, 8, 8, 1, seed=3))
    stored = cells.subdivision.output_maps
    tight = stored._replace(error=stored.error * 2.0**-12)
    assert "further from the exact one" in sole_failure(with_maps(cells, tight), "maps")


def test_continuity_of_maps_that_are_right_at_the_centres_only():
    """One cell's map is turned about its centre, and the floats claim nothing."""
    cells = good()
    stored = cells.subdivision.output_maps
    cells = with_maps(cells, stored._replace(error=np.full_like(stored.error, np.inf)))
    change_exact_maps(cells, [2], lambda centre: (1, 2, -centre[0] - 2 * centre[1]))
    why = sole_failure(cells, "continuity")
    assert "2" in why.split("disagree")[0]
    assert "disagree at vertex" in why
