"""Regions behind a norm: against a sweep in 240 digits, against lines, and where circles are special."""

from __future__ import annotations

import doctest
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import circles_oracle
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geomtoy import (
    UNIT_SQUARE,
    Network,
    Segment,
    Slice,
    compile_layers,
    count_regions,
    enumerate_regions,
)
from geomtoy import circles as circle_room
from geomtoy.circles import curves
from geomtoy.circles.loops import find_loops
from geomtoy.circles.sphere import DegenerateSliceError
from geomtoy.errors import BudgetError, GeomtoyError, NetworkError
from geomtoy.layers import Affine, LayerNorm, Residual, RMSNorm
from geomtoy.normed import Norm, NormedNetwork

TRIANGLE = ((-1, -1), (2, Fraction(-1, 3)), (0, 1.5))


def circles(*rows, epsilon=1, act="relu", deeper=()):
    """A network of (s, t, w) on the plane w = 0 with sigma = sqrt((s^2 + t^2) / 3 + epsilon).

    A row (a, b, c) is the unit a s + b t + c sigma, all divided by sigma.
    """
    W = np.array([[a, b, 0] for a, b, _ in rows], float)
    b = np.array([c for *_, c in rows], float)
    last = (np.ones((1, len(deeper[-1][0]) if deeper else len(rows))), np.zeros(1))
    norm = Norm(np.ones(3), np.zeros(3), Fraction(epsilon), centred=False)
    return NormedNetwork(None, norm, Network([(W, b), *deeper, last], act))


FLAT = Slice((0, 0, 0), (1, 0, 0), (0, 1, 0))


def both(network, window=UNIT_SQUARE, slice=FLAT):
    """The count, after seeing that counting, building, certifying and joining agree."""
    found = enumerate_regions(network, slice=slice, window=window)
    counted = count_regions(network, slice=slice, window=window, linear=False)
    assert counted.regions == len(found)
    assert found.certify().valid, str(found.certify())
    return len(found)


integers = st.integers(-2, 2)


@st.composite
def small_networks(draw):
    def array(*shape):
        size = int(np.prod(shape))
        return np.array(draw(st.lists(integers, min_size=size, max_size=size)), float).reshape(shape)

    d, n = draw(st.integers(3, 4)), draw(st.integers(2, 5))
    layers, width = [(array(n, d), array(n))], n
    if draw(st.booleans()):
        layers.append((array(3, n), array(3)))
        width = 3
    epsilon = draw(st.sampled_from([Fraction(1), Fraction(1, 4), Fraction(1, 3)]))
    norm = Norm(np.ones(d), array(d), epsilon, draw(st.booleans()))
    act = draw(st.sampled_from(["relu", "relu", "abs", "hard_tanh"]))
    plane = (array(d), (1, 0, *array(d - 2)), (Fraction(1, 2), 1, *array(d - 2)))
    return NormedNetwork(None, norm, Network([*layers, (np.ones((1, width)), [0.0])], act)), Slice(
        *plane
    )


def _seen(network, plane):
    """Whether the norm sees the plane in two directions."""
    try:
        count_regions(network, slice=plane, linear=False)
    except DegenerateSliceError:
        return False
    return True


@settings(max_examples=8, deadline=None)
@given(small_networks(), st.sampled_from([UNIT_SQUARE, TRIANGLE]))
def test_small_integers_agree_with_the_sweep(drawn, window):
    network, plane = drawn
    assume(_seen(network, plane))
    assert both(network, window, plane) == circles_oracle.regions(network, plane, window)


SPECIAL = {
    "a circle inside": (circles((0, 0, 1), (2, 1, -1)), None),
    "concentric": (circles((3, 1, -1), (3, 1, -1.25), (3, 1, 1)), 4),
    "twins": (circles((3, 1, -1), (6, 2, -2), (-3, -1, 1)), 2),
    "through a corner": (circles((2, 2, 0), (1, -1, 0)), 4),
    "along a side": (circles((1, 0, 0), (0, 1, 0)), 4),
    "constant units": (circles((0, 0, 1), (0, 0, -1), (0, 0, 0)), 1),
    "straight lines through one point": (circles((1, 0, 0), (0, 1, 0), (1, 1, 0), (1, -2, 0)), 8),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_positions_agree_with_the_sweep(name):
    network, expected = SPECIAL[name]
    found = both(network)
    assert found == circles_oracle.regions(network, FLAT, UNIT_SQUARE)
    assert expected in (None, found)


LIFTED = Slice((0, 0, 1, 1), (1, 0, 0, 0), (0, 1, 0, 0))
HOLES = {  # first layer, activation, second layer, and the regions
    "a disc": ([[0, 0, 0, -3]], [4], "relu", [[2]], [-1], 3),
    "a disc, and circles on both sides": ([[0, 0, 0, 3]], [-4], "abs", [[3], [8]], [-1, -1], 5),
    "a disc, and two circles around it": (
        [[0, 0, 0, -3]], [4], "relu", [[2], [3], [2]], [-1, -1, -1], 4,
    ),
    "two discs that cross": (
        [[0.25, 0, 0, -3], [-0.25, 0, 0, -3]], [4, 4], "relu", [[1, 1]], [-0.75], 5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLES)
def test_a_circle_around_a_hole_of_a_face_is_seen(name):
    """Its disc holds the hole, which is no part of the face."""
    W, b, act, W2, b2, expected = HOLES[name]
    norm = Norm(np.ones(4), np.zeros(4), Fraction(0), centred=False)
    network = NormedNetwork(None, norm, Network([(W, b), (W2, b2), (np.ones((1, len(W2))), [0])], act))
    for window in (UNIT_SQUARE, ((-1, -1), (3, -1), (-1, 3))):
        assert both(network, window, LIFTED) == circles_oracle.regions(network, LIFTED, window)
    assert both(network, UNIT_SQUARE, LIFTED) == expected


@pytest.mark.parametrize("act", ["relu", "abs"])
def test_a_circle_of_radius_0_cuts_nothing(act):
    """1 - 1 / sigma is 0 in the middle of the plane alone; deeper circles lie around that point."""
    norm = Norm(np.ones(4), np.zeros(4), Fraction(1, 2), centred=False)
    for levels in ((), (1 / 16,), (1 / 16, 1 / 8)):
        deeper = [(np.ones((len(levels), 1)), -np.array(levels))] if levels else []
        last = (np.ones((1, max(len(levels), 1))), [0])
        network = NormedNetwork(None, norm, Network([([[0, 0, 0, -1]], [1]), *deeper, last], act))
        for window in (UNIT_SQUARE, TRIANGLE):
            expected = circles_oracle.regions(network, LIFTED, window)
            assert both(network, window, LIFTED) == expected >= 1 + len(levels)


def test_the_certificate_misses_a_circle_around_a_hole(monkeypatch):
    def only_in_the_first_layer(subject, signs, met):
        return find_loops(subject, signs, met) & (subject.layer == 1)

    monkeypatch.setattr(curves, "find_loops", only_in_the_first_layer)
    norm = Norm(np.ones(4), np.zeros(4), Fraction(0), centred=False)
    layers = [([[0, 0, 0, -3]], [4]), ([[2]], [-1]), ([[1]], [0])]
    found = enumerate_regions(NormedNetwork(None, norm, Network(layers)), slice=LIFTED)
    assert len(found) == 2
    assert "does not vanish" in str(found.certify())


def test_touching_circles_have_one_common_point():
    # On the unit sphere with epsilon = 1/3, n . omega = 3/5 and 4/5 about normals whose angles add up.
    network = circles((15, 0, -9), (0, 20, -16), epsilon=Fraction(1, 3))
    window = [(-9, -9), (9, -9), (9, 9), (-9, 9)]
    assert both(network, window) == circles_oracle.regions(network, FLAT, window)
    plane = both(network, None)
    assert plane >= both(network, window) - 1


def test_biases_that_cancel_make_straight_lines():
    rng = np.random.default_rng(0)
    W, last = rng.integers(-3, 4, (6, 4)).astype(float), (np.ones((1, 6)), np.zeros(1))
    plane = Slice(rng.integers(-3, 4, 4), (1, 0, 2, 1), (0, 1, -1, 3))
    norm = Norm(np.ones(4), np.zeros(4), Fraction(1, 7))
    bent = NormedNetwork(None, norm, Network([(W, np.zeros(6)), last]))
    centred = W - W.mean(axis=1, keepdims=True)
    straight = Network([(centred, np.zeros(6)), last])
    for window in (UNIT_SQUARE, TRIANGLE):
        assert both(bent, window, plane) == count_regions(straight, slice=plane, window=window).regions


def random_network(seed, n=9, d=5, deeper=(6,), **norm):
    rng = np.random.default_rng(seed)
    widths = [d, n, *deeper]
    layers = [(rng.normal(size=(o, i)), rng.normal(size=o)) for i, o in pairwise(widths)]
    layers.append((rng.normal(size=(2, widths[-1])), rng.normal(size=2)))
    norm = {
        "gain": 1 + 0.1 * rng.normal(size=d),
        "bias": 0.1 * rng.normal(size=d),
        "epsilon": 1e-5,
    } | norm
    plane = Slice(*rng.normal(size=(3, d)))
    return NormedNetwork(None, Norm(**norm), Network(layers)), plane


@pytest.mark.parametrize("seed", range(3))
def test_places_have_the_patterns_of_their_cells(seed):
    network, plane = random_network(seed, centred=seed != 1, epsilon=0 if seed == 2 else 1e-5)
    cells = enumerate_regions(network, slice=plane)
    points = np.random.default_rng(seed).uniform(-1, 1, (100, 2))
    on = np.concatenate(network.preactivations(plane.embed(points)), axis=1) > 0
    found = cells.locate(points)
    assert (cells.activation_patterns[found] == on).all()
    assert (cells.locate([[3.0, 0.0]]) == -1).all()
    assert cells.certify().valid


def test_a_disc_of_the_other_half_sphere_lies_in_no_face():
    """Its antipode does here: a circle that misses the face was once taken to lie inside it."""
    network, plane = random_network(11, n=12, d=4, deeper=(8,))
    whole = both(network, None, plane)
    assert whole > both(network, UNIT_SQUARE, plane)


def test_two_halves_glue():
    """Two half windows have as many regions as the whole and the pieces of the line between them."""
    network, plane = random_network(7, deeper=())
    halves = [both(network, w, plane) for w in ([(-1, -1), (0, -1), (0, 1), (-1, 1)],
                                                [(0, -1), (1, -1), (1, 1), (0, 1)])]  # fmt: skip
    s = np.column_stack([np.zeros(200_001), np.linspace(-1, 1, 200_001)])
    on = network.preactivations(plane.embed(s))[0] > 0
    pieces = 1 + int((on[1:] != on[:-1]).any(axis=1).sum())
    assert sum(halves) >= both(network, UNIT_SQUARE, plane) >= sum(halves) - pieces


def test_order_and_size_of_units_do_not_matter():
    network, plane = random_network(3)
    count = both(network, UNIT_SQUARE, plane)
    (W, b), (V, c), last = network.after.layers
    order = np.random.default_rng(0).permutation(len(W))
    scale = 2.0 ** np.arange(len(W))
    moved = Network([(scale[:, None] * W[order], scale * b[order]), (V[:, order] / scale, c), last])
    assert both(replace(network, after=moved), UNIT_SQUARE, plane) == count


def test_one_pattern_may_have_two_regions():
    failed, tried = doctest.testmod(circle_room)
    assert (failed, tried) == (0, 6)


def test_coordinates_are_those_of_the_exact_vertices():
    network, plane = random_network(1)
    cells = enumerate_regions(network, slice=plane)
    for v in range(0, cells.n_vertices, 7):
        exact = [float(x) + float(y) * float(E) ** 0.5 for x, y, E in cells.exact_vertex(v)]
        np.testing.assert_allclose(cells.vertices[v], exact, atol=1e-6)
    for cell in range(len(cells)):
        outer, *holes = cells.boundary(cell)
        assert len(holes) == cells.n_holes(cell)
        assert np.isfinite(outer).all()
        assert all(cell in cells.neighbours(other) for other in cells.neighbours(cell))


def test_a_wrong_pattern_or_face_is_seen():
    network, plane = random_network(2)
    cells = enumerate_regions(network, slice=plane)
    cells.activation_patterns[0, 0] ^= 1
    assert cells.certify().patterns
    cells = enumerate_regions(network, slice=plane)
    mesh = cells.subdivision.mesh
    mesh.left[-1], mesh.right[-1] = mesh.right[-1], mesh.left[-1]
    assert cells.certify().orders
    object.__setattr__(mesh, "n_faces", mesh.n_faces + 1)
    assert cells.certify().euler


def test_layers_compile_to_a_network_behind_a_norm():
    rng = np.random.default_rng(0)
    A, W, x = rng.normal(size=(4, 2)), rng.normal(size=(5, 4)), rng.normal(size=(7, 2))
    net = compile_layers(
        [Affine(A, np.ones(4)), LayerNorm(2.0, 0.5), Affine(W), "relu", Affine(np.ones((1, 5)))]
    )
    y = x @ A.T + 1
    y = y - y.mean(axis=1, keepdims=True)
    normed = 2 * y / np.sqrt((y**2).mean(axis=1, keepdims=True) + 1e-5) + 0.5
    np.testing.assert_allclose(net(x)[:, 0], np.maximum(normed @ W.T, 0).sum(axis=1))
    assert count_regions(net).regions == len(enumerate_regions(net))
    rms = compile_layers([RMSNorm(epsilon=0.0), Affine(np.eye(3)), "abs"], 3)
    np.testing.assert_allclose(np.square(rms(rng.normal(size=(4, 3)))).mean(axis=1), 1)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([LayerNorm(), Affine(np.eye(3)), LayerNorm()], r"layer 2 \(LayerNorm\): a second norm"),
        (["relu", LayerNorm()], r"layer 1 \(LayerNorm\): the norm stands behind units that bend"),
        ([Residual([LayerNorm(), Affine(np.eye(3))])], "a residual is carried past the norm"),
        ([LayerNorm(np.ones(2))], r"scale has shape \(2,\)"),
        ([LayerNorm(epsilon=-1.0)], "epsilon is -1"),
    ],
)
def test_what_makes_no_circles_is_refused_by_name(layers, message):
    with pytest.raises(NetworkError, match=message):
        compile_layers(layers, 3)


def test_what_cannot_be_looked_at_is_refused_by_name():
    network, plane = random_network(0)
    with pytest.raises(GeomtoyError, match="give a Slice"):
        count_regions(network, slice=Segment([0.0] * 5, [1.0] * 5))
    with pytest.raises(GeomtoyError, match="dimension 3"):
        count_regions(network, slice=FLAT)
    with pytest.raises(GeomtoyError, match=r"a slice is a geomtoy\.Slice here, no tuple; make one"):
        count_regions(network, slice=([0.0] * 5,) * 3)
    with pytest.raises(BudgetError, match="max_regions = 3"):
        count_regions(network, slice=plane, max_regions=3)
