"""Two hidden layers on a plane: counts against exact enumerators and oracles that share no code."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label
from soft_blocks import (
    KINDS,
    PLAIN,
    all_tokens,
    block,
    place,
    series_of,
    summed,
    two_layers,
    without_attention,
)

import geomtoy
from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import Budget, arrange
from geomtoy.certified.folds import Folds, fold
from geomtoy.certified.patches import patch_of
from geomtoy.certified.series import degree
from geomtoy.errors import NetworkError
from geomtoy.network import Network
from geomtoy.normed import Norm, NormedNetwork
from geomtoy.slices import Slice
from geomtoy.views.along_time import count_regions_along
from geomtoy.views.block_readout import block_readout
from geomtoy.views.plane import count_regions_on_plane
from geomtoy.views.plane_cells import enumerate_regions_on_plane


def deep(rng, d, *widths):
    """Gaussian layers of these widths, and one output."""
    sizes = (d, *widths)
    layers = [
        (rng.normal(size=(m, n)) * 1.4 / np.sqrt(n), rng.normal(size=m) / 2) for n, m in pairwise(sizes)
    ]
    return Network([*layers, (np.ones((1, widths[-1])), [0.0])])


def count(one, seed, moving="query", **kwargs):
    plane, still = place(one, seed, moving)
    found = count_regions_on_plane(one, plane, tokens=still, moving=moving, **kwargs)
    assert found.certified
    return found


def signs(one, plane, still, points):
    x = all_tokens(plane, still, one.d_model, points)
    return np.concatenate(one.mlp.preactivations(one.mlp_input(x)), axis=1) > 0


# Exact counts


@pytest.mark.parametrize("start", range(5))
def test_without_attention_regions_are_those_of_the_mlp(start):
    for seed in range(start, 60, 5):
        rng = np.random.default_rng(seed)
        mlp = deep(rng, 2, *rng.integers(1, 14, 2))
        found = count_regions_on_plane(without_attention(mlp), PLAIN)
        assert (found.certified, found.regions) == (True, geomtoy.count_regions(mlp).regions)


@pytest.mark.parametrize("centred", [True, False])
def test_behind_a_norm_regions_are_those_between_circles(centred):
    total = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        mlp, plane = deep(rng, 4, 8, 6), Slice(*rng.normal(size=(3, 4)))
        gain, shift = 1 + rng.normal(size=4) / 5, rng.normal(size=4) / 5
        norm = Norm(gain, shift, Fraction(1e-6), centred)
        one = without_attention(mlp, norm_gain=gain, norm_bias=shift, centred_norm=centred)
        found = count_regions_on_plane(one, plane)
        exact = geomtoy.count_regions(NormedNetwork(None, norm, mlp), slice=plane).regions
        assert (found.certified, found.regions) == (True, exact)
        total += exact
    assert total > 150


small = st.integers(-3, 3)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(small, small, small), min_size=1, max_size=4),
    st.lists(st.tuples(small, small, small, small, small), min_size=1, max_size=4),
)
def test_small_integers_agree_with_the_exact_enumerator(first, second):
    """Twins, zero rows and units that are never on included; biases moved off each other's crossings."""
    one, two = np.array(first, float), np.array(second, float)
    W, b = one[:, :2], one[:, 2] + np.sqrt(np.arange(2, 2 + len(one))) / 7
    V, c = two[:, : len(one)], two[:, 4] + np.sqrt(np.arange(11, 11 + len(two))) / 9
    mlp = summed((W, b), (V, c))
    found = count_regions_on_plane(without_attention(mlp), PLAIN, max_patches=3000)
    exact = geomtoy.count_regions(mlp).regions
    assert found.regions <= exact
    assert found.regions == exact or not found.certified
    assert found.certified


# Behind attention


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moving", ["query", "context"])
def test_a_second_layer_that_adds_no_border_leaves_the_count(kind, moving):
    one = block(17, m=8, **KINDS[kind])
    W, b = one.mlp.layers[0]
    plain = count(one, 17, moving)
    identity, more = np.eye(8), np.abs(np.random.default_rng(0).normal(size=(3, 8)))
    for second, bias in (
        (identity, np.zeros(8)),  # on where the first layer's unit is
        (more, np.zeros(3)),  # on where any is
        (more, np.full(3, 0.25)),  # always on
        (-more, np.full(3, -0.25)),  # never on
        (np.zeros((2, 8)), np.array([0.0, 1.0])),
    ):
        found = count(replace(one, mlp=summed((W, b), (second, bias))), 17, moving)
        assert (found.regions, len(found.crossings)) == (plain.regions, len(plain.crossings))


def test_order_scale_and_twins_of_units_do_not_matter():
    one = two_layers(23, norm=True)
    (W, b), (V, c), _ = one.mlp.layers
    rng = np.random.default_rng(0)
    turned, scale = rng.permutation(len(b)), 2.0 ** rng.integers(-3, 4, len(b))
    plain = count(one, 23).regions
    other = summed((scale[:, None] * W, scale * b), (V / scale, c))
    assert count(replace(one, mlp=other), 23).regions == plain
    other = summed((W[turned], b[turned]), (-V[::-1, turned], -c[::-1]))
    assert count(replace(one, mlp=other), 23).regions == plain
    split = np.concatenate([V, V[:, :2] * 0.25], axis=1)
    split[:, :2] *= 0.5
    wide = np.vstack([W, 2 * W[:2]]), np.append(b, 2 * b[:2])
    twins = summed(wide, (np.vstack([split, -4 * split[:1]]), np.append(c, -4 * c[0])))
    assert count(replace(one, mlp=twins), 23).regions == plain


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moving", ["query", "context"])
def test_boundary_zeros_are_those_of_dense_samples(kind, moving):
    one = two_layers(7, **KINDS[kind])
    plane, still = place(one, 7, moving)
    t, total = np.linspace(-1, 1, 20_001), 0
    for side in (-1.0, 1.0):
        for points in (np.column_stack([0 * t + side, t]), np.column_stack([t, 0 * t + side])):
            on = signs(one, plane, still, points)
            total += np.count_nonzero(on[1:] != on[:-1])
    assert count(one, 7, moving).boundary_zeros == total


def test_pixels_joined_where_no_unit_switches_are_the_regions():
    """At two resolutions: where both agree, nothing is narrower than a pixel."""
    agreed = 0
    for seed, kind in enumerate(("plain", "layer norm", "plain", "layer norm", "norm before")):
        one = two_layers(seed + 60, m=2, m2=2, **KINDS[kind])
        plane, still = place(one, seed + 60, "query")
        by_pixels = [_flooded(one, plane, still, n) for n in (100, 170)]
        if by_pixels[0] == by_pixels[1]:
            assert count(one, seed + 60).regions == by_pixels[0]
            agreed += 1
    assert agreed >= 2


def _flooded(one, plane, still, n):
    t = (np.arange(n) + 0.5) / n * 2 - 1
    points = np.stack(np.meshgrid(t, t), -1).reshape(-1, 2)
    on = signs(one, plane, still, points)
    _, kinds = np.unique(on, axis=0, return_inverse=True)
    return sum(label(kinds.reshape(n, n) == kind)[1] for kind in range(kinds.max() + 1))


@pytest.mark.parametrize("kind", ["plain", "both norms, not centred"])
def test_counts_do_not_depend_on_how_they_are_found(kind):
    one = two_layers(21, m=12, m2=10, **KINDS[kind])
    plane, still = place(one, 21, "query")
    series, folds = series_of(one, plane, still), block_readout(one).folds
    budgets = [Budget(), Budget(order=6), Budget(tolerance=1e-4), Budget(order=12, ratio=0.43)]
    found = [arrange(series, budget, folds) for budget in budgets]
    assert all(each.proven for each in found)
    assert len({(a.regions, len(a.crossings), a.boundary_zeros, a.loops) for a in found}) == 1


def test_crossings_are_where_both_units_vanish():
    one = two_layers(29, sharp=3.0)
    plane, still = place(one, 29, "query")
    found = count(one, 29)
    x = all_tokens(plane, still, one.d_model, found.crossings)
    z = np.concatenate(one.mlp.preactivations(one.mlp_input(x)), axis=1)
    at = np.arange(len(z))[:, None]
    assert found.crossing_units.max() > len(one.mlp.layers[0][1])
    assert np.abs(z[at, found.crossing_units]).max() < 1e-6


# Proof


def test_folded_functions_are_within_their_errors():
    """In rational arithmetic, at random points, of functions whose truth is their polynomial."""
    D, rng = degree(4), np.random.default_rng(0)
    c = rng.normal(size=(6, len(D.exponents))) * 0.1
    c[:3, 0] += 3.0  # three keep their sign
    bent, straight = rng.normal(size=(2, 5, 6))
    none = np.zeros(6)
    folded = fold(Folds(bent, straight, np.zeros((5, 6))), c, none, none, D).patch
    n = len(folded.c)
    assert folded.analytic == 3 < n - 1
    for point in rng.uniform(-1, 1, (20, 2)):
        u, v = map(Fraction, point.tolist())
        powers = [u ** int(p) * v ** int(q) for p, q in D.exponents]
        f, stored = ([_dot(row, powers) for row in rows] for rows in (c, folded.c))
        for k in range(3, n):
            j = folded.functions[k] - 6
            true = _dot(bent[j], [abs(x) for x in f]) + _dot(straight[j], f)
            mine = stored[k] + _dot(folded.kinks[k], [abs(x) for x in stored[:3]])
            assert 0 < abs(true - mine) <= folded.error[k] < 1e-12


def _dot(a, b):
    return sum((Fraction(float(x)) * y for x, y in zip(a, b, strict=True)), Fraction(0))


def test_a_patch_knows_the_signs_of_all_layers():
    one = two_layers(3)
    plane, still = place(one, 3, "query")
    box, folds = (0.25, 0.3125, -0.5, -0.4375), block_readout(one).folds
    patch = patch_of(series_of(one, plane, still), box, degree(8), folds)
    on = signs(one, plane, still, np.array([[0.28125, -0.46875]]))[0]
    assert patch.pattern == {np.packbits(np.insert(on, 9, True)).tobytes()}


@pytest.mark.parametrize(
    ("second", "bias"),
    [
        ([[1, -1], [1, 1]], [0, 0]),  # a border that ends where two others cross
        ([[1, 0.5], [0.5, 1]], [-0.25, -0.25]),  # a crossing on the diagonal
        ([[1, 0], [0.25, 1]], [-1, 0]),  # along the window's boundary
    ],
)
def test_what_is_not_proven_is_a_lower_bound(second, bias):
    mlp = summed((np.eye(2), np.zeros(2)), (second, bias))
    found = count_regions_on_plane(without_attention(mlp), PLAIN, max_patches=400)
    exact = geomtoy.count_regions(mlp).regions
    assert found.evaluations <= 400
    assert found.regions == exact if found.certified else 1 <= found.at_least <= exact


def test_a_unit_that_is_zero_on_a_cell_stops_the_proof_early():
    """Without biases the second layer is zero where the first is off, and borders end in crossings."""
    rng = np.random.default_rng(2)
    first = rng.normal(size=(3, 2)), rng.normal(size=3) / 4
    mlp = summed(first, (rng.normal(size=(3, 3)), np.zeros(3)))
    found = count_regions_on_plane(without_attention(mlp), PLAIN)
    assert not found.certified
    assert found.evaluations < 2000
    assert 1 < found.at_least <= geomtoy.count_regions(mlp).regions


def test_deeper_blocks_and_other_views_are_refused():
    one = two_layers(1)
    plane, still = place(one, 1, "query")
    with pytest.raises(NetworkError, match="2 hidden layers"):
        enumerate_regions_on_plane(one, plane, tokens=still)
    with pytest.raises(NetworkError, match="2 hidden layers"):
        count_regions_along(one, (0, 1))
    three = replace(one, mlp=deep(np.random.default_rng(0), 6, 3, 3, 3))
    with pytest.raises(NetworkError, match="3 hidden layers"):
        count_regions_on_plane(three, plane, tokens=still)


def test_a_block_of_two_layers_survives_its_file(tmp_path):
    one = two_layers(1)
    one.save(tmp_path / "block.npz")
    read = BlockArrays.load(tmp_path / "block.npz")
    assert read.mlp.widths == one.mlp.widths
    assert (read.mlp.layers[1][0] == one.mlp.layers[1][0]).all()
