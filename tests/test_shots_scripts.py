"""The figures of few-shot prompts: planted relations are told apart, whatever was trained."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from geomtoy.tasks.shots import CONTEXTS

SCRIPTS = Path(__file__).parents[1] / "scripts"
NAMES = [
    "fig6_reasoning_id",
    "fig7_context_ablation",
    "fig8_id_by_layer",
    "fig8b_given_shots",
    "fig8c_regions",
]
SHOTS, PROMPTS, LAYERS, HEADS = 10, 80, 2, 4
FEW = ["--resamples", "60", "--seeds", "2", "--layers", str(LAYERS)]


@pytest.fixture(autouse=True)
def scripts_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


def made_up(seed: int, *, own: float) -> SimpleNamespace:
    """Edges, regions and answers grow with shots; edges of the last layer and regions also with `own`
    times what a prompt's answer owes to chance. Only examples help."""
    rng = np.random.default_rng(seed)
    luck = rng.normal(size=(len(CONTEXTS), SHOTS + 1, PROMPTS))
    shots = np.arange(SHOTS + 1)[:, None]
    helped = np.where(np.arange(len(CONTEXTS)) == CONTEXTS.index("shots"), 1, 0)[:, None, None]
    right = (helped * (shots - 5) - 4 * (1 - helped) + luck > 0) & (shots > 0)
    noise = rng.integers(0, 4, (*right.shape, 2, LAYERS, HEADS))
    edges = 5 * helped[..., None, None, None] * shots[..., None, None, None] + noise
    edges[..., -1, :] += np.rint(own * (luck + 4)[..., None, None]).astype(int)
    regions = 10 + 4 * shots[1:, :, None] + rng.integers(0, 9, (SHOTS, PROMPTS, LAYERS))
    regions[..., -1] += np.rint(own * (luck[0, 1:] + 4)).astype(int)
    arrays = {
        "truth": np.zeros(PROMPTS, int),
        "answers": np.where(right, 0, 1 + rng.integers(0, 2, right.shape)),
        "edges": edges,
        "regions": regions,
        "accuracy": right[0].mean(axis=1),
    }
    return SimpleNamespace(arrays=arrays)


def verdicts(name: str, monkeypatch, own: float) -> list[str]:
    shots, figure = import_module("shots"), import_module(name)
    found = {
        task: shots.Asked(task, [made_up(seed, own=own) for seed in range(2)]) for task in shots.TASKS
    }
    monkeypatch.setattr(figure, "asked", lambda args: found)
    return [verdict.outcome for verdict in unpublished(name, monkeypatch, *FEW)]


def unpublished(name: str, monkeypatch, *options: str) -> list:
    """Verdicts of a figure that is not written to files, which would take most of the time."""
    kept: list = []
    monkeypatch.setattr(import_module(name), "publish", lambda *args: kept.extend(args[-1]))
    import_module(name).main(options)
    return kept


def test_a_tie_by_the_number_of_shots_is_told_from_one_of_its_own(monkeypatch):
    def by_own(name: str) -> list[list[str]]:
        return [verdicts(name, monkeypatch, own) for own in (0.0, 6.0)]

    assert by_own("fig6_reasoning_id") == [["outcome"], ["outcome"]]
    assert by_own("fig7_context_ablation") == [["outcome"] * 4] * 2
    assert [told[1] for told in by_own("fig8_id_by_layer")] == ["fails", "fails"]  # the first does tell
    assert by_own("fig8b_given_shots") == [["fails", "fails"], ["holds", "holds"]]
    assert by_own("fig8c_regions") == [
        ["holds", "fails", "fails", "fails"],
        ["holds", "holds", "holds", "holds"],
    ]


def test_gains_and_accuracy_are_those_of_a_loop(monkeypatch):
    shots = import_module("shots")
    result = made_up(0, own=1.0)
    runs, c = shots.Asked("modular", [result]), CONTEXTS.index("other")
    edges, answers, truth = (result.arrays[name] for name in ("edges", "answers", "truth"))
    for i, k, layer in ((0, 1, 0), (7, 10, 1)):
        expected = sum(edges[c, k, i, 1, layer]) - sum(edges[c, 0, i, 1, layer])
        assert runs.gain("relative", "other")[0, i, k - 1, layer] == expected
        assert runs.correct("other")[0, i, k - 1] == (answers[c, k, i] == truth[i])
        assert runs.changed()[0, i, k - 1] == (answers[0, k, i] != answers[0, 0, i])
    tokens = [3 * k + 2 for k in range(SHOTS + 1)]
    expected = edges[c, :, :, 0, 1].sum(-1).mean(-1) / (HEADS * np.array(tokens))
    np.testing.assert_allclose(runs.density("absolute", "other")[0, :, 1], expected)


def test_verdicts_count_cells_and_seeds():
    intervals = import_module("intervals")
    above, below, around = ((0.1, 0.3), (-0.3, -0.1), (-0.1, 0.1))

    def cell(*seeds):
        return intervals.Cell([0.0] * len(seeds), *(list(ends) for ends in zip(*seeds, strict=True)))

    def holds(true_of, *cells):
        return intervals.sign_verdict("", dict(enumerate(cells)), "", true_of=true_of).outcome

    assert holds(intervals.above_zero, cell(above, above, around), cell(above)) == "holds"
    assert holds(intervals.above_zero, cell(above, around), cell(above)) == "mixed"
    assert holds(intervals.above_zero, cell(above, below), cell(around)) == "fails"
    assert holds(intervals.around_zero, cell(around), cell(around, above, around)) == "holds"
    assert holds(intervals.around_zero, cell(below), cell(above)) == "fails"


def test_differences_are_within_seeds_and_need_enough_answers():
    gain = np.zeros((2, 40, 2), int)
    gain[1] = 100  # another seed's level is not a difference
    right = np.zeros((2, 40, 2), bool)
    right[:, :20, 0] = True
    right[0, :3, 1] = True
    gain[:, :20, 0] += 5
    found, errors = import_module("fig8b_given_shots").differences(gain, right)
    assert found[0] == pytest.approx(5)
    assert found[1] is None
    assert errors[0] == pytest.approx(0)


def test_all_are_made_together():
    assert set(NAMES) <= set(import_module("make_figures").NAMES)
