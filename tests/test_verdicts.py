"""Truth tables of the rules of verdicts: each outcome of each rule, and that nothing else can hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from geomtoy.errors import SettingError
from geomtoy.verdicts import (
    MIN_SEEDS,
    Outcome,
    agreement,
    deduced,
    difference,
    equivalence,
    interval,
    ordering,
    rank_correlations,
    ratio,
    self_check,
    spread,
    trend,
)

NAN = float("nan")
X = [1, 2, 5, 10]
UP, DOWN, NOISE = [1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]


def curves(*seeds: list[float]) -> np.ndarray:
    """(places, seeds), as figures have them."""
    return np.array(seeds, float).T


RULES = {
    "difference": lambda parts: difference("c", parts, above=0.0),
    "below": lambda parts: difference("c", parts, below=1.0),
    "ratio": lambda parts: ratio("c", parts, above=1.0),
    "ratio below": lambda parts: ratio("c", parts, below=0.5),
    "equivalence": lambda parts: equivalence("c, within 0.5", parts, margin=0.5),
    "ordering": lambda parts: ordering("c", parts),
    "trend": lambda parts: trend("c", X, parts),
    "falling": lambda parts: trend("c", X, parts, falling=True),
    "agreement": lambda parts: agreement("c", parts),
}
TABLE = [
    ("difference", {"a": [1, 1.1, 0.9], "b": [2, 2.5, 2.2]}, "holds"),
    ("difference", {"a": [1, 1, 1]}, "holds"),  # seeds that agree to the last digit
    ("difference", {"a": [-1, -1.1, -0.9], "b": [0, 0, 0]}, "fails"),
    ("difference", {"a": [1, 1.1, 0.9], "b": [-2, -2.5, -2.2]}, "mixed"),
    ("difference", {"a": [3, 0.1, -1]}, "mixed"),  # all means above 0, and no evidence for it
    ("difference", {"a": [1, 1.1, 0.9], "b": [NAN] * 3}, "mixed"),
    ("difference", {}, "untested"),
    ("difference", {"a": []}, "untested"),
    ("difference", {"a": [NAN, NAN, NAN, NAN]}, "untested"),
    ("difference", {"a": [1, 1.1]}, "too few seeds"),
    ("difference", {"a": [1]}, "too few seeds"),
    ("difference", {"a": [-1, -1]}, "too few seeds"),
    ("difference", {"a": [1, 1.1, NAN, NAN]}, "too few seeds"),
    ("difference", {"a": [1, 1.1, 0.9], "b": [1, 1]}, "too few seeds"),
    ("below", {"a": [0.1, 0.2, 0.1]}, "holds"),
    ("below", {"a": [1.0, 1.0, 1.0]}, "fails"),
    ("below", {"a": [0.1, 2.0, 0.1]}, "mixed"),
    ("ratio", {"a": [2, 2.2, 1.9]}, "holds"),
    ("ratio", {"a": [0.5, 0.4, 0.45]}, "fails"),
    ("ratio", {"a": [10, 0.1, 1.2]}, "mixed"),
    ("ratio", {}, "untested"),
    ("ratio", {"a": [100]}, "too few seeds"),
    ("ratio below", {"a": [0.1, 0.12, 0.08]}, "holds"),
    ("ratio below", {"a": [0.9, 1.2, 1.1]}, "fails"),
    ("equivalence", {"a": [0.1, -0.1, 0.0]}, "holds"),
    ("equivalence", {"a": [2, 2.1, 1.9], "b": [-2, -2.1, -1.9]}, "fails"),
    ("equivalence", {"a": [5, -5, 1]}, "mixed"),  # wide: no evidence of a difference, nor of none
    ("equivalence", {"a": [0.1, -0.1, 0.0], "b": [2, 2.1, 1.9]}, "mixed"),
    ("equivalence", {"a": []}, "untested"),
    ("equivalence", {"a": [0, 0]}, "too few seeds"),
    ("ordering", {"a": [1, 2, 3], "b": [2, 3, 4], "c": [5, 6, 7]}, "holds"),  # paired by seed
    ("ordering", {"a": [5, 6, 7], "b": [2, 3, 4], "c": [1, 2, 3]}, "fails"),
    ("ordering", {"a": [1, 2, 3], "b": [2, 3, 4], "c": [0, 1, 2]}, "mixed"),
    ("ordering", {"a": [NAN] * 3, "b": [1, 2, 3]}, "untested"),
    ("ordering", {"a": [1, 2], "b": [3, 4]}, "too few seeds"),
    ("trend", {"1": curves(UP, UP, UP), "2": curves(UP, UP, UP)}, "holds"),
    ("trend", {"1": curves(DOWN, DOWN, DOWN)}, "fails"),
    ("trend", {"1": curves([1] * 4, [1] * 4, [1] * 4)}, "fails"),
    ("trend", {"1": curves(UP, UP, UP), "2": curves(DOWN, DOWN, DOWN)}, "mixed"),
    ("trend", {"1": curves(UP, NOISE, UP)}, "mixed"),  # a mean of 2/3 that its interval does not keep
    ("trend", {}, "untested"),
    ("trend", {"1": curves([1, 2, NAN, 4])}, "untested"),
    ("trend", {"1": curves(UP, UP)}, "too few seeds"),
    ("falling", {"1": curves(DOWN, DOWN, DOWN)}, "holds"),
    ("falling", {"1": curves(UP, UP, UP)}, "fails"),
    ("agreement", {"a": [True, True, True], "b": [1, 1, 1]}, "holds"),
    ("agreement", {"a": [False, False, False]}, "fails"),
    ("agreement", {"a": [True, True, False]}, "mixed"),
    ("agreement", {"a": []}, "untested"),
    ("agreement", {"a": [True, True]}, "too few seeds"),
]


@pytest.mark.parametrize(("rule", "parts", "outcome"), TABLE)
def test_the_truth_table(rule, parts, outcome):
    assert RULES[rule](parts).outcome == outcome


def test_the_table_has_each_outcome_of_each_rule():
    for rule in ("difference", "ratio", "equivalence", "ordering", "trend", "agreement"):
        assert {outcome for name, _, outcome in TABLE if name == rule} == {*Outcome}


NUMBERS = st.floats(-3, 3) | st.just(NAN)


@pytest.mark.parametrize("rule", ["difference", "below", "equivalence", "agreement"])
@given(st.dictionaries(st.sampled_from("abc"), st.lists(NUMBERS, max_size=5)))
def test_what_holds_has_evidence_of_enough_seeds_in_every_part(rule, parts):
    found = RULES[rule](parts)
    if found.outcome in (Outcome.HOLDS, Outcome.FAILS):
        assert parts
        assert all(np.isfinite(values).sum() >= MIN_SEEDS for values in parts.values())
    assert found.outcome == Outcome.UNTESTED or found.seeds > 0


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=6), st.floats(-1, 1))
def test_a_difference_is_decided_as_a_t_test_does(values, margin):
    if np.std(values) < 1e-6:
        return
    found = difference("c", {"a": values}, above=margin).outcome
    p = ttest_1samp(values, margin).pvalue
    if abs(p - 0.05) < 1e-9:
        return
    side = np.mean(values) > margin
    assert found == (Outcome.MIXED if p > 0.05 else Outcome.HOLDS if side else Outcome.FAILS)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=6))
def test_more_seeds_of_no_effect_speak_for_equivalence_not_against(values):
    """The same spread in ten times as many runs cannot turn `holds` into anything else."""
    few = equivalence("c, within 1", {"a": values}, margin=1.0).outcome
    many = equivalence("c, within 1", {"a": values * 10}, margin=1.0).outcome
    assert few != Outcome.HOLDS or many == Outcome.HOLDS


def test_a_second_interval_can_only_open_what_the_first_decides():
    parts = {"a": [1, 1.1, 0.9]}
    assert difference("c", parts, above=0.0, resampled={"a": (0.5, 1.2)}).outcome == "holds"
    assert difference("c", parts, above=0.0, resampled={"a": (-0.1, 1.2)}).outcome == "mixed"
    assert difference("c", parts, above=0.0, resampled={"a": None}).outcome == "holds"
    assert difference("c", {"a": [0.1, 0, -0.2]}, above=0.0, resampled={"a": (3, 4)}).outcome == "mixed"
    assert equivalence("c", parts, margin=2.0, resampled={"a": (0.5, 1.2)}).outcome == "holds"
    assert equivalence("c", parts, margin=2.0, resampled={"a": (0.5, 2.2)}).outcome == "mixed"
    found = difference("c", parts, above=0.0, resampled={"a": (-0.1, 1.2)})
    assert "again" in found.rule
    assert found.spread["a"]["95% interval"] == [-0.1, pytest.approx(1.248, abs=1e-3)]


def test_a_verdict_says_what_decided_it():
    found = ratio("half", {"a": [0.5, 0.25, 1.0]}, below=1.0, note="of errors")
    assert found.statistic["a"] == pytest.approx(0.5)
    assert found.spread["a"]["min"] == 0.25
    assert (found.seeds, found.note, str(found)) == (3, "of errors", "mixed: half")
    assert "95%" in found.rule
    one = difference("c", {"a": [2.0]}, above=0.0)
    assert one.spread["a"] == {"mean": 2.0, "std": None, "min": 2.0, "max": 2.0, "95% interval": None}


def test_ranks_and_intervals():
    np.testing.assert_allclose(rank_correlations(X, curves(UP, DOWN, [3] * 4)), [1, -1, 0])
    assert np.isnan(rank_correlations(X, curves([1, NAN, 2, 3]))).all()
    low, high = interval([1, 2, 3])[1:]
    assert (low, high) == pytest.approx((2 - 4.30265 / 3**0.5, 2 + 4.30265 / 3**0.5), abs=1e-4)
    assert np.isnan(interval([]).mean)
    assert interval([4]) == (4, -np.inf, np.inf)


def test_the_spread_of_one_seed_is_not_known():
    assert spread([1, 2, 3]) == {"mean": 2.0, "std": 1.0, "min": 1.0, "max": 3.0}
    assert spread([5])["std"] is None
    assert spread([NAN])["mean"] is None


def test_what_has_no_chance_in_it():
    assert deduced("c", {"a": True, "b": True}).outcome == "holds"
    assert deduced("c", {"a": False}).outcome == "fails"
    assert deduced("c", {"a": True, "b": False}).outcome == "mixed"
    assert deduced("c", {}).outcome == "untested"
    assert deduced("c", {"a": True}).seeds == 0


def test_self_checks_are_no_verdicts():
    assert self_check("2n cones", checked=20, violations=0).outcome == "passes"
    assert self_check("2n cones", checked=20, violations=1).outcome == "fails"
    assert self_check("2n cones", checked=0, violations=0).outcome == "untested"
    assert str(self_check("2n cones", checked=2, violations=0)).startswith(
        "self-check passes in 2 cases"
    )


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: difference("c", {}), "one of above and below"),
        (lambda: difference("c", {}, above=1, below=2), "one of above and below"),
        (lambda: ratio("c", {"a": [1, -1, 2]}, above=1), "not positive and finite"),
        (lambda: ratio("c", {"a": [1, np.inf, 2]}, above=1), "not positive and finite"),
        (lambda: equivalence("c", {}, margin=0), "stated in the claim"),
        (lambda: ordering("c", {"a": [1, 2, 3]}), "two parts or more"),
        (lambda: ordering("c", {"a": [1, 2, 3], "b": [1, 2]}), "the same seeds"),
        (lambda: trend("c", [1, 2], {}), "three places"),
    ],
)
def test_what_cannot_be_judged_is_refused(ask, says):
    with pytest.raises(SettingError, match=says):
        ask()
