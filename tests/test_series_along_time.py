"""Sines, series along time and their zeros: enclosures, with arb and jax as judges."""

from __future__ import annotations

import numpy as np
from blocks_in_time import plain, random_block
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from geomtoy.certified.layout import in_rows
from geomtoy.certified.path import path_series
from geomtoy.certified.polynomials import horner
from geomtoy.certified.series import degree
from geomtoy.certified.sines import SINE_ERROR, sine_cosine
from geomtoy.certified.zeros import simple_zeros
from geomtoy.views import balls
from geomtoy.views.block_readout import block_readout
from geomtoy.views.order import inside, merge, separate
from geomtoy.views.scan import Preactivations
from geomtoy.views.soft_path import Bracket, path_functions

# Sines


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


# Preactivations

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


# Zeros


def roots_of(c, error):
    """Brackets of zeros in [-1, 1], and what stays open, of a polynomial known up to an error."""
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
