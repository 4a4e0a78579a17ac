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


def test_a_wrong_count_is_found(monkeypatch):
    wrong = RegionCount(10**6, 10**6, True, 0, 0)
    monkeypatch.setattr(adversary, "count_regions", lambda *_, **__: wrong)
    found = list(adversary.faults(adversary.draw(0, 0), np.random.default_rng(0)))
    assert sum("1000000" in fault for fault in found) == 3
