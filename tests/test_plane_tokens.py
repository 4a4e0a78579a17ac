"""Planes and windows that floats do not hold: what is proven is proven of them, not of near ones."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from soft_blocks import KINDS, affine_tokens, block, place

import geomtoy
from geomtoy import Network, Slice
from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.layout import in_rows
from geomtoy.certified.prenorm import normed_series
from geomtoy.certified.series import degree
from geomtoy.certified.softmax import patch_series
from geomtoy.slices import UNIT_SQUARE
from geomtoy.views import count_regions_on_plane
from geomtoy.views.block_readout import block_readout
from geomtoy.views.normed_plane import normed_functions
from geomtoy.views.plane import parallelogram
from geomtoy.views.plane_tokens import nearest, plane_tokens
from geomtoy.views.soft_plane import plane_functions

third, fifth, seventh, eleventh = (Fraction(1, n) for n in (3, 5, 7, 11))
ODD = Slice((0, 0, 0, 0), (third, 0, fifth, 0), (0, seventh, eleventh, 0))


def without_attention(b):
    """Three units, each of which reads one number of the query."""
    zero = np.zeros((1, 4, 1))
    mlp = Network([(np.eye(3, 4), np.asarray(b, float)), (np.ones((1, 3)), [0.0])])
    return BlockArrays(np.zeros((1, 2)), zero, zero, zero, np.zeros((1, 1, 4)), mlp)


CONCURRENT = {
    "a plane of Fractions": (ODD, (-5 / 128, -11 / 128, -10 / 128), UNIT_SQUARE),
    "a window of tenths": (
        Slice((0, 0, 0, 0), (3, 0, 7, 0), (0, 5, 11, 0)),
        (-3 / 8, -5 / 8, -18 / 8),
        [(-0.1, -0.3), (0.7, -0.3), (0.7, 0.9), (-0.1, 0.9)],
    ),
}


@pytest.mark.parametrize("case", CONCURRENT)
def test_borders_that_meet_in_one_point_are_not_told_apart(case):
    """On the plane of nearest floats they miss each other, and make one region more."""
    plane, b, window = CONCURRENT[case]
    one = without_attention(b)
    true = geomtoy.count_regions(one.mlp, slice=plane, window=window).regions
    found = count_regions_on_plane(one, plane, window=window)
    assert true == 6
    assert not found.certified
    assert found.at_least <= true


def test_tokens_that_stand_still_are_those_given():
    """0.1 + 0.4 is 1/2 as Fractions, and three borders meet; as floats they miss each other."""
    eye, W = np.eye(4)[None], [[1, 0, -1, 0], [0, 1, 0, -1], [1, 1, 0, 0]]
    mlp = Network([(W, [0, 0, -0.25]), (np.ones((1, 3)), [0.0])])
    one = BlockArrays(np.zeros((2, 2)), 0 * eye, eye, eye, eye, mlp)
    plane = Slice((0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0))
    exactly = [[0, 0, Fraction(1, 10), Fraction(2, 5)]]
    found = count_regions_on_plane(one, plane, tokens=exactly)
    assert (found.certified, found.at_least <= 6) == (False, True)
    found = count_regions_on_plane(one, plane, tokens=[[0, 0, 0.1, 0.4]])
    assert (found.certified, found.regions) == (True, 7)


@pytest.mark.filterwarnings("error")
def test_what_no_float_holds_is_not_proven():
    """Planes, windows and weights each in range whose products are not."""
    far, one = 2.0**1000, block(0)
    plane, still = place(one, 0, "query")
    plane = Slice(*([Fraction(x) * 2**900 for x in part] for part in (plane.origin, plane.u, plane.v)))
    for block_, window in ((one, (-far, far)), (replace(one, W_O=one.W_O * far), (-1, 1))):
        found = count_regions_on_plane(block_, plane, tokens=still, window=window, max_patches=40)
        assert (found.certified, found.at_least) == (False, 1)


def test_borders_that_nearly_meet_are_told_apart_on_their_own_plane():
    one = without_attention((-5 / 128, -11 / 128, -10 / 128 - 2.0**-56))
    found = count_regions_on_plane(one, ODD)
    assert (found.certified, found.regions) == (True, 7)
    assert geomtoy.count_regions(one.mlp, slice=ODD).regions == 7


@given(st.lists(st.fractions(-3, 3), min_size=1, max_size=5), st.floats(-1e9, 1e9))
def test_nearest_floats_are_as_near_as_they_say(numbers, exact):
    (near,), (error,) = nearest([[*numbers, Fraction(exact)]])
    assert error[-1] == 0
    for x, y, e in zip([*numbers, Fraction(exact)], near, error, strict=True):
        assert abs(x - Fraction(float(y))) <= Fraction(float(e))


def test_balls_hold_the_plane_itself():
    window = [(0, 0), (0.3, 0), (0.3, 0.7), (0, 0.7)]
    at = plane_tokens(4, ODD, parallelogram(window), np.ones((2, 4)), whole_context=False)
    u, v = Fraction(1, 4), Fraction(-3, 8)
    tokens = at.at(arb(float(u)), arb(float(v)))
    s, t = (Fraction(high) * (1 + x) / 2 for high, x in ((0.3, u), (0.7, v)))
    for k, (a, b) in enumerate(zip(ODD.u, ODD.v, strict=True)):
        assert tokens[2, k].contains(arb((a * s + b * t).numerator) / (a * s + b * t).denominator)
        assert tokens[0, k] == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moving", ["query", "context"])
def test_series_hold_for_all_tokens_within_their_errors(kind, moving):
    """Those of other tokens as near as that differ by no more than both are wrong."""
    one = block(5, **KINDS[kind])
    rng, D = np.random.default_rng(5), degree(6)
    X = affine_tokens(*place(one, 5, moving), one.d_model)
    error = 1e-7 * np.abs(X) * rng.integers(0, 2, X.shape)
    c, wrong = on_a_patch(one, X, error, D)
    assert np.isfinite(wrong).all()
    apart = 0.0
    for _ in range(3):
        other, other_wrong = on_a_patch(one, X + rng.choice([-1, 1], X.shape) * error, 0 * error, D)
        differ = np.abs(c - other).max(axis=0)  # of one coefficient: at most as far apart as values
        assert (differ <= wrong + other_wrong).all()
        apart = max(apart, float((differ / other_wrong).max()))
    assert apart > 1  # without the errors of the tokens the bound would be too small


def on_a_patch(one, X, error, D):
    """Coefficients (terms, n) on a small polydisc, and what values may be wrong by."""
    after, tokens = block_readout(one), (X, error)
    if one.attention_norm:
        series = partial(normed_series, in_rows(normed_functions(one, tokens, after)))
    else:
        series = partial(patch_series, in_rows(plane_functions(one, tokens, after)))
    c, low, tail, _, fine = series(0.25, -0.5, 2.0**-6, 2.0**-6, D)
    assert fine
    return c, low + tail
