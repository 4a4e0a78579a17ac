"""The paper's figures at their tiny size; few-shot runs against plain loops, and planted relations."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from itertools import combinations, product
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from drawn_twice import draw_twice, figures_of
from figure import as_kept
from geometric_perspective import (
    asked,
    fig6_reasoning_id,
    fig7_context_ablation,
    fig8_id_by_layer,
    fig8b_given_shots,
    fig8c_regions,
)
from geometric_perspective.asked import Asked
from geometric_perspective.config_shots import SETTINGS, SHOT_HEADS, SHOTS, Shots
from geometric_perspective.run_shots import FEATURES, MODEL, RULES, first_wrong, run_shots

from geomtoy.errors import SettingError
from geomtoy.models.decoder import Decoder
from geomtoy.models.named import with_arrays
from geomtoy.store import run as run_in_store
from geomtoy.tasks.shots import CONTEXTS, Prompts, ask, draw_prompts, prompt_length
from geomtoy.training.streams import stream
from geomtoy.training.trainer import RUN_ONCE

TASK = SETTINGS["modular"].task
CONFIG = SHOTS.tiny.run("modular")
PROMPTS, LAYERS = 80, 2
N_SHOTS = TASK.shots


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Shared by all figures, as they share their runs."""
    return tmp_path_factory.mktemp("results")


@pytest.mark.parametrize("name", figures_of("geometric_perspective"))
def test_a_figure_is_the_same_again_and_computes_once(name, store, tmp_path):
    draw_twice(name, store, tmp_path)


@pytest.fixture(scope="module")
def run(store):
    arrays = run_in_store(run_shots, [CONFIG], store)[0].arrays
    return {name: arrays[name] for name in arrays}


@pytest.fixture(scope="module")
def model(run):
    from flax import nnx

    arrays = {name.removeprefix(MODEL): a for name, a in run.items() if name.startswith(MODEL)}
    return with_arrays(Decoder(CONFIG.decoder, rngs=nnx.Rngs(0)), arrays)


@pytest.fixture(scope="module")
def prompts(model):
    """All are drawn, and those answered wrongly without shots are kept, by a whole pass over queries."""
    drawn = draw_prompts(TASK, stream(CONFIG.fit.seed, "prompts"), 2 * CONFIG.prompts)
    truth = np.asarray(drawn.lines[:, -1, -1])
    answers = whole_pass(model, drawn.lines[:, -1, :-1]).logits[:, -1].argmax(-1)
    wrong = [i for i, (answer, right) in enumerate(zip(answers, truth, strict=True)) if answer != right]
    return Prompts(*(array[np.array(wrong[: CONFIG.prompts])] for array in drawn))


def traced(model, prompts, context, k):
    """What a whole pass over the prompts sees, without what fills them up."""
    tokens = ask(TASK, prompts, k, context, stream(CONFIG.fit.seed, context))
    return jax.tree.map(np.asarray, whole_pass(model, tokens[:, : prompt_length(TASK, k)]))


@partial(jax.jit, compiler_options=RUN_ONCE)
def whole_pass(model, tokens):
    return model.trace(tokens)


@pytest.mark.parametrize("context", ["shots", "permuted"])
def test_answers_and_edges_are_those_of_whole_maps(run, model, prompts, context):
    number = CONTEXTS.index(context)
    for k in (0, 2):
        trace = traced(model, prompts, context, k)
        answers = trace.logits[:, -1].argmax(-1)
        np.testing.assert_array_equal(run["answers"][number, k], answers)
        for at, i, head in np.ndindex(2, len(answers), 4):
            row = trace.pattern[at, i, head, -1]
            for rule, relative in enumerate(RULES.values()):
                expected = sum(weight > (0.1 * row.max() if relative else 0.1) for weight in row)
                assert run["edges"][number, k, i, rule, at, head] == expected


def test_base_prompts_are_wrong_without_shots(run, prompts):
    assert run["answers"].shape == (len(CONTEXTS), N_SHOTS + 1, 12)
    assert (run["answers"][:, 0] != run["truth"]).all()
    np.testing.assert_array_equal(run["truth"], prompts.lines[:, -1, -1])
    assert run["accuracy"].shape == (N_SHOTS + 1,)
    assert run["accuracy"][0] <= 0.5


def test_regions_are_one_more_than_the_units_that_switch(run, model, prompts):
    """On a segment a unit of the one hidden layer is affine: it switches once or not at all."""
    start, end = (traced(model, prompts, "shots", k).mlp_input[:, :, -1] for k in (0, 2))
    assert run["regions"].shape == (N_SHOTS, 4, 2)
    for at, i in np.ndindex(2, 2):
        signs = [exact_signs(model.layers[at].mlp.hidden[0], x[at, i]) for x in (start, end)]
        assert run["regions"][1, i, at] == 1 + np.not_equal(*signs).sum()


def test_features_are_those_of_a_loop_over_tokens(run, model, prompts):
    assert run["features"].shape == (N_SHOTS + 1, 12, LAYERS, len(FEATURES))
    for k in (0, 2):
        inputs = traced(model, prompts, "shots", k).mlp_input
        for at, i in np.ndindex(2, 3):
            linear = model.layers[at].mlp.hidden[0]
            W, b = np.asarray(linear.kernel[...]), np.asarray(linear.bias[...])
            z = inputs[at, i] @ W + b
            share = [(row > 0).mean() for row in z]
            near = [min(abs(row) / np.linalg.norm(W, axis=0)) for row in z]
            expected = [np.mean(share), min(share), max(share), np.std(share)]
            expected += [min(near), np.mean(near), np.std(near)]
            np.testing.assert_allclose(run["features"][k, i, at], expected, rtol=1e-3, atol=1e-5)


def test_the_way_is_as_long_as_its_ends_are_apart(run, model, prompts):
    start, end = (traced(model, prompts, "shots", k).mlp_input[:, :, -1] for k in (0, 2))
    for at, i in np.ndindex(2, 2):
        apart = np.linalg.norm(end[at, i] - start[at, i])
        assert run["lengths"][1, i, at] == pytest.approx(apart, rel=1e-4)


def exact_signs(linear, x):
    W, b = (
        np.vectorize(Fraction, otypes=[object])(np.asarray(a[...], float))
        for a in (linear.kernel, linear.bias)
    )
    return [z > 0 for z in [Fraction(float(v)) for v in x] @ W + b]


def test_too_few_first_wrong_are_an_error():
    right = np.array([True, False, False, True, False])
    assert first_wrong(right, 2).tolist() == [1, 2]
    with pytest.raises(SettingError, match="of 5 prompts 3 are answered wrongly without shots, and 4"):
        first_wrong(right, 4)


def made_up(seed: int, *, own: float, n_shots: int = N_SHOTS) -> SimpleNamespace:
    """Edges, regions and answers grow with shots; edges of the last layer and regions also with `own`
    times what a prompt's answer owes to chance. Only examples help."""
    rng = np.random.default_rng(seed)
    luck = rng.normal(size=(len(CONTEXTS), n_shots + 1, PROMPTS))
    shots = np.arange(n_shots + 1)[:, None]
    helped = np.where(np.arange(len(CONTEXTS)) == CONTEXTS.index("shots"), 1, 0)[:, None, None]
    right = (helped * (shots - n_shots / 2) - 4 * (1 - helped) + luck > 0) & (shots > 0)
    noise = rng.integers(0, 4, (*right.shape, 2, LAYERS, SHOT_HEADS))
    edges = 5 * helped[..., None, None, None] * shots[..., None, None, None] + noise
    edges[..., -1, :] += np.rint(own * (luck + 4)[..., None, None]).astype(int)
    regions = 10 + 4 * shots[1:, :, None] + rng.integers(0, 9, (n_shots, PROMPTS, LAYERS))
    regions[..., -1] += np.rint(own * (luck[0, 1:] + 4)).astype(int)
    lengths = 2.0 + shots[1:, :, None] + rng.random((n_shots, PROMPTS, LAYERS))
    arrays = {
        "truth": np.zeros(PROMPTS, int),
        "answers": np.where(right, 0, 1 + rng.integers(0, 2, right.shape)),
        "edges": edges,
        "regions": regions,
        "lengths": lengths,
        "features": rng.normal(size=(n_shots + 1, PROMPTS, LAYERS, len(FEATURES))),
        "accuracy": right[0].mean(axis=1),
    }
    return SimpleNamespace(arrays=arrays)


def outcomes(figure, monkeypatch, own: float) -> list[str]:
    """Verdicts of a figure that is not drawn."""
    config = Shots(seeds=(3, 3), layers=LAYERS, resamples=20)
    found = {name: planted(name, own) for name in config.settings}
    monkeypatch.setattr(figure, "asked", lambda machine, config: found)
    monkeypatch.setattr(figure, "draw", lambda *args: None)
    numbers = as_kept(figure.make(config, None).numbers)
    return [verdict.outcome for verdict in figure.verdicts(numbers)]


def planted(name: str, own: float) -> Asked:
    n_shots = SETTINGS[name].task.shots
    return Asked(name, Planted([made_up(seed, own=own, n_shots=n_shots) for seed in range(3)]))


class Planted(list):
    """Results that no store keeps."""

    def stacked(self, name: str) -> np.ndarray:
        return np.stack([result.arrays[name] for result in self])


def test_a_tie_by_the_number_of_shots_is_told_from_one_of_its_own(monkeypatch):
    def by_own(figure) -> list[list[str]]:
        return [outcomes(figure, monkeypatch, own) for own in (0.0, 6.0)]

    by_task_and_rule = 2 * len(Shots().settings)
    for told in by_own(fig8_id_by_layer):  # the first layer does tell
        assert told[by_task_and_rule:] == ["fails"] * by_task_and_rule
    without, with_own = by_own(fig8b_given_shots)
    left = slice(by_task_and_rule, 2 * by_task_and_rule)
    assert "holds" not in without[:by_task_and_rule] + without[2 * by_task_and_rule :]
    assert with_own[:by_task_and_rule] == ["holds"] * by_task_and_rule
    assert "holds" not in with_own[left]
    without, with_own = by_own(fig8c_regions)
    assert [without[0], without[4]] == ["holds", "holds"]
    assert "holds" not in without[1:4] + without[5:10]
    assert with_own[:10] == ["holds"] * 10
    assert with_own[10:] == ["fails"] * 2


def test_regions_that_only_measure_the_way_are_told_by_its_length(monkeypatch):
    """Where the way decides both and regions are one more than it, they say nothing beside it."""
    rng = np.random.default_rng(0)
    length = rng.normal(size=(1, PROMPTS, N_SHOTS))
    regions = np.rint(40 + 8 * length + rng.normal(size=length.shape))
    right = length + rng.normal(size=length.shape) > 0
    assert abs(fig8c_regions.given_length(regions, right, length)[0]) < 0.1
    assert fig8c_regions.given_length(regions, right, rng.normal(size=length.shape))[0] > 0.5


def test_a_run_that_has_not_learned_does_not_count(monkeypatch):
    for figure in (fig6_reasoning_id, fig7_context_ablation):
        assert set(outcomes(figure, monkeypatch, 0.0)) == {"holds"}
    monkeypatch.setattr(asked, "LEARNED", 1.1)
    for figure in (fig6_reasoning_id, fig7_context_ablation, fig8_id_by_layer, fig8b_given_shots):
        assert set(outcomes(figure, monkeypatch, 0.0)) == {"untested"}


def test_gains_and_accuracy_are_those_of_a_loop():
    result = made_up(0, own=1.0)
    runs, c = Asked("modular", Planted([result])), CONTEXTS.index("other")
    edges, answers, truth = (result.arrays[name] for name in ("edges", "answers", "truth"))
    for i, k, layer in ((0, 1, 0), (7, N_SHOTS, 1)):
        expected = sum(edges[c, k, i, 1, layer]) - sum(edges[c, 0, i, 1, layer])
        assert runs.gain("relative", "other")[0, i, k - 1, layer] == expected
        assert runs.correct("other")[0, i, k - 1] == (answers[c, k, i] == truth[i])
        assert runs.changed()[0, i, k - 1] == (answers[0, k, i] != answers[0, 0, i])
    tokens = [3 * k + 2 for k in range(N_SHOTS + 1)]
    expected = edges[c, :, :, 0, 1].sum(-1).mean(-1) / (SHOT_HEADS * np.array(tokens))
    np.testing.assert_allclose(runs.density("absolute", "other")[0, :, 1], expected)


def test_what_has_learned_has_put_examples_together():
    """Over all prompts with all shots: several examples tell the answer, and the best of them alone less
    often than `asked.LEARNED`."""
    pairs = list(product(range(TASK.modulus), repeat=2))
    table = np.array([[(a * x + b * y) % TASK.modulus for x, y in pairs] for a, b in pairs])

    def sure(rule: int, shown: Sequence[int], query: int) -> float:
        """Chance that the likeliest answer is right, when these pairs' results are known."""
        left = table[(table[:, shown] == table[rule, shown]).all(axis=1), query]
        return np.bincount(left).max() / len(left)

    together, alone = [], []
    for query in range(len(pairs)):
        for shown in combinations({*range(len(pairs))} - {query}, N_SHOTS):
            together += [sure(rule, shown, query) for rule in range(len(table))]
            alone += [max(sure(rule, [one], query) for one in shown) for rule in range(len(table))]
    assert min(together) == 1
    assert np.mean(alone) < asked.LEARNED


def test_fewer_tokens_are_one_an_example():
    """Lines of 3: 3, 6, 9 examples against as many tokens as 1, 2, 3 of them have."""
    examples, other = np.arange(1.0, 11) ** 2, np.arange(1.0, 11)
    found = fig7_context_ablation.excess_over_fewer(3)(examples[None], other[None])
    assert found == pytest.approx(np.mean([9 - 1, 36 - 2, 81 - 3]))
    assert fig7_context_ablation.excess(examples[None], other[None]) == pytest.approx(38.5 - 5.5)
