"""The certificate: it accepts what the enumerator makes, and each check rejects what breaks it alone."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from builders import random_net
from hypothesis import given, settings
from planted_errors import cut_corners, flipped_signs
from strategies import activations, networks, relu_networks, slices, windows
from zoo import ZOO

from geomtoy import CellComplex, Network, Segment, enumerate_regions
from geomtoy.certify import Certificate, certify

CHECKS = [
    "structure", "boundaries", "sides", "euler", "window", "convexity", "patterns", "sources",
    "linear_regions", "vertices", "maps",
]  # fmt: skip


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


# Each check rejects a record in which it alone is broken


def good():
    """The second-layer line x = y ends where its unit becomes 0; the fourth unit reaches no output."""
    first = ([[1, 0], [0, 1]], [0, 0])
    second = ([[1, -1], [1, 2]], [0, -1])
    return enumerate_regions(Network([first, second, ([[1, 0]], [3])]))


def gaussian():
    return enumerate_regions(random_net(2, 4, 3, 1, seed=3))


def sole_failure(record, name, last=False):
    """The sentence about the one check that fails; no other check may, and all must have run, unless
    the others rest on it."""
    checks = certify(record).checks
    assert list(checks) == CHECKS[: CHECKS.index(name) + 1] if last else CHECKS
    assert [check for check, why in checks.items() if why] == [name]
    return checks[name]


def changed(array, at, value):
    copy = array.copy()
    copy[at] = value
    return copy


@pytest.mark.parametrize("name", ["edges", "cell_corners", "cell_edges", "edge_cells"])
def test_structure_with_a_number_out_of_range(name):
    record = good().record()
    at = (0,) * getattr(record, name).ndim
    broken = replace(record, **{name: changed(getattr(record, name), at, 99)})
    assert sole_failure(broken, "structure", last=True).startswith(f"{name} holds a number")


@pytest.mark.parametrize("name", ["patterns", "linear_region", "A_omega", "vertex_error"])
def test_structure_with_a_row_too_few(name):
    record = good().record()
    why = sole_failure(replace(record, **{name: getattr(record, name)[1:]}), "structure", last=True)
    assert why.startswith(f"{name} has shape")


def test_structure_with_a_piece_that_the_unit_does_not_have():
    record = good().record()
    broken = replace(record, patterns=changed(record.patterns, (1, 2), 2))
    assert sole_failure(broken, "structure", last=True) == (
        "cell 1 has a pattern that its units do not have"
    )


def test_boundaries_whose_edges_are_in_a_wrong_order():
    record = good().record()
    at = record.cell_start[2]
    edges = record.cell_edges.copy()
    edges[[at, at + 1]] = edges[[at + 1, at]]
    why = sole_failure(replace(record, cell_edges=edges), "boundaries", last=True)
    assert why.endswith("does not join the corners of cell 2 that it should")


def test_boundaries_that_come_to_a_corner_twice():
    record = good().record()
    at = record.cell_start[1]
    corners = changed(record.cell_corners, at + 1, record.cell_corners[at])
    why = sole_failure(replace(record, cell_corners=corners), "boundaries", last=True)
    assert why == "cell 1 is not a simple polygon"


def test_boundaries_of_an_edge_that_forgets_a_cell():
    record = good().record()
    edge = record.inner_edges[0]
    cells = changed(record.edge_cells, (edge, 1), -1)
    assert f"edge {edge} " in sole_failure(replace(record, edge_cells=cells), "boundaries", last=True)


def test_sides_that_are_exchanged():
    record = good().record()
    edge = record.inner_edges[2]
    cells = changed(record.edge_cells, edge, record.edge_cells[edge, ::-1])
    assert f"other side of edge {edge}" in sole_failure(replace(record, edge_cells=cells), "sides")


@pytest.mark.parametrize("inner", [True, False])
def test_sides_of_an_edge_with_the_wrong_direction(inner):
    record = good().record()
    edge = next(e for e in range(len(record.edges)) if (record.edge_cells[e] >= 0).all() == inner)
    directions = changed(record.edge_direction, edge, -record.edge_direction[edge])
    why = sole_failure(replace(record, edge_direction=directions), "sides")
    assert why.startswith(f"edge {edge} ")


def test_euler_with_a_vertex_that_is_no_corner():
    record = good().record()
    names = ("vertices", "vertex_error", "at_infinity", "frame_vertices", "frame_error")
    more = {name: np.concatenate([getattr(record, name), getattr(record, name)[:1]]) for name in names}
    assert sole_failure(replace(record, **more), "euler") == "V - E + F is 2, not 1"


def test_window_with_an_edge_on_another_side():
    record = good().record()
    edge = np.flatnonzero(record.edge_source[:, 0] == 0)[0]
    source = changed(record.edge_source, (edge, 1), (record.edge_source[edge, 1] + 2) % 4)
    why = sole_failure(replace(record, edge_source=source), "window", last=True)
    assert "leave out a side" in why


def test_window_with_a_finite_vertex_at_infinity():
    record = good().record()
    broken = replace(record, at_infinity=changed(record.at_infinity, 3, True))
    assert sole_failure(broken, "window") == "vertex 3 is not at infinity"


def test_window_that_vertices_lie_outside_of():
    record = good().record()
    window = ((Fraction(1, 4), -1), (1, -1), (1, 1), (Fraction(1, 4), 1))
    assert "lies outside" in certify(replace(record, window=window)).checks["window"]


def test_convexity_with_a_vertex_in_the_middle_of_an_edge():
    record = gaussian().record()
    why = sole_failure(with_vertex_on_edge(record, record.inner_edges[0]), "convexity")
    assert why == f"no cell turns at its corner {record.n_vertices}"


def with_vertex_on_edge(record, edge):
    """Cut an edge in two where nothing meets it."""
    V, E = record.n_vertices, len(record.edges)
    tail, head = record.edges[edge].tolist()
    edges = np.vstack([record.edges, [V, head]])
    edges[edge] = tail, V
    corners, around = [], []
    for k in range(record.n_cells):
        part = slice(record.cell_start[k], record.cell_start[k + 1])
        more = [
            [(v, e)] if e != edge else [(v, edge), (V, E)] if v == tail else [(v, E), (V, edge)]
            for v, e in zip(record.cell_corners[part], record.cell_edges[part], strict=True)
        ]
        corners.append([v for pair in more for v, _ in pair])
        around.append([e for pair in more for _, e in pair])
    rows = {
        name: np.concatenate([getattr(record, name), getattr(record, name)[[edge]]])
        for name in ("edge_cells", "edge_source", "edge_direction")
    }
    names = ("vertices", "vertex_error", "at_infinity", "frame_vertices", "frame_error")
    rows |= {n: np.concatenate([getattr(record, n), getattr(record, n)[:1]]) for n in names}
    return replace(
        record, edges=edges, cell_start=np.cumsum([0, *map(len, corners)]),
        cell_corners=np.concatenate(corners), cell_edges=np.concatenate(around), **rows,
    )  # fmt: skip


@pytest.mark.parametrize("cell", [0, 3])
def test_patterns_that_record_a_switched_unit(cell):
    """The unit reaches no output, and is recorded as switched in all cells where it does not cut."""
    record = good().record()
    flipped = 1 - record.patterns[cell, 3]
    why = sole_failure(
        replace(record, patterns=changed(record.patterns, (cell, 3), flipped)), "patterns"
    )
    assert "layer 2" in why or "same activation pattern" in why


def test_patterns_of_a_cell_that_another_line_cuts():
    """A corner of the window beyond a line, with no cell of its own."""
    one, other = (Network([([[1, 1]], [c]), ([[1]], [0])]) for c in (-3, -1.5))
    record = enumerate_regions(one).record()
    assert certify(record).valid
    why = sole_failure(replace(record, network=other), "patterns")
    assert why == "unit 0 of layer 1 is not on the piece of cell 0 at its vertex 2"


def test_patterns_of_a_unit_that_is_zero_on_a_whole_cell():
    """It is off there; every corner is on the closed piece on the right as well."""
    net = Network([([[1, 0], [0, 0]], [0, 0]), ([[1, 1]], [0])])
    record = enumerate_regions(net).record()
    why = sole_failure(replace(record, patterns=record.patterns + np.array([[0, 1]])), "patterns")
    assert why == "unit 1 of layer 1 never passes its breakpoint on cell 0"


def test_patterns_that_two_neighbours_share():
    record = good().record()
    one, other = record.edge_cells[record.inner_edges[0]]
    patterns = changed(record.patterns, other, record.patterns[one])
    found = certify(replace(record, patterns=patterns)).checks
    assert found["patterns"] == f"cells {one} and {other} have the same activation pattern"


def test_sources_that_name_another_unit():
    record = gaussian().record()
    edge = next(e for e in record.inner_edges if record.edge_source[e, 0] == 2)
    layer, unit = record.edge_source[edge]
    for wrong in ([layer, (unit + 1) % 3], [1, 0], [3, 0], [2, 7]):
        why = sole_failure(
            replace(record, edge_source=changed(record.edge_source, edge, wrong)), "sources"
        )
        assert why.startswith(f"edge {edge} names")


@pytest.mark.parametrize("cell", [0, 4])
def test_linear_regions_with_a_cell_too_many_or_too_few(cell):
    record = good().record()
    for label in (record.linear_region.max() + 1, (record.linear_region[cell] + 1) % 3):
        labels = changed(record.linear_region, cell, label)
        assert "linear region" in sole_failure(replace(record, linear_region=labels), "linear_regions")


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("where", "bound"), [("vertices", "vertex_error"), ("frame_vertices", "frame_error")]
)
def test_vertices_that_are_further_off_than_their_bounds(where, bound, axis):
    record = gaussian().record()
    points, error = getattr(record, where).copy(), getattr(record, bound)
    v = int(np.argmax(error))
    points[v, axis] += 3 * error[v] + 1e-15
    assert f"vertex {v} " in sole_failure(replace(record, **{where: points}), "vertices")


@pytest.mark.parametrize(
    ("name", "bound"),
    [("A_omega", "A_error"), ("b_omega", "b_error"), ("frame_maps", "frame_map_error")],
)
def test_maps_whose_floats_are_further_off_than_their_bounds(name, bound):
    record = enumerate_regions(random_net(2, 4, 3, 1, seed=3), window=((1, 1), (4, 1), (3, 5))).record()
    for at in np.ndindex(getattr(record, name)[1].shape):
        array = getattr(record, name).copy()
        array[(1, *at)] += 3 * getattr(record, bound)[1, 0] + 1e-13
        why = sole_failure(replace(record, **{name: array}), "maps")
        assert "cell 1" in why
        assert "further from the exact one" in why


def test_maps_whose_bounds_are_too_small():
    record = enumerate_regions(random_net(2, 8, 8, 1, seed=3)).record()
    tight = replace(record, frame_map_error=record.frame_map_error * 2.0**-12)
    assert "further from the exact one" in sole_failure(tight, "maps")


def test_what_is_no_complex_gets_a_certificate_that_says_so():
    cells = good()
    mesh = cells.subdivision.mesh
    broken = replace(cells.subdivision, mesh=mesh._replace(half=mesh.half + 100))
    certificate = CellComplex(broken).certify()
    assert not certificate.valid
    assert list(certificate.checks) == ["record"]


# Planted errors: the whole suites are `python tests/planted_errors.py`


def test_every_corner_cut_that_is_missing_is_found():
    found = cut_corners(30)
    assert len(found) == 30
    assert all(found)


def test_every_flipped_sign_that_changes_the_complex_is_found():
    found = flipped_signs(60)
    assert sum(trial == "found" for trial in found) > 10
    assert "missed" not in found
