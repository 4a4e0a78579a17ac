"""Chains of tokens: what a sequence must be, checked on many of them one by one."""

from __future__ import annotations

from collections import Counter

import jax
import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.tasks.chains import RESIDUES, ChainTask, draw_chains

TASKS = {
    "single": ChainTask(),
    "double": ChainTask(chains=(3, 2), questions=2),
    "one number of steps": ChainTask(steps=(3,), chains=(6,)),
    "few tokens": ChainTask(trained=30, fresh=15, chains=(3, 3, 2), steps=(1,), questions=3),
}


def draw(task, size=400, seed=0, **options):
    return [np.asarray(a) for a in draw_chains(task, jax.random.key(seed), size, **options)]


@pytest.fixture(params=TASKS.values(), ids=TASKS)
def task(request) -> ChainTask:
    return request.param


def chains_of(pairs: dict[int, int]) -> list[list[int]]:
    """Put together again: start where no pair ends."""
    found = []
    for first in pairs.keys() - set(pairs.values()):
        chain = [first]
        while chain[-1] in pairs:
            chain.append(pairs[chain[-1]])
        found.append(chain)
    return sorted(found, key=len, reverse=True)


@pytest.mark.parametrize("part", RESIDUES)
def test_every_sequence_is_what_the_task_says(task, part):
    tokens, targets, weights = draw(task, part=part)
    assert tokens.shape == targets.shape == weights.shape == (400, task.length)
    asks = np.arange(task.length) >= task.length - task.questions
    assert (weights == asks).all()
    for row, target in zip(tokens.tolist(), targets.tolist(), strict=True):
        steps = task.steps[row[0] - task.trained - task.fresh]
        written = row[1 : 1 + 2 * task.pairs]
        pairs = dict(zip(written[::2], written[1::2], strict=True))
        chains = chains_of(pairs)
        assert sorted((len(chain) - 1 for chain in chains), reverse=True) == sorted(
            task.chains, reverse=True
        )
        everything = [token for chain in chains for token in chain]
        assert len(set(everything)) == len(everything) == task.pairs + len(task.chains)
        assert set(everything) <= set(task.tokens_of(part))
        assert {(y - x) % 5 for x, y in pairs.items()} <= set(RESIDUES[part])
        asked = row[-task.questions :]
        assert len(set(asked)) == task.questions
        asked_chain = next(chain for chain in chains if asked[0] in chain)
        assert len(asked_chain) - 1 == task.chains[0]
        for token, answer in zip(asked, target[-task.questions :], strict=True):
            assert answer == asked_chain[asked_chain.index(token) + steps]


def test_no_held_out_pair_is_in_training():
    task = ChainTask()
    seen = {
        part: {
            pair
            for row in draw(task, 2000, part=part)[0][:, 1:11].reshape(-1, 2).tolist()
            for pair in [tuple(row)]
        }
        for part in ("train", "held_out")
    }
    assert not seen["train"] & seen["held_out"]
    assert min(map(len, seen.values())) > 2000
    assert not {token for pair in seen["train"] for token in pair} & set(task.tokens_of("fresh"))


def test_tokens_orders_steps_and_starts_are_even():
    task = ChainTask(trained=40, fresh=0)
    tokens, _, _ = draw(task, 20_000)
    firsts = np.bincount(tokens[:, 1:11:2].ravel(), minlength=40)[:40]
    assert firsts.min() > 0.9 * firsts.mean()
    assert np.bincount(tokens[:, 0] - 40)[0] == pytest.approx(10_000, rel=0.03)
    ranks = Counter()
    for row in tokens.tolist():
        pairs = dict(zip(row[1:11:2], row[2:11:2], strict=True))
        (chain,) = chains_of(pairs)
        ranks[tuple(chain.index(token) for token in row[1:11:2])] += 1
    assert len(ranks) == 120
    assert min(ranks.values()) > 100  # 167 on average


def test_one_number_of_steps_alone():
    task = ChainTask()
    for n in task.steps:
        assert (draw(task, steps=n)[0][:, 0] == task.order_token(n)).all()


def test_batches_come_from_their_key():
    task = ChainTask()
    one, same, other = (draw(task, 5, seed=s)[0] for s in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"chains": ()}, "at least one of each"),
        ({"questions": 0}, "make them positive"),
        ({"steps": (2, 1)}, "increasing"),
        ({"questions": 5}, "has 4 tokens with another 2 steps on, not 5"),
        ({"steps": (9,)}, "has 0 tokens"),
        (
            {"trained": 14},
            "the 14 trained tokens run out: a sequence has 6 different ones and as few as 4",
        ),
        ({"fresh": 5}, "the 5 fresh tokens run out"),
    ],
)
def test_tasks_that_cannot_be_are_refused(settings, says):
    with pytest.raises(SettingError, match=says):
        ChainTask(**settings)


def test_unknown_parts_and_steps_are_refused():
    with pytest.raises(SettingError, match="no part 'test'"):
        draw(ChainTask(), part="test")
    with pytest.raises(SettingError, match="not for 3"):
        draw(ChainTask(), steps=3)
