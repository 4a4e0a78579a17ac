"""Counting through training: the same training with and without, right networks, resumption."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest
from fits import assert_same, stop_after
from flax import nnx
from jax.experimental.compilation_cache.compilation_cache import reset_cache

from geomtoy import Network, RegionCallback, Segment, Slice, count_regions
from geomtoy.errors import NetworkError, SettingError
from geomtoy.models.export import from_flax
from geomtoy.models.mlp import MLP, MLPConfig
from geomtoy.models.stack import unstack_networks
from geomtoy.training.regression import FitConfig, fit
from geomtoy.training.targets import target
from geomtoy.training.trainer import next_stop

WAVES = target("waves")
X = WAVES.grid(6)
CONFIG = FitConfig(steps=24, learning_rate=3e-2, seeds=2, batch_size=8)


def build(rngs: nnx.Rngs) -> MLP:
    return MLP(MLPConfig(d_in=2, widths=(6, 5)), rngs=rngs)


def train(callback=None, config=CONFIG, chunk=8, **settings):
    return fit(build, X, WAVES(X), config, chunk=chunk, callback=callback, **settings)


@pytest.fixture(scope="module", autouse=True)
def compile_once(tmp_path_factory):
    """Runs of one shape share what is compiled."""
    names = "jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs"
    before = [getattr(jax.config, name) for name in names]
    for name, value in zip(names, (str(tmp_path_factory.mktemp("xla")), 0.0), strict=True):
        jax.config.update(name, value)
    reset_cache()
    yield
    for name, value in zip(names, before, strict=True):
        jax.config.update(name, value)
    reset_cache()


@pytest.fixture(scope="module")
def plain():
    return train(chunk=500)


@pytest.mark.parametrize("every", [2, 5, 8])
def test_watching_changes_no_bit(plain, every):
    callback = RegionCallback(every)
    assert_same(train(callback), plain)
    steps = [t for t in range(0, 23, every) if t < 23]
    assert callback.arrays()["step"].tolist() == [*steps, 24]


@pytest.mark.parametrize("steps", [25])
def test_a_lone_last_step_is_taken_with_others(steps):
    config = replace(CONFIG, steps=steps)
    callback = RegionCallback(8)
    assert_same(train(callback, config), train(None, config, chunk=500))
    assert callback.arrays()["step"].tolist() == sorted({*range(0, steps - 1, 8), 0, steps})


def test_no_chunk_is_a_single_step():
    for stride in range(1, 7):
        for steps in range(2, 30):
            for done in range(steps - 1):
                stop = next_stop(done, stride, steps)
                assert stop >= done + 2
                assert stop == steps or (stop % stride == 0 and stop <= steps - 2)


def test_counts_are_those_of_the_networks_at_that_step(plain):
    callback = RegionCallback(8, linear=True, networks=True)
    trained = train(callback)
    found = callback.arrays()
    assert found["regions"].shape == found["linear_regions"].shape == (2, 4)
    for s in range(2):
        networks = unstack_networks({name: found[name][s] for name in found if name[0] in "Wb"})
        counts = [count_regions(network) for network in networks]
        assert found["regions"][s].tolist() == [count.regions for count in counts]
        assert found["linear_regions"][s].tolist() == [count.linear_regions for count in counts]
        last = from_flax(trained.model(s))
        for ours, theirs in zip(networks[-1].layers, last.layers, strict=True):
            jax.tree.map(np.testing.assert_array_equal, ours, theirs)
    start = train(None, replace(CONFIG, learning_rate=1e-30))  # parameters do not move
    first = unstack_networks({name: found[name][:, 0] for name in found if name[0] in "Wb"})
    for s in range(2):
        np.testing.assert_allclose(first[s](X), from_flax(start.model(s))(X), atol=1e-12)


@pytest.mark.parametrize("chunks", [1, 2])
def test_an_interrupted_run_goes_on_counting(tmp_path, monkeypatch, plain, chunks):
    whole, part = RegionCallback(8, networks=True), RegionCallback(8, networks=True)
    train(whole)
    stop_after(monkeypatch, chunks=chunks)
    with pytest.raises(KeyboardInterrupt):
        train(part, checkpoint=tmp_path / "part")
    monkeypatch.undo()
    again = RegionCallback(8, networks=True)
    assert_same(train(again, checkpoint=tmp_path / "part"), plain)
    assert again.arrays().keys() == whole.arrays().keys()
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    train(again)  # a new run forgets what it saw before
    assert again.arrays()["step"].tolist() == whole.arrays()["step"].tolist()


def test_a_checkpoint_with_another_callback_is_not_used(tmp_path):
    train(RegionCallback(8), checkpoint=tmp_path / "part")
    for other in (None, RegionCallback(24), RegionCallback(8, window=[(0, 0), (1, 0), (0, 1)])):
        with pytest.raises(SettingError, match="another unfinished run"):
            train(other, checkpoint=tmp_path / "part")


def test_partitions_in_files(tmp_path):
    callback = RegionCallback(8, save=tmp_path / "cells", linear=True)
    train(callback)
    found = callback.arrays()
    names = [f"step{t:06d}-seed{s}.npz" for t in (0, 8, 16, 24) for s in (0, 1)]
    assert sorted(path.name for path in (tmp_path / "cells").iterdir()) == names
    with np.load(tmp_path / "cells" / "step000008-seed1.npz") as cells:
        assert len(cells["activation_patterns"]) == found["regions"][1, 1]
        assert cells["linear_region"].max() + 1 == found["linear_regions"][1, 1]


def test_other_places_to_look_at(tmp_path):
    plane = Slice((0, 0), (1, 1), (0, 1))
    window = [(0, 0), (1, 0), (0, 1)]
    tilted = RegionCallback(24, slice=plane, window=window, networks=True)
    line = RegionCallback(24, slice=Segment((-1, -1), (1, 1)), save=tmp_path)
    train(tilted)
    train(line)
    found = tilted.arrays()
    networks = unstack_networks({name: found[name][1] for name in found if name[0] in "Wb"})
    expected = [count_regions(network, slice=plane, window=window).regions for network in networks]
    assert found["regions"][1].tolist() == expected
    with np.load(tmp_path / "step000024-seed0.npz") as pieces:
        assert len(pieces["breakpoints"]) + 1 == line.arrays()["regions"][0, -1]


def test_every_is_at_least_one_and_in_fit_two():
    for every in (0, -3):
        with pytest.raises(SettingError, match="1 or more"):
            RegionCallback(every)
    with pytest.raises(SettingError, match="2 or more"):
        train(RegionCallback(1))


def test_a_loop_of_ones_own_shows_one_model_at_every_step():
    """Those that are multiples of `every` are looked at; `export` makes the network."""
    counted = RegionCallback(every=3)
    model = build(nnx.Rngs(0))
    for step in range(7):
        counted(step, model)
    expected = count_regions(from_flax(model)).regions
    assert counted.arrays()["step"].tolist() == [0, 3, 6]
    assert counted.arrays()["regions"].tolist() == [[expected] * 3]
    given = RegionCallback(every=3, export=lambda layers: Network(layers))
    given(3, [from_flax(model).layers])
    assert given.arrays()["regions"].tolist() == [[expected]]
    with pytest.raises(NetworkError, match="export made a list"):
        RegionCallback(every=3, export=lambda model: [model])(0, model)
