"""Counts over many slices: each is that of count_regions, and a store finds them again."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
from builders import random_net

import geomtoy
from geomtoy import Network, Segment, Slice, compile_layers, count_regions
from geomtoy.answers import over_slices, random_slices, sampling
from geomtoy.errors import NetworkError, SettingError, SliceError, WindowError
from geomtoy.layers import Affine, LayerNorm, Maxout
from geomtoy.plots import draw_counts, new_figure
from geomtoy.store.canonical import canonical
from geomtoy.store.provenance import imports_of, origin

NET = random_net(5, 8, 8, 2, seed=0)
PLANES = random_slices(5, 7, seed=3)


def test_counts_are_those_of_each_slice(tmp_path):
    found = over_slices(NET, PLANES, folder=tmp_path)
    each = [count_regions(NET, slice=plane) for plane in PLANES]
    assert found.regions.tolist() == [count.regions for count in each]
    assert found.linear_regions.tolist() == [count.linear_regions for count in each]
    assert found.certified
    assert len(found) == 7
    assert repr(found).startswith("SliceCounts(7 slices, ")
    quick = over_slices(NET, PLANES, linear=False)
    assert quick.linear_regions is None
    assert np.array_equal(quick.regions, found.regions)


def test_a_store_tells_networks_apart_that_differ_in_their_maxima_alone(tmp_path):
    """Regions of a maximum are those of its winners, which are fewer than those of its matches."""
    layers = [Affine(W, b) for W, b in random_net(5, 8, 2, seed=0).layers]
    pooled = compile_layers([layers[0], Maxout(8), Affine([[1.0]])])
    plain = Network(pooled.layers, pooled.activations)
    counts = [over_slices(net, PLANES, folder=tmp_path).regions.tolist() for net in (plain, pooled)]
    assert counts[1] == [count_regions(pooled, slice=plane).regions for plane in PLANES] != counts[0]


def test_a_store_finds_what_was_counted(tmp_path, monkeypatch):
    """The first batch is found again, also when more slices follow; another network's is not."""
    monkeypatch.setattr(sampling, "BATCH", 3)
    asked = []
    counted = sampling.count_batch
    few = over_slices(NET, PLANES[:3], folder=tmp_path)

    def counting(batch):
        asked.extend(batch.slices)
        return counted(batch)

    monkeypatch.setattr(counting, "__module__", counted.__module__)
    monkeypatch.setattr(counting, "__qualname__", counted.__qualname__)
    monkeypatch.setattr(sampling, "count_batch", counting)
    more = over_slices(NET, PLANES, folder=tmp_path)
    assert more.regions[:3].tolist() == few.regions.tolist()
    assert asked == PLANES[3:]
    asked.clear()
    over_slices(NET, PLANES, folder=tmp_path)
    assert not asked
    over_slices(NET, PLANES, folder=tmp_path, window=((0, 0), (1, 0), (0, 1)))
    assert len(asked) == 7
    (W, b), *rest = NET.layers
    over_slices(Network([(W, np.nextafter(b, 9)), *rest]), PLANES, folder=tmp_path)
    assert len(asked) == 14


def test_segments_and_fractions():
    paths = [Segment((0,) * 5, (1, Fraction(k, 3), 0, 0, 1)) for k in range(3)]
    found = over_slices(NET, paths)
    assert found.regions.tolist() == [count_regions(NET, slice=path).regions for path in paths]


def test_random_slices_are_orthonormal_and_a_prefix_of_more():
    planes = random_slices(6, 4, seed=1)
    assert planes == random_slices(6, 9, seed=1)[:4]
    for plane in planes:
        U = np.array([plane.u, plane.v], float)
        np.testing.assert_allclose(U @ U.T, np.eye(2), atol=1e-14)
    assert not any(any(plane.origin) for plane in random_slices(3, 2, spread=0))


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(SettingError, match="no slice"):
        over_slices(NET, [])
    with pytest.raises(SliceError, match="dimension 3"):
        over_slices(NET, [*PLANES, Slice((0, 0, 0), (1, 0, 0), (0, 1, 0))])
    with pytest.raises(WindowError):
        over_slices(NET, PLANES, window=[(0, 0), (1, 1)])
    with pytest.raises(SettingError, match="R\\^1"):
        random_slices(1, 3)
    normed = compile_layers([LayerNorm(), Affine(np.eye(5)), "relu"], 5)
    with pytest.raises(NetworkError, match="norm"):
        over_slices(normed, PLANES)


def test_processes_count_the_same(tmp_path):
    pool = geomtoy.store.processes(2)
    assert np.array_equal(
        over_slices(NET, PLANES, folder=tmp_path, pool=pool).regions, over_slices(NET, PLANES).regions
    )


def test_counts_depend_on_no_other_answer():
    files = imports_of(origin(sampling.count_batch)).files
    assert "geomtoy.regions.engine.run" in files
    assert [name for name in files if name.startswith("geomtoy.answers.")] == [
        "geomtoy.answers.sampling",
        "geomtoy.answers.domain",
    ]


@dataclass(frozen=True)
class Config:
    name: str
    where: object = field(compare=False)


def test_fields_that_are_not_compared_name_no_result():
    assert Config("a", object()) == Config("a", 2)
    assert (
        canonical(Config("a", object())) == canonical(Config("a", 2)) == {"is a": "Config", "name": "a"}
    )


def test_counts_are_drawn():
    counts = over_slices(NET, PLANES)
    ax = new_figure().add_subplot()
    draw_counts(ax, counts)
    assert ax.get_ylabel() == "slices of 7"
    same = sampling.SliceCounts(np.array([3, 3]), np.array([3, 3]), True)
    draw_counts(new_figure().add_subplot(), same)
