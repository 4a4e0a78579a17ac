"""The paper's figures 1 to 5: blocks, planes and arrangements against other ways to the same numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import comb

import numpy as np
import pytest
from flint import fmpq
from geometric_perspective.fig1_partition import self_checks as cones
from geometric_perspective.fig3_region_bounds import arrangement_count, self_checks
from geometric_perspective.fig4_block_sin import given_panel_and_bin
from geometric_perspective.fig5b_encodings import growth_factors
from geometric_perspective.planes import WINDOW, count_soft, random_case, soft_partition
from geometric_perspective.query_planes import QueryPlane, patterns_at
from geometric_perspective.run_blocks import BlockRun, count_blocks, initial_blocks
from geometric_perspective.trends import exponents, growth, growth_rate, power

from geomtoy import Network, count_regions
from geomtoy.block_arrays import unstack_blocks
from geomtoy.models.block import BlockConfig
from geomtoy.training.blocks import BlockFitConfig
from geomtoy.training.trainer import FitConfig
from geomtoy.views.along_time import count_regions_along, estimate_pattern_changes


def rational(rows: np.ndarray) -> list[tuple[fmpq, ...]]:
    return [tuple(fmpq(int(x)) for x in row) for row in rows]


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_arrangement_count_of_generic_and_central_hyperplanes(d):
    rows = np.random.default_rng(d).integers(-(10**6), 10**6, (9, d + 1))
    assert arrangement_count(rational(rows)) == sum(comb(9, k) for k in range(d + 1))
    rows[:, -1] = 0
    assert arrangement_count(rational(rows)) == 2 * sum(comb(8, k) for k in range(d))


def test_arrangement_count_of_degenerate_hyperplanes():
    """A grid with a repeated plane and a constant unit; small integers against sampled sign vectors."""
    grid = [(1, 0, 0, k) for k in range(4)] + [(0, 1, 0, 0), (0, 0, 2, 2), (0, 0, -1, -1), (0, 0, 0, 5)]
    assert arrangement_count(rational(np.array(grid))) == 5 * 2 * 2
    lines = np.array([(1, 0, -1), (1, 1, 0), (1, -1, 0), (0, 1, 0), (2, 2, 2), (1, 2, 1), (2, -1, 0)])
    points = np.array(list(product(np.arange(-6, 6, 0.037), repeat=2)))
    seen = {tuple(signs) for signs in np.sign(points @ lines[:, :2].T + lines[:, 2]) if signs.all()}
    assert arrangement_count(rational(lines)) == len(seen)


def test_more_regions_than_the_bound_are_seen():
    def outcomes(space, window):
        counts = {"whole space": {"2": [space]}, "window": {"2": [window]}, "slice": {}}
        return [check.outcome for check in self_checks({"counts": {"4": counts}})]

    assert outcomes(11, 10) == ["passes", "passes"]
    assert outcomes(10, 10) == ["fails", "passes"]
    assert outcomes(11, 12) == ["passes", "fails"]


def test_a_cone_too_few_is_seen():
    assert cones({"neurons": 5, "regions": {"zero bias": [10, 10]}})[0].outcome == "passes"
    assert cones({"neurons": 5, "regions": {"zero bias": [10, 9]}})[0].violations == 1


@pytest.mark.parametrize("layer_norm", ["none", "mlp"])
def test_counts_are_those_of_the_blocks_kept_with_them(layer_norm):
    block = BlockConfig(d_model=6, d_head=2, context_length=3, hidden=5, layer_norm=layer_norm)
    config = BlockRun(BlockFitConfig(block, FitConfig(steps=3, seeds=2), bins=30))
    arrays = count_blocks(config)
    blocks = unstack_blocks(arrays)
    for s, one in enumerate(blocks):
        found = count_regions_along(one, config.interval)
        assert arrays["regions"][s] == found.regions
        borders = arrays["borders"][s]
        np.testing.assert_allclose(borders[np.isfinite(borders)], found.borders, atol=1e-9)
    assert arrays["certified"].tolist() == [True, True]
    changes = [estimate_pattern_changes(one, config.interval, bins=30) for one in initial_blocks(arrays)]
    assert arrays["initial_pattern_changes"].tolist() == [one.regions for one in changes]


@pytest.mark.parametrize("along", ["contexts", "heads"])
def test_a_trend_is_that_of_its_own_axis(along):
    counts = np.broadcast_to(np.array([1, 2, 3])[:, None, None], (3, 3, 3))  # grows with heads
    numbers = {"heads": [1, 2, 3], "contexts": [10, 20, 30], "n": counts}
    verdict = growth("n grows", numbers, ["n"], along)
    assert verdict.outcome == {"contexts": "fails", "heads": "holds"}[along]
    assert verdict.claim.endswith(
        {"contexts": "the context length", "heads": "the number of heads"}[along]
    )


def test_two_places_are_compared():
    counts = np.stack([np.ones((2, 3)), 2 * np.ones((2, 3))])  # heads, contexts, seeds
    numbers = {"heads": [1, 2], "contexts": [10, 20], "n": counts}
    assert growth("n grows", numbers, ["n"], "heads").outcome == "holds"
    assert growth("n grows", numbers, ["n"], "contexts").outcome == "fails"


def test_exponents_are_those_of_a_power_law_and_leave_out_what_is_not_proven():
    H, C = np.meshgrid([1, 2, 4], [10, 30, 100], indexing="ij")
    counts = np.stack([H**0.5 * C**0.25, 3 * H**-0.1 * C**1.0], axis=2)
    counts[1, 2, 0] = np.nan
    numbers = {"heads": [1, 2, 4], "contexts": [10, 30, 100]}
    found = exponents(numbers, counts)
    np.testing.assert_allclose(found["heads"], [0.5, -0.1])
    np.testing.assert_allclose(found["contexts"], [0.25, 1.0])
    counts[:, :, 1] = np.nan
    assert np.isnan(exponents(numbers, counts)["heads"][1])


def test_a_power_is_that_of_each_seed_without_what_is_not_proven():
    x = [1, 4, 16, 64]
    counts = np.stack([7 * np.power(x, 0.5), 3 * np.power(x, -0.25)], axis=1)
    counts[2, 0] = np.nan
    np.testing.assert_allclose(power(x, counts), [0.5, -0.25])


def test_slopes_decide_growth():
    noise = np.random.default_rng(0).normal(size=(3, 3, 16))
    counts = np.exp(0.3 * np.log([1, 2, 4])[:, None, None] + 0.1 * noise)
    numbers = {"heads": [1, 2, 4], "contexts": [10, 30, 100]}
    assert growth_rate("n grows", numbers, {"n": counts}, "heads").outcome == "holds"
    assert growth_rate("n grows", numbers, {"n": 1 / counts}, "heads").outcome == "fails"


def test_regions_that_lower_the_error_are_told_from_those_that_only_go_with_it():
    """Panels and bins move both; only what is left within them counts."""
    rng = np.random.default_rng(0)
    panels, bins, own = rng.normal(size=4), rng.normal(size=32), rng.normal(size=(4, 8, 32))
    shared = panels[:, None, None] + bins + np.zeros_like(own)

    def found(error: np.ndarray) -> np.ndarray:
        both = zip(np.exp(shared + own), np.exp(error), strict=True)
        return given_panel_and_bin([{"regions_per_bin": r, "rmse_per_bin": e} for r, e in both])

    assert np.abs(found(-shared + rng.normal(size=own.shape))).mean() < 0.2
    assert (found(shared - own) < -0.99).all()


def test_growth_factors_compare_the_right_corners():
    counts = np.array([[[1], [2]], [[10], [40]]])  # contexts, heads, seeds
    factors = growth_factors(counts)
    assert factors["contexts"].ravel().tolist() == [10, 20]
    assert factors["heads"].ravel().tolist() == [2, 4]


@pytest.mark.parametrize("H", [1, 3])
def test_patterns_by_floats_are_those_of_proven_cells(H):
    """Soft and hard, in the middles of cells, on the plane of a trained block's figure."""
    block = replace(
        random_case(0, H, 4)[0], hard=False, frequencies=np.outer([3, 2, 1.5, 1], np.ones(8))
    )
    one = QueryPlane.through(block, (-3.0, 0.5, 2.0), 20_000)
    own = np.array(one.plane.origin, float)

    def by_floats(block, points):
        return patterns_at(block, one.tokens, one.plane.embed(points), own)

    for piece in one.hard_cells().pieces:
        middles = np.array([piece.polygon(k).mean(axis=0) for k in range(len(piece))])
        assert (by_floats(replace(block, hard=True), middles) == piece.activation_patterns).all()
    cells, points = one.cells(), np.random.default_rng(0).uniform(-1, 2, (50, 2))
    found = cells.locate(points)
    expected = cells.activation_patterns[found[found >= 0]]
    assert (by_floats(block, points[found >= 0]) == expected).all()
    assert len(cells) == one.count().regions
    shares = [one.sharper(s).unlike_hard() for s in (1, 1e2, 1e8)]
    assert shares[0] > shares[1] > shares[2] == 0


def test_softmax_beside_hard_attention_has_its_own_key_masked_too():
    block, tokens, plane = random_case(0, 2, 3)
    object.__setattr__(block, "W_Q", 1e-9 * block.W_Q)  # all other tokens weigh the same
    middle = tokens.mean(axis=0)
    shift = sum(middle @ V @ out for V, out in zip(block.W_V, block.W_O, strict=True))
    W, b = block.mlp.float_layers[0]
    exact = count_regions(
        Network([(W, b + W @ shift), (np.ones((1, len(W))), [0])]), slice=plane, window=WINDOW
    )
    assert count_soft((block, tokens, plane)).regions == exact.regions
    assert len(soft_partition((block, tokens, plane))) == exact.regions


def test_fewer_heads_and_tokens_are_the_first_of_more():
    small, large = random_case(1, 2, 3), random_case(1, 5, 9)
    assert (large[0].W_Q[:2] == small[0].W_Q).all()
    assert (small[1] == large[1][:2]).all()
    assert small[2] == large[2]
