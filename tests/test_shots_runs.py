"""The few-shot protocol against plain loops: prompts, edges, answers and regions, one at a time."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import partial
from importlib import import_module
from pathlib import Path

import jax
import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.models.named import with_arrays
from geomtoy.tasks.modular import Modular
from geomtoy.tasks.shots import CONTEXTS, Prompts, ask, draw_prompts, prompt_length
from geomtoy.training.fit_tokens import TokenFitConfig
from geomtoy.training.shots_runs import MODEL, RULES, ShotsConfig, first_wrong, run_shots
from geomtoy.training.streams import stream
from geomtoy.training.trainer import RUN_ONCE

TASK = Modular()
LAYER = LayerConfig(AttentionConfig(32, 4, 8, scaled=True), 128, "pre")
FIT = TokenFitConfig(2, learning_rate=3e-3, warmup=100, every=2)
CONFIG = ShotsConfig(TASK, DecoderConfig(4, prompt_length(TASK, 10), 2, LAYER), FIT, 12, 4)
OPTIONS = ["--tasks", "modular", "--steps", "2", "--layers", "2", "--prompts", "12", "--paths", "4",
        "--resamples", "20", "--workers", "1"]  # fmt: skip
"""Of a figure: the same run, so that it is compiled once."""
SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture(scope="module")
def run():
    return run_shots(CONFIG)


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
    assert run["answers"].shape == (len(CONTEXTS), 11, 12)
    assert (run["answers"][:, 0] != run["truth"]).all()
    np.testing.assert_array_equal(run["truth"], prompts.lines[:, -1, -1])
    assert run["accuracy"].shape == (11,)
    assert run["accuracy"][0] <= 0.5


def test_regions_are_one_more_than_the_units_that_switch(run, model, prompts):
    """On a segment a unit of the one hidden layer is affine: it switches once or not at all."""
    start, end = (traced(model, prompts, "shots", k).mlp_input[:, :, -1] for k in (0, 2))
    assert run["regions"].shape == (10, 4, 2)
    for at, i in np.ndindex(2, 2):
        signs = [exact_signs(model.layers[at].mlp.hidden[0], x[at, i]) for x in (start, end)]
        assert run["regions"][1, i, at] == 1 + np.not_equal(*signs).sum()


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


def test_a_figure_is_drawn_twice_and_trained_once(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    figure, results = import_module("fig8c_regions"), str(tmp_path / "results")
    figure.main([*OPTIONS, "--results", results, "--out", str(tmp_path / "first")])
    monkeypatch.setattr("geomtoy.training.shots_runs.fit_tokens", None)
    figure.main([*OPTIONS, "--results", results, "--out", str(tmp_path / "again")])
    for kind in ("png", "json"):
        one, other = ((tmp_path / f / f"fig8c_regions.{kind}").read_bytes() for f in ("first", "again"))
        assert one == other
    record = json.loads((tmp_path / "first" / "fig8c_regions.json").read_text())
    assert record["config"]["runs"]["modular"]["fit"]["steps"] == 2
    assert len(record["verdicts"]) == 4
