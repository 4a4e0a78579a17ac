"""Regions of soft blocks on planes: counts against oracles that share no code."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from soft_blocks import KINDS, all_tokens, block, count, place, series_of, signs, uniform_lines

import geomtoy
from geomtoy.certified import Budget, arrange
from geomtoy.views.plane import count_regions_on_plane


@pytest.mark.parametrize("moving", ["query", "context"])
@pytest.mark.parametrize("seed", range(6))
def test_uniform_attention_has_the_lines_of_count_regions(seed, moving):
    one = block(seed, m=(8, 16, 32)[seed % 3], sharp=0.0)
    plane, still = place(one, seed, moving)
    found = count(one, seed, moving)
    assert found.certified
    assert found.regions == geomtoy.count_regions(uniform_lines(one, plane, still)).regions


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
    points = np.random.default_rng(0).uniform(-1, 1, (20_000, 2))
    for kind in KINDS:
        one = block(41, **KINDS[kind])
        plane, still = place(one, 41, "query")
        patterns = np.unique(signs(one, plane, still, points), axis=0)
        assert len(points) > len(patterns) > 3
        assert len(patterns) <= count(one, 41).regions


def test_a_norm_before_attention_undoes_a_common_scale_of_still_tokens():
    """RMSNorm without epsilon gives 2 x and x the same keys and values; only the residual moves."""
    one = replace(block(2, before=True, centred=False), norm_epsilon=0.0)
    plane, still = place(one, 2, "query")
    found = [count_regions_on_plane(one, plane, tokens=c * still) for c in (1.0, 2.0, 0.3)]
    assert all(each.certified for each in found)
    assert len({each.regions for each in found}) == 1
    np.testing.assert_allclose(found[0].crossings[0], found[1].crossings[0], atol=1e-9)
