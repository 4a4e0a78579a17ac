"""Cells numbered along a curve: the same cells, and those with close numbers are close."""

import numpy as np
import pytest
from builders import random_net

from geomtoy import count_regions, enumerate_regions
from geomtoy.network import Network
from geomtoy.regions.engine import run
from geomtoy.regions.engine.run import Enumeration, resolve_window
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.topology.curve import FEW
from geomtoy.regions.topology.mesh import Mesh, edge_cells

NETS = {
    "two layers": lambda: random_net(2, 24, 16, 1, seed=0),
    "three layers": lambda: random_net(2, 16, 12, 12, 1, seed=1),
    "quarters": lambda: random_net(2, 16, 12, 8, 1, seed=2, denominator=4),
}
WINDOWS = [((-1, -1), (1, -1), (1, 1), (-1, 1)), None]


def after_first(network: Network, window) -> tuple[Mesh, Level]:
    enumeration = Enumeration(network, None, resolve_window(network, None, window)[0], None)
    mesh, _ = enumeration.through(1, None)
    return mesh, enumeration.subject.levels[1]


def boundaries(mesh: Mesh) -> list[tuple[int, ...]]:
    return [tuple(mesh.half[a:b]) for a, b in zip(mesh.start[:-1], mesh.start[1:], strict=True)]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", NETS)
def test_the_cells_are_the_same_in_another_order(monkeypatch, name, window):
    traced, level = after_first(NETS[name](), window)
    monkeypatch.setattr(run, "SMALL", 0)
    along, numbered = after_first(NETS[name](), window)
    bits = dict(zip(boundaries(traced), level.bits.tolist(), strict=True))
    assert len(bits) > FEW
    assert boundaries(along) != boundaries(traced)
    assert dict(zip(boundaries(along), numbered.bits.tolist(), strict=True)) == bits
    for array in ("x", "y", "lines", "tail", "head", "line", "direction"):
        np.testing.assert_array_equal(getattr(along, array), getattr(traced, array))


@pytest.mark.parametrize("name", NETS)
def test_the_tree_joins_cells_that_have_an_edge_in_common(monkeypatch, name):
    monkeypatch.setattr(run, "SMALL", 0)
    mesh, level = after_first(NETS[name](), WINDOWS[0])
    cells = np.arange(mesh.n_cells)
    assert (level.tree[1:] < cells[1:]).all()
    assert level.tree[0] == 0
    beside = {tuple(sorted(pair)) for pair in edge_cells(mesh.start, mesh.half, len(mesh.tail)).tolist()}
    alone = [f for f in cells[1:].tolist() if (int(level.tree[f]), f) not in beside]
    assert all(not any((g, f) in beside for g in range(f)) and level.tree[f] == f - 1 for f in alone)


def test_a_few_in_a_row_are_close(monkeypatch):
    def extent(mesh: Mesh) -> float:
        at = [mesh.tail[h >> 1] if h % 2 == 0 else mesh.head[h >> 1] for h in mesh.half]
        starts = mesh.start[:-1:16]
        sizes = [
            np.maximum.reduceat(z[at], starts) - np.minimum.reduceat(z[at], starts) for z in mesh[:2]
        ]
        return float(np.mean(sizes))

    network = random_net(2, 40, 8, 1, seed=3)
    traced, _ = after_first(network, WINDOWS[0])
    monkeypatch.setattr(run, "SMALL", 0)
    along, _ = after_first(network, WINDOWS[0])
    assert extent(along) < extent(traced) / 2


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", NETS)
def test_numbers_of_cells_change_no_count(monkeypatch, name, window):
    network = NETS[name]()
    before = enumerate_regions(network, window=window)
    monkeypatch.setattr(run, "SMALL", 0)
    after = enumerate_regions(network, window=window)
    assert after.n_linear_regions == before.n_linear_regions
    assert sorted(map(bytes, after.activation_patterns)) == sorted(
        map(bytes, before.activation_patterns)
    )
    found = count_regions(network, window=window)
    assert (found.regions, found.linear_regions) == (before.n_cells, before.n_linear_regions)
