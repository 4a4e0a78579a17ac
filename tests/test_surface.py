"""Tokens on curved surfaces, and what float64 does not tell on planes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from soft_blocks import KINDS, PLAIN, affine_tokens, block, degenerate, place, two_layers

import geomtoy
from geomtoy.certified.layout import in_rows
from geomtoy.certified.series import degree
from geomtoy.errors import NetworkError, SliceError
from geomtoy.views import (
    TokenSurface,
    count_regions_along,
    count_regions_on_plane,
    count_regions_on_surface,
)
from geomtoy.views.block_readout import block_readout
from geomtoy.views.plane import parallelogram, posed_on
from geomtoy.views.surface import _functions, _tokens_at, surface_series

SKEW = ((0, -1), (1, Fraction(-1, 2)), (Fraction(4, 3), 1), (Fraction(1, 3), Fraction(1, 2)))
TIMES = ((1, 1), (3, 1), (3, 2), (1, 2))


def encoded(seed, deep=False, **kind):
    """A block with a time encoding."""
    one = two_layers(seed, **kind) if deep else block(seed, **kind)
    frequencies = np.random.default_rng(seed).uniform(0.3, 2.0, one.frequencies.shape)
    return replace(one, frequencies=frequencies)


@pytest.mark.parametrize("kind", ["plain", "no residual", "layer norm", "rms norm"])
@pytest.mark.parametrize("moving", ["query", "context"])
def test_an_affine_surface_has_the_regions_of_its_plane(kind, moving):
    for deep in (False, True):
        one = encoded(5, deep, **KINDS[kind])
        plane, still = place(one, 5, moving)
        surface = TokenSurface(affine_tokens(plane, still, one.d_model))
        for window in (geomtoy.UNIT_SQUARE, SKEW):
            found = count_regions_on_surface(one, surface, window=window)
            other = count_regions_on_plane(one, plane, tokens=still, moving=moving, window=window)
            assert found.certified
            assert other.certified
            assert (found.regions, found.boundary_zeros) == (other.regions, other.boundary_zeros)
            np.testing.assert_allclose(_sorted(found), _sorted(other), atol=1e-7)


def _sorted(found):
    order = np.lexsort(np.round(found.crossings, 6).T)
    return found.crossings[order]


def test_turning_a_path_on_its_own_axis_is_the_path():
    """Phases that only the first parameter moves: stripes, as many as the path has regions."""
    one = encoded(3)
    surface = TokenSurface.time_and_amplitude(one)
    still = replace(surface, sine=surface.sine[[2, 1, 1]], cosine=surface.cosine[[2, 1, 1]])
    times = (Fraction(1), Fraction(5))
    window = ((1, -1), (5, -1), (5, 1), (1, 1))
    found = count_regions_on_surface(one, still, window=window)
    along = count_regions_along(one, (1.0, 5.0))
    assert times[1] - times[0] == 4
    assert (found.certified, len(found.crossings)) == (True, 0)
    assert found.regions == along.regions > 3


@pytest.mark.parametrize("deep", [False, True])
def test_zeros_on_the_boundary_are_those_of_samples(deep):
    one = encoded(9, deep, **KINDS["layer norm"])
    surface, total = TokenSurface.time_and_amplitude(one), 0
    found = count_regions_on_surface(one, surface, window=TIMES)
    step = np.linspace(0, 1, 20_001)[:, None]
    for k, corner in enumerate(np.array(TIMES, float)):
        points = corner + step * (np.array(TIMES[(k + 1) % 4], float) - corner)
        z = one.mlp.preactivations(one.mlp_input(surface.tokens(points)))
        on = np.concatenate(z, axis=1) > 0
        total += np.count_nonzero(on[1:] != on[:-1])
    assert (found.certified, found.boundary_zeros) == (True, total)
    x = surface.tokens(found.crossings)
    z = np.concatenate(one.mlp.preactivations(one.mlp_input(x)), axis=1)
    assert np.abs(z[np.arange(len(z))[:, None], found.crossing_units]).max() < 1e-6


def test_series_on_a_surface_hold_the_true_functions():
    """Values in ball arithmetic at random points stay within the proven error."""
    one, D, used = encoded(1, m=4), degree(8), 0.0
    surface, frame = TokenSurface.time_and_amplitude(one), parallelogram(SKEW)
    after = block_readout(one)
    functions = in_rows(_functions(surface, frame, one, after))
    posed = posed_on(one, "", frame, 1, lambda _: None, _tokens_at(surface, frame))
    rng = np.random.default_rng(0)
    for radius in (0.05, 0.001):
        cx, cy = rng.uniform(-0.9, 0.9, 2)
        c, low, tail, _, fine = surface_series(functions, cx, cy, radius, radius, D)
        assert fine
        for s, t in rng.uniform(-1, 1, (3, 2)):
            with ctx.workprec(200):
                u, v = (arb(a) + arb(radius) * arb(b) for a, b in ((cx, s), (cy, t)))
                for i, true in enumerate(posed.exact([0, 1, 2, 3], u, v)):
                    powers = (arb(s) ** int(p) * arb(t) ** int(q) for p, q in D.exponents)
                    stored = sum(
                        (arb(x) * p for x, p in zip(c[:, i].tolist(), powers, strict=True)), arb(0)
                    )
                    error = float(abs(true - stored))
                    assert error <= low[i] + tail[i]
                    used = max(used, error / (low[i] + tail[i]))
    assert used > 1e-4


def test_surfaces_that_do_not_fit_are_refused():
    one = encoded(0)
    surface = TokenSurface.time_and_amplitude(one)
    with pytest.raises(SliceError, match="offset"):
        TokenSurface(np.zeros((2, 3)))
    with pytest.raises(SliceError, match="phase"):
        TokenSurface(np.zeros((3, 2, 2)), phase=np.zeros((3, 2, 3)))
    with pytest.raises(SliceError, match="dimensions"):
        count_regions_on_surface(one, TokenSurface(np.zeros((3, 2, 4))))
    with pytest.raises(NetworkError, match="norm before attention"):
        count_regions_on_surface(replace(block(0, before=True), frequencies=one.frequencies), surface)


# Where float64 stops


def near_triple(one, plane, still, shift):
    """The block with a unit whose border passes the first crossing of the others as near as a float
    bias allows, or shifted by so much."""
    found = count_regions_on_plane(one, plane, tokens=still)
    (W, b), _ = one.mlp.layers
    x = np.concatenate([still, plane.embed(found.crossings[:1])])[None]
    row = np.random.default_rng(0).normal(size=one.d_model)
    bias = -float(row @ one.mlp_input(x)[0]) + shift
    mlp = geomtoy.Network([(np.vstack([W, row]), np.append(b, bias)), (np.ones((1, len(b) + 1)), [0.0])])
    return replace(one, mlp=mlp)


@pytest.mark.parametrize("kind", ["plain", "layer norm", "norm before"])
def test_three_borders_that_nearly_meet_are_told_apart(kind):
    one = block(13, **KINDS[kind])
    plane, still = place(one, 13, "query")
    counts = set()
    for shift in (0.0, 1e-7, -1e-7):
        found = count_regions_on_plane(near_triple(one, plane, still, shift), plane, tokens=still)
        assert found.certified
        counts.add(found.regions)
    assert len(counts) == 1


def test_lines_a_hair_from_one_point_are_counted_and_those_through_it_are_not():
    W = [[1, 0.5], [0.25, 1], [1, -0.5]]
    for b, regions in (([0, 0, 2.0**-80], 7), ([2.0**-80, 2.0**-80, 0], 7)):
        found = count_regions_on_plane(degenerate(W, b), PLAIN)
        assert (found.certified, found.regions) == (True, regions)
    assert not count_regions_on_plane(degenerate(W, [0, 0, 0]), PLAIN).certified


@pytest.mark.parametrize("seed", range(2))
def test_units_one_rounding_from_proportional_cost_little(seed):
    """Twins but for a last digit cannot be told apart; the proof stops there and nowhere else."""
    one = block(seed, m=6)
    plane, still = place(one, seed, "query")
    (W, b), _ = one.mlp.layers
    twins = geomtoy.Network(
        [(np.vstack([W, 3 * W[:1]]), np.append(b, 3 * b[0])), (np.ones((1, 7)), [0.0])]
    )
    found = count_regions_on_plane(replace(one, mlp=twins), plane, tokens=still)
    plain = count_regions_on_plane(one, plane, tokens=still)
    assert 1 <= found.at_least <= plain.regions or found.certified
    assert found.evaluations < 100 * plain.evaluations
