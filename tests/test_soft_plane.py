"""Curved borders of soft blocks: bounds against arb, and counts against oracles that share no code."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from flint import arb, arb_mat, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

import geomtoy
from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import Budget, arrange
from geomtoy.certified.bounds import EXP_ERROR, exponential
from geomtoy.certified.layout import in_rows
from geomtoy.certified.matrices import product, product_transposed
from geomtoy.certified.prenorm import inverse_root, normed_series
from geomtoy.certified.series import degree, multiply, reciprocal, square_root
from geomtoy.certified.softmax import patch_series
from geomtoy.certified.split import split_product
from geomtoy.errors import NetworkError, SettingError, SliceError, WindowError
from geomtoy.network import Network
from geomtoy.slices import Slice
from geomtoy.views.along_time import count_regions_along
from geomtoy.views.block_readout import block_readout
from geomtoy.views.frozen import enumerate_frozen
from geomtoy.views.hard_attention import enumerate_hard_attention
from geomtoy.views.mlp_input import reachable_window
from geomtoy.views.normed_plane import normed_functions
from geomtoy.views.plane import count_regions_on_plane
from geomtoy.views.soft_plane import plane_functions

KINDS = {
    "plain": {},
    "no residual": {"residual": False, "sharp": 4.0},
    "layer norm": {"norm": True},
    "rms norm": {"norm": True, "centred": False},
    "sharp": {"sharp": 8.0},
    "norm before": {"before": True},
    "both norms, not centred": {"before": True, "norm": True, "centred": False, "sharp": 3.0},
}


def block(
    seed, T=5, H=2, d=6, f=3, m=10, residual=True, norm=False, centred=True, sharp=1.0, before=False
):
    rng = np.random.default_rng(seed)
    W_Q, W_K, W_V = (rng.normal(size=(H, d, f)) / np.sqrt(d) for _ in range(3))
    mlp = Network(
        [
            (rng.normal(size=(m, d)) * 1.4 / np.sqrt(d), rng.normal(size=m) / 2),
            (np.ones((1, m)), [0.0]),
        ]
    )
    return BlockArrays(
        np.zeros((T, d // 2)), W_Q, W_K, W_V, rng.normal(size=(H, f, d)) / np.sqrt(H * f), mlp,
        norm_gain=1 + rng.normal(size=d) / 10 if norm else None,
        norm_bias=rng.normal(size=d) / 10 if norm else None,
        scale=sharp / np.sqrt(f), residual=residual, centred_norm=centred,
        attention_norm_gain=1 + rng.normal(size=d) / 10 if before else None,
        attention_norm_bias=rng.normal(size=d) / 10 if before else None,
    )  # fmt: skip


def place(one, seed, moving):
    """A plane, and the tokens that stand still (or None), for a block."""
    rng = np.random.default_rng(1000 + seed)
    T, d = one.context_length, one.d_model
    n = d if moving == "query" else T * d
    still = rng.normal(size=(T - 1, d)) if moving == "query" else None
    return Slice(*rng.normal(size=(3, n))), still


def all_tokens(plane, still, d, points):
    moved = plane.embed(points)
    if still is None:
        return moved.reshape(len(points), -1, d)
    return np.concatenate([np.broadcast_to(still, (len(points), *still.shape)), moved[:, None]], axis=1)


def affine_tokens(plane, still, d):
    parts = np.array([plane.origin, plane.u, plane.v], float)
    if still is None:
        return parts.reshape(3, -1, d)
    X = np.zeros((3, len(still) + 1, d))
    X[0, :-1], X[:, -1] = still, parts
    return X


def signs(one, plane, still, points):
    x = all_tokens(plane, still, one.d_model, points)
    return one.mlp.preactivations(one.mlp_input(x))[0] > 0


def count(one, seed, moving="query", **kwargs):
    plane, still = place(one, seed, moving)
    return count_regions_on_plane(one, plane, tokens=still, moving=moving, **kwargs)


def series_of(one, plane, still):
    X, after = affine_tokens(plane, still, one.d_model), block_readout(one)
    if one.attention_norm:
        return partial(normed_series, in_rows(normed_functions(one, (X, np.zeros_like(X)), after)))
    return partial(patch_series, in_rows(plane_functions(one, (X, np.zeros_like(X)), after)))


# Bounds


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
        for operation, check in ((reciprocal, (1, 1)), (square_root, (2, 0))):
            g, low, tail = operation(f, 0.0, 0.0, D)
            exact = _newton_series(wide, finer, check)
            n = len(f)
            assert sum(abs(x - Fraction(float(y))) for x, y in zip(exact[:n], g, strict=True)) <= low
            beyond = float(sum(map(abs, exact[n:])))
            assert 0 < beyond <= tail < 200 * beyond


def _newton_series(f, D, kind):
    """1 / f or sqrt f up to the degree of D, by comparing coefficients."""
    n = len(D.exponents)
    g = [Fraction(0)] * n
    g[0] = Fraction(1)
    for m in range(1, n):
        products = [(b, c) for a, b, c in D.products if a == m]
        if kind[1]:
            g[m] = -sum(f[b] * g[c] for b, c in products if b > 0)
        else:
            g[m] = (f[m] - sum(g[b] * g[c] for b, c in products if b > 0 and c > 0)) / 2
    return g


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moving", ["query", "context"])
def test_series_hold_the_true_functions(kind, moving):
    """Values in ball arithmetic at random points of random patches stay within the proven error."""
    D, used = degree(8), 0.0
    for seed in range(3):
        one = block(seed, **KINDS[kind], m=4)
        plane, still = place(one, seed, moving)
        series = series_of(one, plane, still)
        rng = np.random.default_rng(seed)
        for radius in (0.05, 0.001):
            cx, cy = rng.uniform(-0.9, 0.9, 2)
            c, low, tail, _, fine = series(cx, cy, radius, radius, D)
            assert fine
            for s, t in rng.uniform(-1, 1, (3, 2)):
                true = _ball(
                    one, plane, still, arb(cx) + arb(radius) * arb(s), arb(cy) + arb(radius) * arb(t)
                )
                for i, z in enumerate(true):
                    with ctx.workprec(200):
                        stored = sum(
                            (
                                arb(float(c[k, i])) * arb(s) ** int(p) * arb(t) ** int(q)
                                for k, (p, q) in enumerate(D.exponents)
                            ),
                            arb(0),
                        )
                        error = float(abs(z - stored))
                    assert error <= low[i] + tail[i]
                    used = max(used, error / (low[i] + tail[i]))
    assert used > 1e-4  # the bound is not idle


def _ball(one, plane, still, u, v):
    """Preactivations, times a norm's deviation, at (u, v) in 200-bit ball arithmetic."""
    with ctx.workprec(200):
        moved = [arb(float(o)) + u * arb(float(a)) + v * arb(float(b))
                 for o, a, b in zip(plane.origin, plane.u, plane.v, strict=True)]  # fmt: skip
        d = one.d_model
        rows = [moved[k : k + d] for k in range(0, len(moved), d)]
        if still is not None:
            rows = [[arb(x) for x in row] for row in still.tolist()] + rows
        last = arb_mat([rows[-1]])
        y = last if one.residual else last * 0
        if one.attention_norm:
            norm = one.attention_norm_gain.tolist(), one.attention_norm_bias.tolist()
            rows = [_normed_ball(one, row, *norm) for row in rows]
        x, last = arb_mat(rows), arb_mat([rows[-1]])
        for W_Q, W_K, W_V, W_O in zip(
            *([arb_mat(A.tolist()) for A in part] for part in (one.W_Q, one.W_K, one.W_V, one.W_O)),
            strict=True,
        ):
            scores = ((last * W_Q) * (x * W_K).transpose()).entries()
            weights = [(s * arb(float(one.scale))).exp() for s in scores]
            y = y + arb_mat([weights]) * x * W_V * W_O * (1 / sum(weights, arb(0)))
        y = y.entries()
        W, b = (A.tolist() for A in one.mlp.layers[0])
        if not one.layer_norm:
            return [
                sum((arb(w) * z for w, z in zip(row, y, strict=True)), arb(c))
                for row, c in zip(W, b, strict=True)
            ]
        if one.centred_norm:
            mean = sum(y, arb(0)) / d
            y = [z - mean for z in y]
        sigma = (sum((z * z for z in y), arb(0)) / d + arb(one.norm_epsilon)).sqrt()
        gain, shift = one.norm_gain.tolist(), one.norm_bias.tolist()
        n = [z * arb(g) + arb(s) * sigma for z, g, s in zip(y, gain, shift, strict=True)]
        return [
            sum((arb(w) * z for w, z in zip(row, n, strict=True)), arb(c) * sigma)
            for row, c in zip(W, b, strict=True)
        ]


def _normed_ball(one, row, gain, shift):
    mean = sum(row, arb(0)) / len(row) if one.centred_norm else arb(0)
    row = [z - mean for z in row]
    sigma = (sum((z * z for z in row), arb(0)) / len(row) + arb(one.norm_epsilon)).sqrt()
    return [z / sigma * arb(g) + arb(s) for z, g, s in zip(row, gain, shift, strict=True)]


# Oracles


@pytest.mark.parametrize("moving", ["query", "context"])
@pytest.mark.parametrize("seed", range(6))
def test_uniform_attention_has_the_lines_of_count_regions(seed, moving):
    one = block(seed, m=(8, 16, 32)[seed % 3], sharp=0.0)
    plane, still = place(one, seed, moving)
    X = affine_tokens(plane, still, one.d_model)
    y = X[:, -1] + np.einsum("rtd,hdf,hfe->re", X, one.W_V, one.W_O) / X.shape[1]
    W, b = one.mlp.float_layers[0]
    lines = Network([((y[1:] @ W.T).T, y[0] @ W.T + b), (np.ones((1, len(b))), [0.0])])
    found = count(one, seed, moving)
    assert found.certified
    assert found.regions == geomtoy.count_regions(lines).regions


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moving", ["query", "context"])
def test_boundary_zeros_are_those_of_dense_samples(kind, moving):
    one = block(7, **KINDS[kind])
    plane, still = place(one, 7, moving)
    found = count(one, 7, moving)
    assert found.certified
    t = np.linspace(-1, 1, 20_001)
    total = 0
    for side in (-1.0, 1.0):
        for points in (
            np.column_stack([np.full_like(t, side), t]),
            np.column_stack([t, np.full_like(t, side)]),
        ):
            on = signs(one, plane, still, points)
            total += np.count_nonzero(on[1:] != on[:-1])
    assert found.boundary_zeros == total


@pytest.mark.parametrize("kind", KINDS)
def test_crossings_are_zeros_of_both_units_and_newton_finds_no_other(kind):
    one = block(11, **KINDS[kind])
    plane, still = place(one, 11, "query")
    found = count(one, 11)
    assert found.certified

    def z(p):
        return one.mlp.preactivations(one.mlp_input(all_tokens(plane, still, one.d_model, p)))[0]

    step, (east, north) = 1e-6, np.eye(2)
    grid = np.linspace(-0.98, 0.98, 25)
    start = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    total = 0
    m = len(one.mlp.layers[0][0])
    for i in range(m):
        for j in range(i):
            p = start.copy()
            for _ in range(15):
                f = z(p)[:, [i, j]]
                fu = (z(p + step * east)[:, [i, j]] - f) / step
                fv = (z(p + step * north)[:, [i, j]] - f) / step
                det = fu[:, 0] * fv[:, 1] - fu[:, 1] * fv[:, 0]
                move = np.stack(
                    [fv[:, 1] * f[:, 0] - fv[:, 0] * f[:, 1], fu[:, 0] * f[:, 1] - fu[:, 1] * f[:, 0]], 1
                )
                p = p - np.clip(np.nan_to_num(move / det[:, None]), -0.3, 0.3)
            good = (np.abs(z(p)[:, [i, j]]).max(axis=1) < 1e-9) & (np.abs(p).max(axis=1) < 1)
            roots = np.unique(np.round(p[good], 5), axis=0)
            distinct = [
                r for k, r in enumerate(roots) if not (np.abs(roots[:k] - r).max(axis=1) < 1e-4).any()
            ]
            mine = found.crossings[(np.sort(found.crossing_units, axis=1) == [j, i]).all(axis=1)]
            for r in distinct:
                assert np.abs(mine - r).max(axis=1).min() < 1e-4
            total += len(distinct)
    assert total == len(found.crossings)


@pytest.mark.parametrize("kind", ["plain", "layer norm", "sharp"])
@pytest.mark.parametrize("moving", ["query", "context"])
def test_counts_do_not_depend_on_how_they_are_found(kind, moving):
    one = block(21, **KINDS[kind], m=14)
    plane, still = place(one, 21, moving)
    series = series_of(one, plane, still)
    budgets = [
        Budget(),
        Budget(order=6),
        Budget(tolerance=1e-4),
        Budget(ratio=0.55),
        Budget(order=12, ratio=0.43),
    ]
    found = [arrange(series, budget) for budget in budgets]
    assert all(one.proven for one in found)
    assert len({(a.regions, len(a.crossings), a.boundary_zeros, a.loops) for a in found}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_halves_of_a_window_glue(kind):
    """F = F_left + F_right - 1 - (zeros on the cut), when no border is a loop over the cut."""
    one = block(31, **KINDS[kind])
    plane, still = place(one, 31, "query")
    x = Fraction(1, 7)
    whole = count(one, 31)
    left, right = (
        count_regions_on_plane(one, plane, tokens=still, window=((a, -1), (b, -1), (b, 1), (a, 1)))
        for a, b in ((-1, x), (x, 1))
    )
    assert all(part.certified for part in (whole, left, right))
    assert len(whole.crossings) == len(left.crossings) + len(right.crossings)
    cut = left.boundary_zeros + right.boundary_zeros - whole.boundary_zeros
    t = np.linspace(-1, 1, 20_001)
    on = signs(one, plane, still, np.column_stack([np.full_like(t, float(x)), t]))
    assert cut == 2 * np.count_nonzero(on[1:] != on[:-1])
    if whole.islands == left.islands == right.islands == 0:
        assert whole.regions == left.regions + right.regions - 1 - cut // 2


def test_every_sampled_pattern_needs_a_region():
    one = block(41, m=12, sharp=6.0)
    plane, still = place(one, 41, "query")
    points = np.random.default_rng(0).uniform(-1, 1, (20_000, 2))
    patterns = np.unique(signs(one, plane, still, points), axis=0)
    assert len(patterns) <= count(one, 41).regions


# Degenerate blocks


def degenerate(W, b):
    """A block without attention: z = W (s, t) + b on the plane of the query."""
    zero = np.zeros((1, 2, 1))
    mlp = Network([(np.asarray(W, float), np.asarray(b, float)), (np.ones((1, len(W))), [0.0])])
    return BlockArrays(np.zeros((1, 1)), zero, zero, zero, np.zeros((1, 1, 2)), mlp)


PLAIN = Slice((0, 0), (1, 0), (0, 1))


@pytest.mark.parametrize(
    ("W", "b", "regions"),
    [
        ([[1, 2], [-2, -4], [0.5, 1]], [0.25, -0.5, 0.125], 2),  # twins and proportional units
        ([[1, 2], [0, 0], [0, 0]], [0.25, 0, 3], 2),  # zero units and constant ones cut nothing
        ([[0, 0]], [0], 1),
        ([[1, 0]], [-2], 1),  # never on
        ([[1, 0.1], [0.1, 1]], [0, 0], 4),
    ],
)
def test_degenerate_units_are_folded(W, b, regions):
    found = count_regions_on_plane(degenerate(W, b), PLAIN)
    assert (found.certified, found.regions) == (True, regions)


@pytest.mark.parametrize(
    ("W", "b"),
    [
        ([[1, 1]], [2]),  # through a corner
        ([[1, 0.5], [0.25, 1], [1, -1]], [0, 0, 0]),  # three through a point
        ([[1, 0.5], [1, 0.25]], [1, 1]),  # a crossing on the boundary
    ],
)
def test_what_cannot_be_proven_is_said_and_costs_little(W, b):
    found = count_regions_on_plane(degenerate(W, b), PLAIN, max_patches=3000)
    assert (found.certified, found.kind) == (False, "lower bound")
    assert found.at_least >= 1
    assert found.evaluations <= 3000


@pytest.mark.parametrize("axis", [0, 1])
def test_boxes_at_a_border_along_a_side_keep_their_width(axis):
    """Scores that vary along the side alone ask for cuts across it, and none is ever enough."""

    def series(u, v, ru, rv, D):
        c = np.zeros((len(D.exponents), 1))
        c[0], c[1 + axis] = (u, v)[axis] - 1, (ru, rv)[axis]
        return c, np.full(1, 1e-15), np.zeros(1), np.eye(2)[1 - axis], True

    found = arrange(series, Budget(patches=3000))
    assert (found.proven, found.at_least) == (False, 1)
    assert (found.patch_boxes[:, 1::2] > found.patch_boxes[:, ::2]).all()


def test_a_triple_point_leaves_a_lower_bound():
    """Three lines through a point make 6 regions; taken for three crossings they would make 7."""
    found = count_regions_on_plane(degenerate([[1, 0.5], [0.25, 1], [1, -0.5]], [0, 0, 0]), PLAIN)
    assert not found.certified
    assert 1 < found.at_least <= 6
    assert "three borders" in found.guarantee


def test_a_budget_holds_and_what_was_proven_is_returned():
    one = block(3, m=20)
    found = count(one, 3, max_patches=5)
    assert (found.certified, found.evaluations) == (False, 5)
    assert 1 <= found.regions == found.at_least <= count(one, 3).regions
    assert len(found.open_boxes)


def test_what_is_not_soft_or_does_not_fit_is_refused():
    one = block(0)
    plane, still = place(one, 0, "query")
    with pytest.raises(SettingError, match="hard"):
        count_regions_on_plane(replace(one, hard=True), plane, tokens=still)
    with pytest.raises(SettingError, match="moving"):
        count_regions_on_plane(one, plane, tokens=still, moving="all")
    with pytest.raises(SliceError, match="tokens"):
        count_regions_on_plane(one, plane, tokens=still[:, :3])
    with pytest.raises(SliceError, match="context"):
        count_regions_on_plane(one, plane, tokens=still, moving="context")
    with pytest.raises(WindowError, match="parallelogram"):
        count_regions_on_plane(one, plane, tokens=still, window=((0, 0), (1, 0), (0, 1)))
    tanh = replace(one, mlp=Network(one.mlp.layers, "hard_tanh"))
    with pytest.raises(NetworkError, match="hard_tanh"):
        count_regions_on_plane(tanh, plane, tokens=still)


def test_views_that_do_not_read_a_norm_before_attention_refuse_it(tmp_path):
    one = block(0, before=True)
    one.save(tmp_path / "block.npz")
    stored = BlockArrays.load(tmp_path / "block.npz")
    points = np.random.default_rng(0).normal(size=(3, 5, 6))
    assert (stored.mlp_input(points) == one.mlp_input(points)).all()
    assert (stored.mlp_input(points) != block(0).mlp_input(points)).all()
    plane, still = place(one, 0, "query")
    tokens = np.vstack([still, [plane.origin]])
    for view in (
        lambda: count_regions_along(one, (0, 1)),
        lambda: enumerate_hard_attention(replace(one, hard=True), still, plane),
        lambda: enumerate_frozen(one, tokens, -1, plane),
        lambda: reachable_window(one, tokens, plane),
    ):
        with pytest.raises(NetworkError, match="norm before attention"):
            view()


def test_a_norm_before_attention_undoes_a_common_scale_of_still_tokens():
    """RMSNorm without epsilon gives 2 x and x the same keys and values; only the residual moves."""
    one = replace(block(2, before=True, centred=False), norm_epsilon=0.0)
    plane, still = place(one, 2, "query")
    found = [count_regions_on_plane(one, plane, tokens=c * still) for c in (1.0, 2.0, 0.3)]
    assert all(each.certified for each in found)
    assert len({each.regions for each in found}) == 1
    np.testing.assert_allclose(found[0].crossings[0], found[1].crossings[0], atol=1e-9)
