"""The few-shot protocol against plain loops: prompts, edges, answers and regions, one at a time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import jax
import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.models.named import with_arrays
from geomtoy.tasks.modular import Modular
from geomtoy.tasks.shots import CONTEXTS, ask, prompt_length
from geomtoy.training.fit_tokens import TokenFitConfig
from geomtoy.training.shots_runs import MODEL, RULES, ShotsConfig, run_shots, wrong_prompts
from geomtoy.training.streams import stream

TASK = Modular(3, 2)
LAYER = LayerConfig(AttentionConfig(8, 2, 4), 12, "pre")
CONFIG = ShotsConfig(
    TASK, DecoderConfig(3, prompt_length(TASK, 2), 2, LAYER), TokenFitConfig(4, 8, every=2), 20, 5
)


@pytest.fixture(scope="module")
def run():
    return run_shots([CONFIG])[0]


@pytest.fixture(scope="module")
def model(run):
    from flax import nnx

    arrays = {name.removeprefix(MODEL): a for name, a in run.items() if name.startswith(MODEL)}
    return with_arrays(Decoder(CONFIG.decoder, rngs=nnx.Rngs(0)), arrays)


@pytest.fixture(scope="module")
def prompts(model):
    return wrong_prompts(CONFIG, model)[0]


def traced(model, prompts, context, k):
    """What a whole pass over the prompts sees, without what fills them up."""
    tokens = ask(TASK, prompts, k, context, stream(CONFIG.fit.seed, context))
    return jax.tree.map(np.asarray, model.trace(tokens[:, : prompt_length(TASK, k)]))


@pytest.mark.parametrize("context", ["shots", "permuted"])
def test_answers_and_edges_are_those_of_whole_maps(run, model, prompts, context):
    number = CONTEXTS.index(context)
    for k in (0, 2):
        trace = traced(model, prompts, context, k)
        answers = trace.logits[:, -1].argmax(-1)
        np.testing.assert_array_equal(run["answers"][number, k], answers)
        for at, i, head in np.ndindex(2, len(answers), 2):
            row = trace.pattern[at, i, head, -1]
            for rule, relative in enumerate(RULES.values()):
                expected = sum(weight > (0.1 * row.max() if relative else 0.1) for weight in row)
                assert run["edges"][number, k, i, rule, at, head] == expected


def test_base_prompts_are_wrong_without_shots(run, prompts):
    assert run["answers"].shape == (len(CONTEXTS), 3, 20)
    assert (run["answers"][:, 0] != run["truth"]).all()
    np.testing.assert_array_equal(run["truth"], prompts.lines[:, -1, -1])
    assert 0.5 <= run["wrong at 0"] <= 1


def test_regions_are_one_more_than_the_units_that_switch(run, model, prompts):
    """On a segment a unit of the one hidden layer is affine: it switches once or not at all."""
    start, end = (traced(model, prompts, "shots", k).mlp_input[:, :, -1] for k in (0, 2))
    assert run["regions"].shape == (2, 5, 2)
    for at, i in np.ndindex(2, 2):
        signs = [exact_signs(model.layers[at].mlp.hidden[0], x[at, i]) for x in (start, end)]
        assert run["regions"][1, i, at] == 1 + np.not_equal(*signs).sum()


def exact_signs(linear, x):
    W, b = (
        np.vectorize(Fraction, otypes=[object])(np.asarray(a[...], float))
        for a in (linear.kernel, linear.bias)
    )
    return [z > 0 for z in [Fraction(float(v)) for v in x] @ W + b]


class AlwaysZero(Modular):
    """Every answer is 0."""

    def answers(self, rules, inputs):
        return super().answers(rules, inputs) * 0


def test_too_few_wrong_prompts_are_an_error(model):
    says_zero = with_arrays(model, {"W_U": np.zeros((8, 3), np.float32)})
    with pytest.raises(SettingError, match="of 40 prompts 0 are answered wrongly"):
        wrong_prompts(replace(CONFIG, task=AlwaysZero(3, 2)), says_zero)
