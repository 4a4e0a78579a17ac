"""The figures of weight truncation at a tiny size: the same bytes again, and verdicts by their rules."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.tasks.recall import RecallTask
from geomtoy.theory.associative_memory import descend
from geomtoy.training.recall_runs import run_recall

SCRIPTS = Path(__file__).parents[1] / "scripts"
TINY = [
    "--alphas", "0.3", "0.5", "--steps", "6", "--batch", "4", "--d-model", "8", "--test", "8",
    "--workers", "1",
]  # fmt: skip
TRAINED = [
    "fig_lens_truncation",
    "fig_trunc_gain",
    "fig_trunc_matrices",
    "fig_trunc_order",
    "fig_trunc_training",
]


@pytest.fixture(autouse=True)
def scripts_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@cache
def the_run(config):
    return run_recall(config)


def run_once(config):
    """One model is trained, with its parameters kept; its arrays stand for all runs."""
    return the_run(replace(config, task=RecallTask(), mlp_layers=(1,), keep=(0, 4)))


@pytest.mark.parametrize("name", TRAINED)
def test_all_figures_share_one_training_and_come_out_the_same(name, tmp_path, results, monkeypatch):
    if any(results.iterdir()):
        monkeypatch.setattr("geomtoy.training.recall_runs.fit_tokens", None)
    monkeypatch.setattr(import_module("truncation"), "run_recall", run_once)
    if name == "fig_trunc_order":
        monkeypatch.setattr(import_module(name), "SEQUENCES", 50)
    for folder in ("first", "again"):
        import_module(name).main([*TINY, "--out", str(tmp_path / folder), "--results", str(results)])
    for kind in ("png", "json"):
        one, other = ((tmp_path / f / f"{name}.{kind}").read_bytes() for f in ("first", "again"))
        assert one == other, kind
    assert json.loads((tmp_path / "first" / f"{name}.json").read_text())["verdicts"]


def test_the_memory_holds(tmp_path):
    import_module("fig_trunc_memory").main(["--out", str(tmp_path)])
    record = json.loads((tmp_path / "fig_trunc_memory.json").read_text())
    (verdict,) = record["verdicts"]
    assert verdict["outcome"] == "holds"
    assert verdict["seeds"] == 3


def test_the_memory_fails_where_truncation_does_nothing():
    figure = import_module("fig_trunc_memory")
    histories = {n: descend(n, figure.ALPHA, figure.STEPS, figure.RATE) for n in figure.SIZES}
    same = {n: figure.whole(n, history)[None] for n, history in histories.items()}
    assert figure.cure_verdict(histories, same).outcome == "mixed"  # n = 4 is as claimed
    better = {n: 0.01 * p for n, p in same.items()}
    assert figure.cure_verdict({4: histories[4], 2: histories[2]}, better).outcome == "mixed"


def test_make_figures_finds_them():
    assert {*TRAINED, "fig_trunc_memory"} <= set(import_module("make_figures").NAMES)


def test_full_settings_have_a_name_of_their_own():
    truncation, blocks = import_module("truncation"), import_module("blocks")
    args = truncation.truncation_arguments("").parse_args(["--full"])
    assert blocks.full(args, "x", **truncation.FULL) == "x_full"
    assert args.seeds >= 3
    assert truncation.setting(args, 0.3, 1).d_model == 128
    assert truncation.setting(args, 0.3, 1).keep == ()


def test_the_shown_alpha_must_be_there(tmp_path):
    with pytest.raises(SettingError, match="shown is 0"):
        import_module("fig_trunc_gain").main([*TINY, "--shown", "0.9", "--results", str(tmp_path)])


def noise(ratios) -> dict[str, np.ndarray]:
    """(alphas, seeds) of p(noise), whole over dropped."""
    dropped = np.full(np.shape(ratios), 0.01)
    return {"p_noise": np.stack([dropped * ratios, dropped], axis=-1)}


@pytest.mark.parametrize(
    ("ratios", "holds"),
    [([[10.1, 20], [30, 11]], "holds"), ([[9.9, 20], [30, 11]], "mixed"), ([[9, 99], [99, 9]], "fails")],
)
def test_tenfold_is_asked_of_every_seed_at_every_alpha(ratios, holds):
    assert import_module("fig_trunc_gain").tenfold_verdict([0.1, 0.3], noise(ratios)).outcome == holds


@pytest.mark.parametrize(
    ("gains", "holds"),
    [([0.1, 0.2, 0.3], "holds"), ([0.1, 0.3, 0.2], "mixed"), ([0.3, 0.2, 0.1], "fails")],
)
def test_growth_is_asked_from_each_alpha_to_the_next(gains, holds):
    found = {"p_correct": np.stack([np.full(3, 0.5), np.add(0.5, gains)], axis=-1)[:, None]}
    assert import_module("fig_trunc_gain").growth_verdict([0.1, 0.3, 0.5], found).outcome == holds


@pytest.mark.parametrize(("loss", "holds"), [(0.5, "holds"), (1.5, "fails")])
def test_recall_improves_where_probability_rises_and_loss_falls(loss, holds):
    scores = {"p_correct": np.array([[0.5, 0.4, 0.8]] * 2), "loss": np.array([[1.0, 2.0, loss]] * 2)}
    verdict = import_module("fig_trunc_training").recall_verdict({0.3: scores}, [1, 0.5, 0])
    assert verdict.outcome == holds
    assert verdict.statistic["best rho by alpha"] == {0.3: 0}


def history(margins, masses) -> dict[str, np.ndarray]:
    layers = np.stack([np.zeros(len(masses)), masses], axis=1)
    return {"at": np.array([0, 5, 10]), "margin_mlp": np.array(margins), "mass_answer": layers}


@pytest.mark.parametrize(
    ("margins", "masses", "steps", "first"),
    [
        ([-1, 1, 1], [0.1, 0.2, 0.6], (5, 10), True),
        ([-1, -1, 1], [0.1, 0.6, 0.6], (10, 5), False),
        ([-1, 1, -1], [0.1, 0.1, 0.1], (5, None), True),
        ([-1, -1, -1], [0.1, 0.1, 0.1], (None, None), False),
    ],
)
def test_the_first_part_to_learn(margins, masses, steps, first):
    figure = import_module("fig_trunc_order")
    assert figure.learning_steps(history(margins, masses)) == steps
    assert figure.precedes(*steps) is first


def test_a_cure_lowers_noise_tenfold_and_costs_nothing():
    cured = import_module("fig_trunc_matrices").cured
    p_noise = np.array([[0.4, 0.1, 0.03], [0.4, 0.1, 0.03], [0.4, 0.1, 0.05]])
    p_correct = np.array([[0.5, 0.5, 0.6], [0.5, 0.5, 0.4], [0.5, 0.5, 0.6]])
    assert cured(p_correct, p_noise).tolist() == [True, False, False]


@pytest.mark.parametrize(("out", "holds"), [(0.03, "holds"), (0.3, "mixed")])
def test_both_sides_of_the_mlp_must_cure_without_being_dropped(out, holds):
    def scores(low):
        return {"p_noise": np.array([[0.4, low, 0.01]]), "p_correct": np.array([[0.5, 0.6, 0.7]])}

    sides = {"layers.1.mlp.hidden.0.kernel": scores(0.02), "layers.1.mlp.out.kernel": scores(out)}
    assert import_module("fig_trunc_matrices").side_verdict(sides).outcome == holds
    neither = dict.fromkeys(sides, scores(0.3))
    assert import_module("fig_trunc_matrices").side_verdict(neither).outcome == "fails"


@pytest.mark.parametrize(("left", "holds"), [(0.4, "holds"), (0.6, "mixed"), (0.8, "fails")])
def test_regions_are_cut_where_recall_has_most_of_its_gain(left, holds):
    by_rank = {
        "p_correct": np.array([[0.5, 0.6, 0.79, 0.8]]),  # nine tenths of the gain at the third
        "p_noise": np.array([[0.4, 0.3, 0.1, 0.0]]),
        "regions": np.array([[100, 100, 100 * left, 1.0]]),
    }
    verdict = import_module("fig_lens_truncation").cut_verdict("regions", (8, 4, 2, 0), by_rank)
    assert verdict.outcome == holds
    assert verdict.statistic["greatest rank with nine tenths of the gain, each seed"] == [2]


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ([[9, 8, 4], [9, 8, 5]], "holds"),
        ([[9, 8, 4], [9, 8, 11]], "mixed"),
        ([[9, 8, 7], [20, 8, 9]], "fails"),
    ],
)
def test_a_jump_is_seen_where_all_seeds_move_one_way(values, holds):
    along = {"p_correct": np.array([[0.02, 0.03, 0.9]] * 2), "patterns": np.array(values, float)}
    verdict = import_module("fig_lens_truncation").jump_verdict("patterns", [0, 50, 100], along)
    assert verdict.outcome == holds
    assert verdict.statistic["last step before it, each seed"] == [50, 50]
