"""The figure scripts of blocks at a tiny size: the same bytes again, no training twice, true trends."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from geomtoy.block_arrays import unstack_blocks
from geomtoy.models.block import BlockConfig
from geomtoy.training.count_blocks import CountConfig, count_blocks, initial_blocks
from geomtoy.training.fit_block import BlockFitConfig
from geomtoy.training.trainer import FitConfig
from geomtoy.verdicts import Outcome
from geomtoy.views.along_time import count_regions_along, estimate_pattern_changes

SCRIPTS = Path(__file__).parents[1] / "scripts"
FEW = ["--steps", "4", "--bins", "20", "--batch", "10", "--seeds", "2", "--workers", "1"]
GRID = ["--heads", "1", "2", "--contexts", "2", "3"]
TINY = {
    "fig4_block_sin": [*FEW, *GRID],
    "fig5_regions_grid": [*FEW, *GRID],
    "fig5b_encodings": [
        *FEW, *GRID, "--encodings", "geometric", "from_query", "--variants", "plain",
    ],
    "fig_hard_attention": ["--heads", "1", "2", "--contexts", "3", "4", "--seeds", "2"],
    "fig_id": [*FEW, *GRID],
}  # fmt: skip
TRAINED = [name for name in TINY if name != "fig_hard_attention"]


@pytest.fixture(autouse=True)
def scripts_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Shared by all figures: fig5 and fig_id read the same blocks."""
    return tmp_path_factory.mktemp("results")


def run(name: str, out: Path, results: Path, *options: str) -> dict:
    import_module(name).main([*TINY[name], "--out", str(out), "--results", str(results), *options])
    return json.loads((out / f"{name}.json").read_text())


@pytest.mark.parametrize("name", TINY)
def test_a_figure_and_its_record_are_the_same_again(name, tmp_path, results):
    first, again = tmp_path / "first", tmp_path / "again"
    record = run(name, first, results)
    run(name, again, results)
    for kind in ("png", "json"):
        one, other = ((folder / f"{name}.{kind}").read_bytes() for folder in (first, again))
        assert one == other, kind
    assert record["verdicts"]
    assert all(verdict["outcome"] in {*Outcome} for verdict in record["verdicts"])


def test_training_again_gives_the_same_record(tmp_path, results):
    run("fig5_regions_grid", tmp_path / "first", results)
    run("fig5_regions_grid", tmp_path / "again", tmp_path / "results")
    one, other = ((tmp_path / f / "fig5_regions_grid.json").read_text() for f in ("first", "again"))
    assert one == other


@pytest.mark.parametrize("name", TRAINED)
def test_redrawing_does_not_train_again(name, tmp_path, results, monkeypatch):
    run(name, tmp_path, results)
    monkeypatch.setattr("geomtoy.training.count_blocks.fit_block_arrays", None)
    run(name, tmp_path, results)


def test_all_are_made_together():
    assert set(TINY) <= set(import_module("make_figures").NAMES)
    assert "figure" not in import_module("make_figures").NAMES


def test_full_settings_have_a_name_of_their_own():
    blocks = import_module("blocks")
    parser = blocks.grid_arguments("")
    args = parser.parse_args(["--full"])
    assert blocks.full(args, "x", **blocks.FULL_GRID) == "x_full"
    assert len(blocks.grid_of_blocks(args)) == 100
    assert args.seeds == 4
    args = parser.parse_args([])
    assert blocks.full(args, "x", **blocks.FULL_GRID) == "x"
    assert len(blocks.grid_of_blocks(args)) == 12


@pytest.mark.parametrize("layer_norm", ["none", "mlp"])
def test_counts_are_those_of_the_blocks_kept_with_them(layer_norm):
    block = BlockConfig(d_model=6, d_head=2, context_length=3, hidden=5, layer_norm=layer_norm)
    config = CountConfig(BlockFitConfig(block, FitConfig(steps=3, seeds=2), bins=30), certify=1)
    arrays = count_blocks(config)
    blocks = unstack_blocks(arrays)
    for s, one in enumerate(blocks):
        found = count_regions_along(one, config.interval)
        assert arrays["regions"][s] == found.regions
        borders = arrays["borders"][s]
        np.testing.assert_allclose(borders[np.isfinite(borders)], found.borders, atol=1e-9)
    assert arrays["certified"].tolist() == [True, False]
    changes = [estimate_pattern_changes(one, config.interval, bins=30) for one in initial_blocks(arrays)]
    assert arrays["initial_pattern_changes"].tolist() == [one.regions for one in changes]


def test_growth_is_judged_line_by_line():
    trends = import_module("trends")
    up, down, flat = np.arange(4.0), -np.arange(4.0), np.zeros(4)
    values = np.stack([up, down, flat], axis=1)[:, :, None]
    rho = trends.rank_correlations(values)
    np.testing.assert_allclose(rho, [[1], [-1], [0]])
    assert trends.growth(rho[:1]) == "holds"
    assert trends.growth(rho) == "mixed"
    assert trends.growth(rho[1:]) == "fails"


@pytest.mark.parametrize("along", ["context", "heads"])
def test_a_trend_is_that_of_its_own_axis(along):
    trends = import_module("trends")
    counts = np.broadcast_to([[1, 2, 3], [1, 2, 3]], (2, 2, 3)).swapaxes(0, 2)[
        :, :, :1
    ]  # grows with heads
    verdict = trends.trend_verdict(
        "n", {"n": counts}, [1, 2, 3], [10, 20], along, decisive=["n"], note=""
    )
    assert verdict.outcome == {"context": "fails", "heads": "holds"}[along]


def test_growth_factors_compare_the_right_corners():
    counts = np.array([[[1], [2]], [[10], [40]]])  # contexts, heads, seeds
    factors = import_module("fig5b_encodings").growth_factors(counts)
    assert factors["context"].ravel().tolist() == [10, 20]
    assert factors["heads"].ravel().tolist() == [2, 4]


def test_soft_patterns_are_those_of_hard_attention_at_low_temperature():
    """A query whose scores are scaled up attends to the greatest alone: both then agree."""
    figure = import_module("fig_hard_attention")
    block, tokens, plane = figure.random_case(0, 2, 4)
    found = figure.partition((block, tokens, plane))
    object.__setattr__(block, "W_Q", 1e6 * block.W_Q)
    for piece in found.pieces:
        middle = np.array([piece.polygon(k).mean(axis=0) for k in range(len(piece))])
        vectors = (np.array(vector, float) for vector in (plane.origin, plane.u, plane.v))
        origin, u, v = vectors
        queries = origin + middle[:, :1] * u + middle[:, 1:] * v
        patterns = figure.soft_patterns(block, tokens, queries)
        assert (patterns == piece.activation_patterns.astype(bool)).all()


def test_fewer_heads_and_tokens_are_the_first_of_more():
    figure = import_module("fig_hard_attention")
    small, large = figure.random_case(1, 2, 3), figure.random_case(1, 5, 9)
    assert (large[0].W_Q[:2] == small[0].W_Q).all()
    assert (small[1] == large[1][:2]).all()
    assert small[2] == large[2]
