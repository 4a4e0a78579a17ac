"""Proven counts while blocks train: the same training, counts of the blocks at that step, resumption."""

from __future__ import annotations

import json

import jax
import numpy as np
import pytest

from geomtoy.block_arrays import unstack_blocks
from geomtoy.errors import SettingError
from geomtoy.models.block import Block, BlockConfig
from geomtoy.slices import Slice
from geomtoy.training import BlockFitConfig, BlockRegionCallback, FitConfig, fit, fit_block, target
from geomtoy.views import count_regions_on_plane

BLOCK = BlockConfig(d_model=4, n_heads=2, context_length=3, hidden=6)
CONFIG = BlockFitConfig(BLOCK, FitConfig(steps=25, learning_rate=3e-2, seeds=2), bins=20)
TOKENS = np.array([[0.1, -0.4, 0.3, 0.8], [0.5, 0.2, -0.6, 0.1]])
PLANE = Slice((0.1, 0.2, -0.3, 0.4), (1, 0, 0.5, 0), (0, 1, 0, -0.5))
WINDOW = ((-2, -2), (2, -2), (2, 2), (-2, 2))


def callback(every=8, **settings):
    place = {"plane": PLANE, "tokens": TOKENS, "window": WINDOW, "self_key": "still"}
    return BlockRegionCallback(every, **{**place, **settings})


@pytest.fixture(scope="module")
def watched():
    watch = callback(blocks=True)
    return fit_block(CONFIG, callback=watch), watch.arrays()


def test_watching_changes_no_bit(watched):
    plain = fit_block(CONFIG)
    np.testing.assert_array_equal(watched[0].loss, plain.loss)
    for one, other in zip(watched[0].trained, plain.trained, strict=True):
        for name, array in other.as_arrays().items():
            np.testing.assert_array_equal(one.as_arrays()[name], array)


def test_counts_are_those_of_the_blocks_at_that_step(watched):
    trained, seen = watched
    assert seen["step"].tolist() == [0, 8, 16, 25]
    assert seen["regions"].shape == seen["certified"].shape == (2, 4)
    for s in range(2):
        blocks = unstack_blocks({name: seen[name][s] for name in seen if name != "step"})
        counts = [
            count_regions_on_plane(one, PLANE, tokens=TOKENS, window=WINDOW, self_key="still")
            for one in blocks
        ]
        assert seen["regions"][s].tolist() == [count.regions for count in counts]
        assert seen["certified"][s].tolist() == [count.certified for count in counts]
        for which, of in ((0, trained.initial[s]), (-1, trained.trained[s])):
            np.testing.assert_array_equal(blocks[which].W_Q, of.W_Q)
            np.testing.assert_array_equal(blocks[which].frequencies, of.frequencies)
    assert len(np.unique(seen["regions"])) > 1


def test_a_fit_of_any_block_can_be_watched_and_resumed(tmp_path, watched):
    """Also where `fit` trains Flax blocks: what is seen is part of its checkpoint."""
    t = target("sin").grid(20)
    x = np.asarray(BLOCK.tokens(jax.numpy.asarray(t[:, 0])))

    def train(watch):
        return fit(
            lambda rngs: Block(BLOCK, rngs=rngs), x, target("sin")(t), CONFIG.fit,
            chunk=8, checkpoint=tmp_path / "run", callback=watch,
        )  # fmt: skip

    first = callback()
    train(first)
    again = callback()
    train(again)
    np.testing.assert_array_equal(first.arrays()["regions"], again.arrays()["regions"])
    np.testing.assert_array_equal(first.arrays()["regions"], watched[1]["regions"])
    for other in (callback(self_key="masked"), callback(tokens=2 * TOKENS), callback(max_patches=9)):
        assert json.dumps(other.settings) != json.dumps(first.settings)
        with pytest.raises(SettingError, match="another"):
            train(other)


def test_where_the_proof_stops_the_bound_is_kept_and_said():
    watch = callback(max_patches=1, window=((-9, -9), (9, -9), (9, 9), (-9, 9)))
    fit_block(CONFIG, callback=watch)
    seen = watch.arrays()
    assert not seen["certified"].all()
    assert (seen["regions"] >= 1).all()


def test_looking_at_every_step_is_refused_before_training():
    with pytest.raises(SettingError, match="2 or more"):
        fit_block(CONFIG, callback=callback(1))


def test_a_block_is_looked_at_in_a_loop_of_ones_own(watched):
    watch = callback(every=2)
    for step in range(4):
        watch(step, watched[0].trained[0])
    assert watch.arrays()["step"].tolist() == [0, 2]
    assert (watch.arrays()["regions"] == watched[1]["regions"][0, -1]).all()
