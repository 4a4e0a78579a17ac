"""Regions along time: closed forms, agreement with fine grids, and proofs that must fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.layout import in_rows
from geomtoy.certified.path import path_series
from geomtoy.certified.polynomials import horner
from geomtoy.certified.series import degree
from geomtoy.certified.sines import SINE_ERROR, sine_cosine
from geomtoy.certified.zeros import simple_zeros
from geomtoy.errors import NetworkError, SettingError, WindowError
from geomtoy.network import Network
from geomtoy.views import balls
from geomtoy.views.along_time import (
    count_regions_along,
    estimate_pattern_changes,
    estimate_regions_along,
)
from geomtoy.views.block_readout import block_readout
from geomtoy.views.order import inside, merge, separate
from geomtoy.views.scan import Preactivations
from geomtoy.views.soft_path import Bracket, path_functions

CYCLE = (-2 * np.pi, 2 * np.pi)


def mlp(W, b):
    W = np.atleast_2d(np.asarray(W, float))
    return Network([(W, np.asarray(b, float)), (np.ones((1, len(W))), [0.0])])


def plain(W, b, frequencies=(1.0,)):
    """A block whose attention gives nothing: z_i(t) = W_i . (sin f t, cos f t) + b_i."""
    d = 2 * len(frequencies)
    zero = np.zeros((1, d, 1))
    rates = np.array([[3.0] * len(frequencies), frequencies])
    return BlockArrays(rates, zero, zero, zero, np.zeros((1, 1, d)), mlp(W, b))


def random_block(
    seed, norm=False, hard=False, residual=True, C=4, H=2, d=4, hidden=6, frequencies=(0.1, 4.0)
):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(H, d, 3)) * 0.7 for _ in range(3)]
    return BlockArrays(
        rng.uniform(*frequencies, (C, d // 2)),
        *weights,
        rng.normal(size=(H, 3, d)) * 0.5,
        mlp(rng.normal(size=(hidden, d)), rng.normal(size=hidden) * 0.5),
        norm_gain=rng.normal(size=d) if norm else None,
        norm_bias=rng.normal(size=d) if norm else None,
        residual=residual,
        hard=hard,
    )


@pytest.mark.parametrize(
    ("W", "b", "interval", "borders"),
    [
        ([1, 0], [0], CYCLE, [-np.pi, 0, np.pi]),  # +-2 pi as floats lie just inside the true zeros
        ([1, 0], [0], (0, 3), []),  # zero exactly at an end
        ([1, 0], [0], (-3, 0), []),
        ([1, 0], [0], (-1, 1), [0]),
        ([0, 1], [-0.5], (-4, 4), [-np.pi / 3, np.pi / 3]),
        ([0, 1], [1 - 1e-9], (3, 3.3), [np.pi - 4.4721359588e-5, np.pi + 4.4721359588e-5]),
        ([0, 1], [1 + 1e-9], (3, 3.3), []),
        ([3, 4], [6], (-9, 9), []),
        ([0, 0], [0], (-9, 9), []),  # a unit that is zero everywhere cuts nothing
        ([0, 0], [1], (-9, 9), []),
    ],
)
def test_one_sine_in_closed_form(W, b, interval, borders):
    found = count_regions_along(plain(W, b), interval)
    assert found.certified
    assert (found.kind, found.view) == ("exact", "along time")
    assert found.regions == len(borders) + 1
    assert (np.abs(found.borders - borders) <= found.error + 1e-12).all()
    assert found.error.max(initial=0) < 1e-5
    guess = estimate_regions_along(plain(W, b), interval)
    assert (guess.kind, guess.certified, guess.regions) == ("estimate", False, found.regions)
    np.testing.assert_allclose(guess.borders, borders, atol=1e-7)


def test_a_fast_sine():
    found = count_regions_along(plain([0, 1, 0, 0], [0], [1.0, 300.0]), (0, 10))
    assert found.certified
    np.testing.assert_allclose(found.borders, np.pi / 300 * np.arange(1, 955), atol=1e-7)


def test_several_units_switch_at_their_own_times():
    found = count_regions_along(plain([[1, 0], [0, 1], [1, -1]], [0, 0, 0]), (-0.5, 6))
    assert found.certified
    np.testing.assert_allclose(found.borders, np.pi * np.array([0, 0.25, 0.5, 1, 1.25, 1.5]), atol=1e-6)
    assert found.units.tolist() == [0, 2, 1, 0, 2, 1]


def test_twin_units_share_their_borders():
    found = count_regions_along(plain([[1, 0.5], [-2, -1], [1, 0.5]], [0.25, -0.5, 0.5]), (0, 7))
    assert found.certified
    assert found.regions == 5
    assert 1 not in found.units


def test_units_that_switch_together_at_zero_make_one_border():
    both = plain([[1, 0, 0, 0], [0, 1, 0, 0]], [0, 0], [1.0, 2.0])
    found = count_regions_along(both, (-1, 1))
    assert found.certified
    assert found.regions == 2


@pytest.mark.parametrize(
    ("W", "b", "interval", "regions"),
    [
        ([0, 1], [1], (3, 3.3), 1),  # 1 + cos t touches zero
        ([0, 1], [1], (-4, 4), 1),
        ([[1, 0, 0, 0], [0, 1, 0, 0]], [0, 0], (3, 3.3), 2),  # sin t and sin 2 t, both zero at pi
    ],
)
def test_what_is_no_simple_zero_is_not_certified(W, b, interval, regions):
    frequencies = [1.0] if np.shape(W)[-1] == 2 else [1.0, 2.0]
    found = count_regions_along(plain(W, b, frequencies), interval)
    assert not found.certified
    assert found.kind == "estimate"
    assert "not certified" in found.guarantee
    assert found.regions == regions
    assert (np.abs(np.abs(found.open_intervals) - np.pi) < 1e-3).all()


def test_close_zeros_of_two_units_are_ordered_by_ball_arithmetic():
    """Zeros 1e-13 apart near t = 1: floats cannot order them, balls can."""
    gap = 1e-13
    W = [[1, 0], [np.cos(gap), -np.sin(gap)]]
    found = count_regions_along(plain(W, [-np.sin(1), -np.sin(1)]), (0.5, 1.5))
    assert found.certified
    assert found.regions == 3
    assert found.units.tolist() == [0, 1]


def test_a_zero_function_in_disguise_is_not_certified():
    """Both channels carry the same sine, and the unit takes their difference."""
    found = count_regions_along(plain([1, -1, 0, 0], [0], [1.0, 1.0]), (0, 3))
    assert not found.certified
    assert found.regions == 1


@pytest.mark.parametrize("seed", range(6))
def test_random_blocks_agree_with_a_fine_grid(seed):
    block = random_block(seed, norm=seed % 2 == 1, residual=seed % 3 != 2)
    found = count_regions_along(block, CYCLE)
    assert found.certified
    t = np.linspace(*CYCLE, 200_001)
    on = np.concatenate([block.preactivations(part) for part in np.array_split(t, 20)]) > 0
    assert found.regions == 1 + np.count_nonzero(on[1:] != on[:-1])
    guess = estimate_regions_along(block, CYCLE)
    assert not len(guess.open_intervals)
    assert (guess.units == found.units).all()
    assert (np.abs(guess.borders - found.borders) <= found.error + 1e-9).all()
    assert estimate_pattern_changes(block, CYCLE).regions <= found.regions


def test_scores_that_change_fast():
    block = random_block(1, C=6)
    sharp = BlockArrays(**{**vars(block), "scale": 30.0})
    found = count_regions_along(sharp, (-1, 1))
    assert found.certified
    t = np.linspace(-1, 1, 100_001)
    on = sharp.preactivations(t) > 0
    assert found.regions == 1 + np.count_nonzero(on[1:] != on[:-1])


def test_every_border_switches_its_unit_in_independent_evaluation():
    block = random_block(7, norm=True)
    found = count_regions_along(block, CYCLE)
    h = 1e-7
    before, after = (block.preactivations(found.borders + s) > 0 for s in (-h, h))
    n = np.arange(len(found.borders))
    assert (before[n, found.units] != after[n, found.units]).all()
    assert ((before != after).sum(axis=1) == 1).all()


def test_a_small_budget_gives_an_estimate_that_says_so():
    block = random_block(3)
    found = count_regions_along(block, CYCLE, max_pieces=20)
    assert (found.kind, found.certified) == ("estimate", False)
    assert "not certified" in found.guarantee
    assert found.regions == estimate_regions_along(block, CYCLE).regions
    assert len(found.open_intervals)


def test_hard_attention_is_estimated_and_not_counted():
    block = random_block(5, hard=True)
    with pytest.raises(SettingError, match="hard attention"):
        count_regions_along(block, CYCLE)
    t = np.linspace(*CYCLE, 100_000)
    on = block.preactivations(t) > 0
    found = estimate_regions_along(block, CYCLE)
    assert found.regions == 1 + np.count_nonzero((on[1:] != on[:-1]).any(axis=1))


@pytest.mark.parametrize("interval", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_a_bad_interval_is_named(interval):
    for view in (count_regions_along, estimate_regions_along, estimate_pattern_changes):
        with pytest.raises(WindowError, match="interval"):
            view(random_block(0), interval)


def test_bins_are_positive():
    for view in (estimate_regions_along, estimate_pattern_changes):
        with pytest.raises(SettingError, match="bins"):
            view(random_block(0), CYCLE, bins=0)


def test_the_papers_count():
    found = estimate_pattern_changes(plain([1, 0], [0]), (-0.5, 6), bins=100)
    assert found.regions == 3
    np.testing.assert_allclose(found.borders, [0, np.pi], atol=0.07)
    assert estimate_pattern_changes(plain([1, 0], [0]), (-0.5, 6), bins=1).regions == 1


def test_slopes_are_those_of_jax():
    import jax
    import jax.numpy as jnp

    for seed in range(4):
        block = random_block(seed, norm=seed % 2 == 1)
        f = Preactivations(block)
        t = np.linspace(-3, 3, 9)

        def jax_z(t, block=block, f=f):
            angle = t * jnp.asarray(block.frequencies)
            x = jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=-1)
            weights = jax.nn.softmax(jnp.einsum("d,hde,ce->hc", x[-1], f.scores, x))
            y = jnp.einsum("hc,cd,hde->e", weights, x, f.values) + x[-1]
            if not block.layer_norm:
                return f.rows.T @ y + f.bias
            return f.rows.T @ y + f.bias * jnp.sqrt(y.var() + block.norm_epsilon)

        for z, exact in zip(f(t), (jax.vmap(jax_z)(t), jax.vmap(jax.jacfwd(jax_z))(t)), strict=True):
            np.testing.assert_allclose(z, exact, rtol=1e-11, atol=1e-11)


# Enclosures, with arb as the judge

fraction = st.integers(-8, 8).map(lambda k: k / 8)


def series_at(block, centre, radius, K=8):
    """Coefficients (terms, m), errors low + tail (m,), and the units that they are of."""
    after = block_readout(block)
    c, low, tail = path_series(
        in_rows(path_functions(block, after)),
        np.array([centre]),
        np.array([radius]),
        degree(K, variables=1),
    )
    return c[0], low[0] + tail[0], after.units


@settings(max_examples=30)
@given(seed=st.integers(0, 99), s=fraction, radius=st.sampled_from([0.01, 0.1, 0.3]))
def test_series_hold_the_preactivations(seed, s, radius):
    block = random_block(seed, norm=seed % 2 == 1, residual=seed % 3 > 0, frequencies=(-1, 4))
    c, error, units = series_at(block, 0.25, radius)
    time = balls.exact_time(0.25) + balls.exact_time(radius) * fmpq(int(8 * s), 8)
    for i, unit in enumerate(units):
        true = float(balls.preactivation_ball(block, unit, time, 128))
        assert abs(horner(c[:, i], s) - true) <= error[i] + 1e-15 * abs(true)


def test_errors_fall_to_rounding_and_not_below():
    errors = [series_at(random_block(0), 0.3, r)[1].max() for r in (0.1, 0.05, 1e-4)]
    assert errors[1] < errors[0] / 200
    assert 1e-16 < errors[2] < 1e-11


def test_balls_hold_what_the_block_computes():
    for seed in range(4):
        block = random_block(seed, norm=seed % 2 == 1)
        ours = [float(balls.preactivation_ball(block, i, fmpq(1, 4), 128)) for i in range(6)]
        sign = np.sign(block.preactivations(np.array([0.25]))[0])
        assert (np.sign(ours) == sign).all()


@settings(max_examples=200)
@given(f=st.floats(-3e3, 3e3), t=st.floats(-100, 100))
def test_sines_are_as_good_as_they_say(f, t):
    with ctx.workprec(160):
        true = (arb(f) * arb(t)).sin_cos()
        for ours, exact in zip(sine_cosine(f, t), true, strict=True):
            assert float(abs(arb(ours) - exact)) <= SINE_ERROR


def test_sines_of_multiples_of_a_right_angle():
    for k in (1, 2, 3, 1000, 2**18):
        t = k * np.pi / 2
        with ctx.workprec(160):
            for ours, exact in zip(sine_cosine(1.0, t), arb(t).sin_cos(), strict=True):
                assert float(abs(arb(ours) - exact)) <= SINE_ERROR
    assert np.isnan(sine_cosine(1e6, 1.0)).all()


def roots_of(c, error):
    c = np.asarray(c, float)[None, None]
    return simple_zeros(c, np.full((1, 1), error), np.full((1, 1), 20 * error))


@settings(max_examples=60)
@given(zeros=st.lists(st.integers(-24, 24), min_size=1, max_size=5, unique=True))
def test_roots_of_polynomials_are_all_found(zeros):
    points = np.array(sorted(zeros)) / 16
    found, opened = roots_of(np.polynomial.polynomial.polyfromroots(points), 1e-15)
    inner = points[np.abs(points) <= 1]
    assert all(((found["low"] <= p) & (p <= found["high"])).sum() >= 1 for p in inner)
    assert all(((one["low"] <= points) & (points <= one["high"])).sum() == 1 for one in found)
    assert not len(opened)


def test_a_double_root_stays_open_within_a_few_steps():
    _, opened = roots_of([0.01, -0.2, 1.0], 1e-14)  # (x - 0.1)^2
    assert 0 < len(opened) < 100
    assert ((opened["low"] < 0.11) & (opened["high"] > 0.09)).all()


def test_unknown_errors_leave_everything_open():
    for error in (np.inf, np.nan):
        found, opened = roots_of([1.0, 0.0], error)
        assert not len(found)
        assert (opened["low"][0], opened["high"][0]) == (-1, 1)


def test_brackets_merge_and_are_cut_and_separated():
    block = plain([[1, 0], [0, 1]], [0, -1e-3])
    half_pi = balls.exact_time(np.pi / 2)
    low, high, near = fmpq(-1), fmpq(1), fmpq(1, 10**6)
    pieces = [Bracket(0, -near, near), Bracket(0, fmpq(0), near * 2), Bracket(0, fmpq(2), fmpq(4))]
    assert merge(pieces) == [Bracket(0, -near, near * 2), pieces[2]]
    assert inside(block, pieces[:1], low, high) == pieces[:1]
    assert inside(block, pieces[2:], low, high) == []
    assert inside(block, pieces[:1], fmpq(0), high) == []
    assert inside(block, pieces[:1], -near / 2, high) == [Bracket(0, -near / 2, near)]
    wide = [Bracket(0, fmpq(-1), fmpq(2)), Bracket(1, fmpq(1), half_pi)]
    assert [len(group) for group in separate(block, wide)] == [1, 1]


@pytest.mark.parametrize(
    ("layers", "activation", "says"),
    [
        ([([[2.0, 0.0]], [0.0]), ([[1.0]], [0.0])], "hard_tanh", "hard_tanh"),
        ([([[2.0, 0.0]], [0.0]), ([[1.0]], [0.0])], "identity", "identity"),
        ([([[1.0, 0.0]], [2.0]), ([[1.0]], [-2.0]), ([[1.0]], [0.0])], "relu", "2 hidden layers"),
        ([([[1.0, 0.0]], [2.0])], "relu", "0 hidden layers"),
    ],
)
def test_other_mlps_are_refused_by_name(layers, activation, says):
    """hard_tanh(2 sin t) has 3 regions on (.1, 3) and two layers hide zeros: no count was right."""
    block = replace(plain([1, 0], [0]), mlp=Network(layers, activation))
    for view in (count_regions_along, estimate_regions_along, estimate_pattern_changes):
        with pytest.raises(NetworkError, match=says):
            view(block, (0.1, 3))


def test_an_interval_too_long_for_memory_is_refused():
    with pytest.raises(SettingError, match="shorter"):
        count_regions_along(plain([1, 0], [0]), (0, 1e9))
