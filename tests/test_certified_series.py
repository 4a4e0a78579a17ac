"""Operations on numbers, series and matrices of series: within their errors, in arb and in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from geomtoy.certified.bounds import EXP_ERROR, exponential
from geomtoy.certified.matrices import product, product_transposed
from geomtoy.certified.prenorm import inverse_root
from geomtoy.certified.series import degree, multiply, reciprocal, square_root
from geomtoy.certified.split import split_product


def test_the_exponential_is_as_good_as_it_says():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(-699, 699, 300), rng.uniform(-1, 1, 300), [0.0, -1e-300]])
    with ctx.workprec(160):
        worst = max(float(abs(arb(exponential(x)) / arb(x).exp() - 1)) for x in points.tolist())
    assert 0 < worst < EXP_ERROR


def test_reciprocal_and_root_are_within_their_errors():
    """Against series with two more degrees, in rational arithmetic."""
    D, finer = degree(3), degree(9)
    rng = np.random.default_rng(1)
    for scale in (0.01, 0.05):
        f = rng.normal(size=len(D.exponents)) * scale
        f[0] = 1.0
        wide = [Fraction(float(x)) for x in f] + [Fraction(0)] * (len(finer.exponents) - len(f))
        for operation, comparison in ((reciprocal, _reciprocal_at), (square_root, _root_at)):
            g, low, tail = operation(f, 0.0, 0.0, D)
            exact = _by_comparison(wide, finer, comparison)
            n = len(f)
            assert sum(abs(x - Fraction(float(y))) for x, y in zip(exact[:n], g, strict=True)) <= low
            beyond = float(sum(map(abs, exact[n:])))
            assert 0 < beyond <= tail < 200 * beyond


def _by_comparison(f, D, coefficient_at):
    """1 / f or sqrt f, for f = 1 + ..., up to the degree of D, by comparing coefficients one by one."""
    g = [Fraction(1)] + [Fraction(0)] * (len(D.exponents) - 1)
    for m in range(1, len(g)):
        g[m] = coefficient_at(f, g, m, [(b, c) for a, b, c in D.products if a == m])
    return g


def _reciprocal_at(f, g, m, products):
    """From (f g)_m = 0."""
    return -sum(f[b] * g[c] for b, c in products if b > 0)


def _root_at(f, g, m, products):
    """From (g g)_m = f_m."""
    return (f[m] - sum(g[b] * g[c] for b, c in products if b > 0 and c > 0)) / 2


def test_products_of_series():
    D = degree(2)
    out = np.zeros((6, 1))
    multiply(np.array([1.0, 2, 3, 0, 0, 0]), np.array([[5.0], [7], [11], [0], [0], [0]]), D, out)
    assert out[:, 0].tolist() == [5, 17, 26, 14, 43, 33]  # (1 + 2u + 3v) (5 + 7u + 11v)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 99), k=st.sampled_from([1, 2, 7, 64, 300]), spread=st.sampled_from([0, 8, 60])
)
def test_split_products_are_within_their_errors(seed, k, spread):
    """In rational arithmetic, entries of one row differing by up to 2^spread; and the error is small."""
    rng = np.random.default_rng(seed)
    A, B = (rng.normal(size=s) * 2.0 ** rng.integers(-spread, 1, s) for s in ((2, k), (k, 3)))
    C, error = split_product(A, B)
    for i in range(2):
        for j in range(3):
            true = sum(Fraction(x) * Fraction(y) for x, y in zip(A[i], B[:, j], strict=True))
            assert abs(true - Fraction(C[i, j])) <= error[i, j]
    assert (error <= 2**-51 * np.abs(C) + 2**-66 * k**2 * np.abs(A).max() * np.abs(B).max()).all()


def test_products_of_matrices_of_series_are_those_of_entries():
    D, rng = degree(4), np.random.default_rng(0)
    n, none = len(D.exponents), np.zeros
    A, B = rng.normal(size=(n, 2)), rng.normal(size=(n, 1, 2, 3))
    expected = np.zeros((n, 3))
    for m in range(2):
        part = np.empty((n, 3))
        multiply(A[:, m].copy(), np.ascontiguousarray(B[:, 0, m]), D, part)
        expected += part
    errors = none(2), none(2)
    out, low, tail = product(A, *errors, B, none((1, 2, 3)), none((1, 2, 3)), 0, D)
    turned = np.ascontiguousarray(B.transpose(0, 1, 3, 2))
    again = product_transposed(A, *errors, turned, none((1, 3, 2)), none((1, 3, 2)), 0, D)
    np.testing.assert_allclose(out, expected, atol=1e-13)
    np.testing.assert_allclose(out, again[0], atol=1e-13)
    np.testing.assert_allclose([low, tail], again[1:], rtol=1e-12)
    size = np.abs(A).sum(0) @ np.abs(B).sum(0)[0]
    assert (low < 1e-13 * size).all()
    assert (tail <= size).all()


@pytest.mark.parametrize("radius", [0.02, 0.2])
def test_an_inverse_root_is_within_its_error_on_the_polydisc(radius):
    D, s, centre = degree(6), np.array([2.0, 0.5, -0.25, 1.0, 0.5, 2.0]), (0.25, -0.5)
    R, low, tail = np.empty(len(D.exponents)), np.full(1, np.inf), np.empty(1)
    inverse_root(s, 0.0, *centre, radius, radius, D, R, low, tail, 0)
    worst = 0.0
    for x, y in [(1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1)]:
        with ctx.workprec(160):
            u, v = (arb(c) + arb(radius) * e for c, e in zip(centre, (x, y), strict=True))
            powers = (arb(1), u, v, u * u, u * v, v * v)
            true = 1 / sum((arb(c) * p for c, p in zip(s.tolist(), powers, strict=True)), arb(0)).sqrt()
            stored = sum(arb(c) * x ** int(p) * y ** int(q)
                         for c, (p, q) in zip(R.tolist(), D.exponents, strict=True))  # fmt: skip
            worst = max(worst, float(abs(true - stored)))
    assert 10 * low[0] < worst <= low[0] + tail[0]
