"""A small fixed part of the attack of `adversary.py`, every kind of network a few times."""

import adversary
import numpy as np
import pytest

from geomtoy import RegionCount

CASES = 10


@pytest.mark.parametrize("kind", range(len(adversary.KINDS)), ids=lambda k: adversary.KINDS[k].__name__)
def test_the_attack_finds_nothing(kind):
    for k in range(kind, CASES * len(adversary.KINDS), len(adversary.KINDS)):
        case, found = adversary.tried(7, k)
        assert not found, f"case {k}: {case}"


PATHS = {
    "states": {"maps.chain.SMALL": 0, "maps.shared.CELLS_OF_A_STATE": 1e-4},
    "runs": {"engine.run.SMALL": 0, "engine.run.WIDE": 0, "engine.run.FAMILY": 0},
    "one by one": {
        "engine.crossings.BLOCK_BYTES": 1, "engine.counting.PART_BYTES": 1,
        "engine.counting.MAPS_BYTES": 1, "engine.counting.SMALL": 0,
        "maps.floats.KEEP_BYTES": 0,
        "maps.floats.AHEAD_BYTES": 300,
    },
}  # fmt: skip
"""What is done on large networks alone, done on all: settings of it."""


@pytest.mark.parametrize("path", PATHS)
def test_nor_where_small_networks_are_worked_on_as_large_ones_are(path, monkeypatch):
    for name, value in PATHS[path].items():
        monkeypatch.setattr(f"geomtoy.regions.{name}", value)
    for k in range(3 * len(adversary.KINDS)):
        case, found = adversary.tried(8, k)
        assert not found, f"case {k}: {case}"


def test_a_wrong_count_is_found(monkeypatch):
    wrong = RegionCount(10**6, 10**6, True, 0, 0)
    monkeypatch.setattr(adversary, "count_regions", lambda *_, **__: wrong)
    found = list(adversary.faults(adversary.draw(0, 0), np.random.default_rng(0)))
    assert sum("1000000" in fault for fault in found) == 3
