"""Regions of soft blocks on planes: against counts, forward passes, grids, straight lines and rings."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from soft_blocks import KINDS, PLAIN, block, degenerate, place, signs, uniform_lines

import geomtoy
from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import Budget, arrange, build_faces
from geomtoy.errors import ProofError, SettingError, SliceError
from geomtoy.network import Network
from geomtoy.plots.quick import plot_curved
from geomtoy.slices import Slice
from geomtoy.views import count_regions_on_plane, enumerate_regions_on_plane
from geomtoy.views.curved_export import to_geojson
from geomtoy.views.plane import pose

SKEW = ((Fraction(-1, 2), -1), (1, Fraction(-1, 3)), (Fraction(1, 2), 1), (-1, Fraction(1, 3)))


def cells_of(one, seed, moving="query", **kwargs):
    plane, still = place(one, seed, moving)
    return enumerate_regions_on_plane(one, plane, tokens=still, moving=moving, **kwargs)


def check_structure(cells):
    """What holds of every subdivision of a window; nothing here looks at the block."""
    left, right = cells.edge_cells.T
    inner = cells.edge_layer == 1
    assert (left >= 0).all()
    assert ((right >= 0) == inner).all()
    patterns = cells.activation_patterns
    for edge in np.flatnonzero(inner):
        changed = np.flatnonzero(patterns[left[edge]] != patterns[right[edge]])
        assert [(1, unit) for unit in changed] == cells.switches(int(edge))
    holes = sum(cells.n_holes(k) for k in range(len(cells)))
    assert cells.n_vertices - cells.n_edges + len(cells) == 1 + holes == 1 + cells.count.islands
    gap = abs(cells.cell_areas.sum() - shapely.Polygon(cells.window).area)
    assert gap < 1e-12
    assert (cells.cell_areas > -cells.cell_area_errors).all()
    for k in range(len(cells)):
        outer, *inside = cells.boundary(k)
        area = shapely.Polygon(outer).area - sum(shapely.Polygon(hole).area for hole in inside)
        if area > 10 * cells.cell_area_errors[k]:  # polylines of thin cells may cross
            assert abs(area - cells.cell_areas[k]) <= cells.cell_area_errors[k]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moving", ["query", "context"])
def test_cells_are_as_many_as_counted_and_patterns_those_of_points(kind, moving):
    for seed in range(4):
        one = block(300 + seed, **KINDS[kind], m=14)
        plane, still = place(one, 300 + seed, moving)
        cells = cells_of(one, 300 + seed, moving)
        counted = count_regions_on_plane(one, plane, tokens=still, moving=moving)
        assert counted.certified
        assert len(cells) == counted.regions == cells.count.regions
        check_structure(cells)
        points = np.random.default_rng(seed).uniform(-1, 1, (60, 2))
        found = cells.locate(points)
        assert (found >= 0).mean() > 0.9
        on = signs(one, plane, still, points)
        assert (cells.activation_patterns[found] == on)[found >= 0].all()


@pytest.mark.parametrize(("kind", "window"), [("plain", SKEW), ("layer norm", SKEW), ("sharp", None)])
def test_areas_and_places_are_those_of_a_fine_grid(kind, window):
    """Cells, not only patterns: connected parts of the grid's patterns must not meet two cells."""
    one = block(55, **KINDS[kind], m=12)
    plane, still = place(one, 55, "query")
    window = window or geomtoy.UNIT_SQUARE
    cells = cells_of(one, 55, window=window, tolerance=2e-4)
    check_structure(cells)
    n = 200
    a, b, _, d = np.array(window, float)
    step = (np.arange(n) + 0.5) / n
    s, t = np.meshgrid(step, step, indexing="ij")
    points = a + s.reshape(-1, 1) * (b - a) + t.reshape(-1, 1) * (d - a)
    on = signs(one, plane, still, points)
    _, kind_of = np.unique(on, axis=0, return_inverse=True)
    whole = shapely.Polygon(cells.window).area
    by_grid = np.bincount(kind_of.ravel()) * whole / n**2
    patterns = [tuple(row) for row in cells.activation_patterns]
    for k, row in enumerate(np.unique(on, axis=0)):
        mine = [c for c, pattern in enumerate(patterns) if pattern == tuple(row.astype(int))]
        lengths = sum(np.hypot(*np.diff(line, axis=0).T).sum()
                      for c in mine for line in cells.boundary(c))  # fmt: skip
        slack = cells.cell_area_errors[mine].sum() + 0.5 * np.sqrt(whole) / n * (lengths + 0.1)
        assert abs(cells.cell_areas[mine].sum() - by_grid[k]) <= slack


@pytest.mark.parametrize("seed", range(3))
def test_uniform_attention_has_the_cells_of_straight_lines(seed):
    one = block(seed, m=16, sharp=0.0)
    plane, still = place(one, seed, "query")
    straight = geomtoy.enumerate_regions(uniform_lines(one, plane, still))
    curved = cells_of(one, seed)
    check_structure(curved)
    of_pattern = {tuple(row): k for k, row in enumerate(curved.activation_patterns.tolist())}
    to = np.array([of_pattern[tuple(row)] for row in straight.activation_patterns.tolist()])
    assert sorted(to) == list(range(len(curved)))
    assert (
        np.abs(curved.cell_areas[to] - straight.cell_areas) <= curved.cell_area_errors[to] + 1e-12
    ).all()
    for k in range(len(straight)):
        assert set(to[straight.neighbours(k)]) == set(curved.neighbours(to[k]))
    points = np.random.default_rng(seed).uniform(-1, 1, (50, 2))
    assert (curved.locate(points) == to[straight.locate(points)]).all()


integers = st.integers(-3, 3)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(integers, integers, integers), min_size=1, max_size=5))
def test_small_lines_agree_with_the_exact_enumerator(rows):
    """Lines of small integers, moved off each other's crossings: cells of a plane without attention."""
    W = np.array([row[:2] for row in rows], float)
    b = np.array([row[2] for row in rows], float) + np.sqrt(np.arange(2, 2 + len(rows))) / 7
    network = Network([(W, b), (np.ones((1, len(W))), [0.0])])
    exact = geomtoy.enumerate_regions(network)
    cells = enumerate_regions_on_plane(degenerate(W, b), PLAIN)
    assert len(cells) == len(exact)
    mine = sorted(zip(cells.activation_patterns.tolist(), cells.cell_areas, strict=True))
    for (p, area), (q, other) in zip(
        mine, sorted(zip(exact.activation_patterns.tolist(), exact.cell_areas, strict=True)), strict=True
    ):
        assert p == q
        assert abs(area - other) < 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_polylines_are_as_near_as_asked(kind):
    for seed, tolerance in ((11, 1e-4), (12, 1e-4), (12, 2e-8)):
        cells = cells_of(block(seed, **KINDS[kind]), seed, tolerance=tolerance)
        assert 0 < cells.border_error.max() <= 1.2 * tolerance


def test_polylines_are_as_near_as_they_say():
    """Newton's method from points of polylines, also between corners, reaches the border that near."""
    one = block(11, **KINDS["sharp"])
    plane, still = place(one, 11, "query")

    def z(points, unit):
        x = np.concatenate(
            [np.broadcast_to(still, (len(points), *still.shape)), plane.embed(points)[:, None]], axis=1
        )
        return one.mlp.preactivations(one.mlp_input(x))[0][:, unit]

    for tolerance in (1e-2, 1e-4):
        cells = cells_of(one, 11, tolerance=tolerance)
        assert cells.border_error.max() < 1.2 * tolerance
        worst = 0.0
        for edge in np.flatnonzero(cells.edge_layer == 1):
            line, unit = cells.arc(edge), int(cells.edge_unit[edge])
            share = np.linspace(0, 1, 4)[:, None]
            start = p = np.concatenate([a + share * (b - a) for a, b in pairwise(line)])
            for _ in range(4):
                h = 1e-6
                differences = [z(p + e, unit) - z(p - e, unit) for e in h * np.eye(2)]
                g = np.column_stack(differences) / (2 * h)
                p = p - z(p, unit)[:, None] * g / (g**2).sum(axis=1)[:, None]
            away = np.hypot(*(p - start).T).max()
            assert away <= cells.border_error[edge] + 1e-7
            worst = max(worst, away)
        assert worst > cells.border_error.max() / 100  # the bound is not idle


def test_twins_and_units_that_are_never_on_have_their_bits():
    one = degenerate([[1, 2], [-2, -4], [0.5, 1], [0, 0], [0, 0]], [0.25, -0.5, 0.125, 0, 3])
    cells = enumerate_regions_on_plane(one, PLAIN)
    assert sorted(cells.activation_patterns.tolist()) == [[0, 1, 0, 0, 1], [1, 0, 1, 0, 1]]
    assert cells.switches(0) == [(1, 0), (1, 1), (1, 2)]
    alone = enumerate_regions_on_plane(degenerate([[0, 0]], [0]), PLAIN)
    assert (alone.cell_areas.tolist(), alone.activation_patterns.tolist()) == ([4.0], [[0]])


# Loops inside loops


def rings(*levels):
    """A block whose unit k is on where g(s) + g(t) > levels[k], or < -levels[k] where that is negative.

    The query (s, t, 0, 0) and tokens (0, 0, +-2, 1): head 1 scores s times the third coordinate and
    averages the fourth, which is g(s) = 2 cosh(2 s) / (2 cosh(2 s) + 1), even and growing with |s|;
    head 2 does so with t. Borders are closed, around one another.
    """
    e = np.eye(4)[:, :, None]
    W_O = np.zeros((2, 1, 4))
    W_O[:, 0, 0] = 1.0
    W = np.zeros((len(levels), 4))
    W[:, 0] = np.sign(levels)
    mlp = Network([(W, -np.array(levels, float)), (np.ones((1, len(levels))), [0.0])])
    return BlockArrays(
        np.zeros((3, 2)), e[:2], np.stack([e[2], e[2]]), np.stack([e[3], e[3]]), W_O, mlp, residual=False
    )


MIDDLE = Slice((0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0))

FAR = np.array([[0, 0, 2.0, 1.0], [0, 0, -2.0, 1.0]])


def levels_of(*radii):
    """g(r) + g(0)."""
    g = [2 * np.cosh(2 * r) / (2 * np.cosh(2 * r) + 1) for r in (*radii, 0.0)]
    return np.array(g[:-1]) + g[-1]


def test_rings_nest():
    levels = levels_of(0.2, 0.5, 0.8)
    one = rings(levels[0], -levels[1], levels[2], -levels[1])
    cells = enumerate_regions_on_plane(one, MIDDLE, tokens=FAR)
    check_structure(cells)
    assert len(cells) == 4
    assert cells.count.loops == cells.count.islands == 3
    assert sorted(cells.n_holes(k) for k in range(4)) == [0, 1, 1, 1]
    at = cells.locate([[0.01, 0.02], [0.3, 0.1], [0.1, -0.65], [0.95, 0.9]])
    assert sorted(at) == [0, 1, 2, 3]
    assert [cells.n_holes(k) for k in at] == [0, 1, 1, 1]
    for inner, outer in pairwise(at):
        assert outer in cells.neighbours(inner)
    assert [len(cells.switches(e)) for e in np.flatnonzero(cells.edge_layer)].count(2) == 1


def test_one_pattern_in_two_cells_is_told_apart():
    """g(s) alone grows both ways from s = 0, so both ends of the window have the same pattern."""
    one = rings(levels_of(0.4)[0])
    one = BlockArrays(
        one.frequencies, one.W_Q[:1], one.W_K[:1], one.W_V[:1], one.W_O[:1],
        Network([(one.mlp.layers[0][0], one.mlp.layers[0][1] + levels_of(0.0) / 2),
                 (np.ones((1, 1)), [0.0])]),
        residual=False,
    )  # fmt: skip
    for window in (geomtoy.UNIT_SQUARE, SKEW):
        cells = enumerate_regions_on_plane(one, MIDDLE, tokens=FAR, window=window)
        check_structure(cells)
        assert sorted(cells.activation_patterns[:, 0]) == [0, 1, 1]
        points = np.array([[-0.6, 0.1], [0.0, 0.0], [0.6, -0.2], [0.65, 0.1]])
        left, middle, right, again = cells.locate(points)
        assert sorted({left, middle, right}) == [0, 1, 2]
        assert again == right


def test_rings_are_drawn_with_their_holes(tmp_path):
    levels = levels_of(0.2, 0.5)
    cells = enumerate_regions_on_plane(rings(*levels), MIDDLE, tokens=FAR)
    plot_curved(cells, tmp_path / "rings.png")
    assert (tmp_path / "rings.png").stat().st_size > 5000
    features = to_geojson(cells)["features"]
    assert sorted(len(one["geometry"]["coordinates"]) for one in features) == [1, 2, 2]


# What is refused


@pytest.mark.parametrize(("W", "b"), [([[1, 1]], [2]), ([[1, 0.5], [0.25, 1], [1, -0.5]], [0, 0, 0])])
def test_what_is_not_proven_is_not_handed_out(W, b):
    with pytest.raises(ProofError, match="count_regions_on_plane"):
        enumerate_regions_on_plane(degenerate(W, b), PLAIN, max_patches=2000)


def test_bad_questions_are_refused():
    one = block(0)
    with pytest.raises(SettingError, match="tolerance"):
        cells_of(one, 0, tolerance=0)
    with pytest.raises(SettingError, match="in this window give a length of at least"):
        cells_of(one, 0, tolerance=1e-12)
    with pytest.raises(SliceError, match="points"):
        cells_of(one, 0).locate([0.0, 1.0])
    assert (cells_of(one, 0).locate([[1.5, 0], [0, -2]]) == -1).all()


def test_a_broken_order_of_crossings_is_noticed():
    """The checks are seen to fail: with the turn of one crossing wrong the faces contradict."""
    one = block(0)
    plane, still = place(one, 0, "query")
    series = pose(one, plane, still, "query", geomtoy.UNIT_SQUARE, 1000).series
    budget = Budget()
    found = arrange(series, budget)
    build_faces(series, found, budget, 1e-2)
    found.crossings["turn"][0] *= -1
    with pytest.raises(AssertionError):
        build_faces(series, found, budget, 1e-2)
