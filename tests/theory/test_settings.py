"""Formulas refuse what is out of their range, in one sentence."""

import pytest

from geomtoy import theory
from geomtoy.errors import SettingError, WindowError

WRONG = [
    lambda: theory.arrangement_regions(-1, 2),
    lambda: theory.arrangement_regions(2.5, 2),
    lambda: theory.arrangement_regions(True, 2),
    lambda: theory.bounded_arrangement_regions(3, 0),
    lambda: theory.central_arrangement_regions(3, 0),
    lambda: theory.montufar_upper_bound([], 2),
    lambda: theory.montufar_upper_bound([4, 0], 2),
    lambda: theory.serra_upper_bound([4], 0),
    lambda: theory.montufar_lower_bound([4, 1], 2),
    lambda: theory.serra_lower_bound([6, 5], 2),
    lambda: theory.expected_breakpoints_shallow(4, sigma_b=0.0),
    lambda: theory.expected_regions_shallow(4, sigma_w=float("nan")),
    lambda: theory.hanin_rolnick_bound(4, 2, rate=-1.0, volume=1.0),
]


@pytest.mark.parametrize("call", WRONG)
def test_one_sentence(call):
    with pytest.raises(SettingError, match="; give "):
        call()


def test_windows_are_checked():
    with pytest.raises(WindowError):
        theory.expected_breakpoints_shallow(4, (1, 0))
    with pytest.raises(WindowError):
        theory.expected_regions_shallow(4, ((0, 0), (1, 1), (2, 2)))
