"""Fitting one-block transformers: deterministic, better than at the start, whatever runs beside."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import nnx

from geomtoy.block_arrays import unstack_blocks
from geomtoy.errors import SettingError
from geomtoy.models.block import Block, BlockConfig
from geomtoy.models.block_export import block_arrays
from geomtoy.store import processes, run
from geomtoy.training.blocks import BlockFit, BlockFitConfig, fit_block, fit_block_arrays
from geomtoy.training.regression import FitConfig, fit
from geomtoy.training.streams import streams
from geomtoy.training.targets import target

BLOCK = BlockConfig(d_model=4, n_heads=2, context_length=3, hidden=6)
CONFIG = BlockFitConfig(BLOCK, FitConfig(steps=150, learning_rate=1e-2, seeds=2), bins=60)
T = target("sin").grid(60)[:, 0]


@pytest.fixture(scope="module")
def trained() -> BlockFit:
    return fit_block(CONFIG)


def test_training_is_deterministic_and_reduces_the_error(trained):
    one, other = trained, fit_block(CONFIG)
    np.testing.assert_array_equal(one.loss, other.loss)
    assert one.loss.shape == (2, 150)
    for before, after, loss in zip(one.initial, one.trained, one.loss, strict=True):
        assert np.isclose(np.mean((before(T) - np.sin(T)) ** 2), loss[0], rtol=1e-10)
        assert np.mean((after(T) - np.sin(T)) ** 2) < 0.6 * loss[0]


def test_the_start_is_a_block_of_the_named_stream(trained):
    key = streams(CONFIG.fit.seed, "params", 2)[1]
    expected = block_arrays(Block(BLOCK, rngs=nnx.Rngs(key)))
    np.testing.assert_allclose(trained.initial[1](T), expected(T), atol=1e-13)


def test_slices_of_bins_change_the_result_by_rounding_only(trained):
    sin = target("sin")
    x, y = np.asarray(BLOCK.tokens(jax.numpy.asarray(T))), sin(T[:, None])
    whole = fit(lambda rngs: Block(BLOCK, rngs=rngs), x, y, CONFIG.fit)
    np.testing.assert_allclose(trained.loss, whole.loss, rtol=1e-8)


def test_encodings_that_share_a_compilation_keep_their_own_time():
    config = replace(CONFIG, block=replace(BLOCK, encoding="geometric"))
    other, loss = fit_block(config).trained[0], fit_block(config).loss
    np.testing.assert_array_equal(other.frequencies, config.block.frequencies())
    assert np.isclose(np.mean((other(T) - np.sin(T)) ** 2), loss[0, -1], rtol=1e-2)


def test_a_sweep_in_another_process_gives_what_a_single_fit_gives(tmp_path, trained):
    grid = [replace(CONFIG, block=replace(BLOCK, encoding=name)) for name in ("from_query", "geometric")]
    found = run(fit_block_arrays, grid, tmp_path, pool=processes(1), cost=lambda config: config.cost)
    for alone, result in zip((trained, fit_block(grid[1])), found, strict=True):
        np.testing.assert_allclose(result.arrays["loss"], alone.loss, rtol=1e-9)
        blocks = unstack_blocks(result.arrays)
        np.testing.assert_allclose(blocks[1](T), alone.trained[1](T), atol=1e-9)
        assert result.arrays["initial_W_Q"].shape == result.arrays["W_Q"].shape


def test_hard_attention_trains_its_values():
    hard = fit_block(replace(CONFIG, block=replace(BLOCK, attention="hard", layer_norm="mlp")))
    assert (hard.loss[:, -1] < hard.loss[:, 0]).all()
    np.testing.assert_array_equal(hard.trained[0].W_Q, hard.initial[0].W_Q)
    assert (hard.trained[0].W_V != hard.initial[0].W_V).any()


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(SettingError, match="not a function of time"):
        replace(CONFIG, target="saddle")
    with pytest.raises(SettingError, match="bins is 0"):
        replace(CONFIG, bins=0)
    with jax.enable_x64(False), pytest.raises(SettingError, match="jax_enable_x64"):
        fit_block(replace(CONFIG, bins=61))
    with pytest.raises(SettingError, match="only one layer"):
        replace(CONFIG, block=replace(BLOCK, n_layers=2))
