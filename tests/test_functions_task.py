"""Few-shot tasks: inputs differ, answers are the rule's, contexts change what they say and no more."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.tasks.functions import Functions
from geomtoy.tasks.modular import Modular
from geomtoy.tasks.shots import CONTEXTS, ask, batches, draw_prompts, prompt_length
from geomtoy.training.trainer import RUN_ONCE

TASKS = {
    "functions": Functions(7, 5, 4),
    "modular": Modular(3, 4),
    "no constant": Modular(3, 4, constant=False),
}
KEY = jax.random.key(7)
SIZE = 200

_jit = partial(jax.jit, compiler_options=RUN_ONCE)
DRAW = _jit(draw_prompts, static_argnames=("task", "size"))
ASK = _jit(ask, static_argnames=("task", "context"))


@pytest.fixture(params=TASKS.values(), ids=TASKS)
def task(request):
    return request.param


@pytest.fixture
def prompts(task):
    return DRAW(task, KEY, SIZE)


def tell(task, rule: int, given: tuple[int, ...]) -> int:
    """The rule's answer, worked out by hand."""
    if isinstance(task, Functions):
        return int(task.table()[rule][given[0]])
    n, (x, y) = task.modulus, given
    rest, c = divmod(rule, n) if task.constant else (rule, 0)
    return (rest // n * x + rest % n * y + c) % n


def test_inputs_differ_and_answers_are_the_rules(task, prompts):
    assert prompts.lines.shape == (SIZE, task.shots + 1, task.line)
    for rule, lines in zip(np.asarray(prompts.rules), np.asarray(prompts.lines), strict=True):
        inputs = [tuple(line[:-1]) for line in lines.tolist()]
        assert len(set(inputs)) == task.shots + 1
        assert lines[:, -1].tolist() == [tell(task, rule, given) for given in inputs]


def test_rules_and_queries_come_evenly(task):
    """Pearson's statistic stays below its mean plus five deviations."""
    drawn = DRAW(task, KEY, 5000)
    queries = np.asarray(drawn.lines[:, -1, :-1]) @ [10, 1][-(task.line - 1) :]
    for values, kinds in ((drawn.rules, task.rules), (queries, len(np.unique(queries)))):
        counts = np.unique(np.asarray(values), return_counts=True)[1]
        assert len(counts) == kinds
        statistic = ((counts - 5000 / kinds) ** 2).sum() / (5000 / kinds)
        assert statistic < kinds - 1 + 5 * np.sqrt(2 * (kinds - 1))


def test_the_loss_is_where_an_answer_is_due(task):
    batch = _jit(batches(task), static_argnums=1)(KEY, SIZE)
    tokens, targets, weights = map(np.asarray, batch)
    whole = np.asarray(DRAW(task, KEY, SIZE).lines).reshape(SIZE, -1)
    np.testing.assert_array_equal(tokens, whole[:, :-1])
    np.testing.assert_array_equal(targets, whole[:, 1:])
    due = np.arange(1, whole.shape[1]) % task.line == task.line - 1
    np.testing.assert_array_equal(weights, np.broadcast_to(due, weights.shape))
    assert due.sum() == task.shots + 1


def parts(task, prompts, k, context, key=KEY):
    """(context as lines, query, rest) of what is asked."""
    tokens = np.asarray(ASK(task, prompts, k, context, key))
    end = prompt_length(task, k)
    before = tokens[:, : end - task.line + 1].reshape(SIZE, k, task.line)
    return before, tokens[:, end - task.line + 1 : end], tokens[:, end:]


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_query_follows_the_context(task, prompts, context):
    for k in (0, 1, task.shots):
        _, query, rest = parts(task, prompts, k, context)
        np.testing.assert_array_equal(query, prompts.lines[:, -1, :-1])
        assert not rest.any()
        assert rest.shape[1] == task.line * (task.shots - k)


def test_contexts_are_what_their_names_say(task, prompts):
    k = 3
    examples = np.asarray(prompts.lines[:, :k])
    said = {context: parts(task, prompts, k, context)[0] for context in CONTEXTS}
    np.testing.assert_array_equal(said["shots"], examples)
    np.testing.assert_array_equal(said["repeat"], examples[:, [0, 0, 0]])
    flat, mixed = examples.reshape(SIZE, -1), said["permuted"].reshape(SIZE, -1)
    np.testing.assert_array_equal(np.sort(flat), np.sort(mixed))
    assert (flat != mixed).any(axis=1).mean() > 0.9
    assert len(np.unique(said["random"])) == task.vocabulary
    np.testing.assert_array_equal(said["other"][..., :-1], examples[..., :-1])
    for rule, lines in zip(np.asarray(prompts.rules)[:20], said["other"].tolist(), strict=False):
        agreeing = [
            other
            for other in range(task.rules)
            if other != rule and all(tell(task, other, tuple(x)) == y for *x, y in lines)
        ]
        assert agreeing


@pytest.mark.parametrize("context", ["shots", "random", "other", "repeat"])
def test_a_longer_context_begins_with_the_shorter(task, prompts, context):
    short, long = (parts(task, prompts, k, context)[0] for k in (2, 4))
    np.testing.assert_array_equal(long[:, :2], short)


def test_more_shots_than_there_are_is_an_error(task, prompts):
    """Only where their number is known before the program runs."""
    with pytest.raises(SettingError, match="these prompts have 0 to 4"):
        ask(task, prompts, 5, "shots", KEY)
    np.testing.assert_array_equal(
        ask(task, prompts, 2, "shots", KEY), ASK(task, prompts, 2, "shots", KEY)
    )


def test_a_query_is_decided_by_its_mean_of_neighbours():
    """Mod 4, what an operation says to 2 m - a is twice what it says to m less what it says to a."""
    task = Modular()
    drawn = DRAW(task, KEY, 50)
    m, a = drawn.lines[:, :1, :2], drawn.lines[:, 1:2, :2]
    said = [task.answers(drawn.rules, inputs) for inputs in ((2 * m - a) % 4, m, a)]
    np.testing.assert_array_equal(said[0], (2 * said[1] - said[2]) % 4)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Functions(5, shots=5), "give at least 6"),
        (lambda: Functions(functions=1), "functions is 1"),
        (lambda: Modular(1), "modulus is 1"),
        (lambda: Modular(2, 4), "give 1 to 3"),
        (lambda: ask(Modular(3, 4), draw_prompts(Modular(3, 4), KEY, 2), 5, "shots", KEY), "0 to 4"),
        (
            lambda: ask(Modular(3, 4), draw_prompts(Modular(3, 4), KEY, 2), 1, "x", KEY),
            "use one of shots",
        ),
    ],
)
def test_settings_out_of_range_are_refused(make, says):
    with pytest.raises(SettingError, match=says):
        make()
