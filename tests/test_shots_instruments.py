"""Correlations, their intervals and binned shares, against plain loops and cases made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.linalg import lstsq
from scipy.stats import pearsonr

from geomtoy.errors import SettingError
from geomtoy.instruments.binned_accuracy import binned_accuracy, integer_bins
from geomtoy.instruments.bootstrap import bootstrap_interval, hierarchical_interval
from geomtoy.instruments.partial_correlation import (
    controlled,
    correlation_given_shots,
    pooled_correlation,
)

RNG = np.random.default_rng(3)
X = RNG.integers(0, 9, (30, 4)) + np.array([0, 5, 5, 20])
Y = RNG.random((30, 4)) < np.array([0.1, 0.5, 0.4, 0.9])
AMONG = RNG.random((30, 4)) < 0.7


def residuals(values: np.ndarray, shots: np.ndarray) -> np.ndarray:
    """After least squares on an indicator of each number of shots."""
    indicators = np.eye(4)[shots]
    return values - indicators @ lstsq(indicators, values, rcond=None)[0]


@pytest.mark.parametrize("among", [None, AMONG], ids=["all", "some"])
def test_correlations_are_those_of_residuals(among):
    kept = np.ones_like(AMONG) if among is None else among
    shots = np.broadcast_to(np.arange(4), X.shape)[kept]
    x, y = X[kept].astype(float), Y[kept].astype(float)
    assert pooled_correlation(X, Y, among) == pytest.approx(pearsonr(x, y).statistic)
    given = pearsonr(residuals(x, shots), residuals(y, shots)).statistic
    assert correlation_given_shots(X, Y, among) == pytest.approx(given)


def test_what_shots_alone_decide_is_pooled_and_not_given_shots():
    """Simpson's case: both grow with shots, and at each number one falls where the other rises."""
    shots = np.arange(4) * 10
    y = np.array([[0], [1]]) * np.ones(4) + shots
    x = np.array([[1], [0]]) * np.ones(4) + shots
    assert pooled_correlation(x, y) > 0.9
    assert correlation_given_shots(x, y) == pytest.approx(-1)


def test_without_variation_there_is_no_correlation():
    assert correlation_given_shots(X * 0 + np.array([0.1, 0.2, 0.3, 0.7]), Y) == 0
    assert pooled_correlation(X, Y * 0) == 0
    assert pooled_correlation(X, Y, AMONG & False) == 0


def test_intervals_are_those_of_a_loop_over_whole_prompts():
    found = bootstrap_interval(correlation_given_shots, X, Y, resamples=200, seed=5)
    rng = np.random.default_rng(5)
    rows = [rng.integers(0, 30, 30) for _ in range(200)]
    looped = [correlation_given_shots(X[drawn], Y[drawn]) for drawn in rows]
    np.testing.assert_allclose(found, np.percentile(looped, (2.5, 97.5)), atol=0.05)
    assert found[0] < correlation_given_shots(X, Y) < found[1]


def mean(x):
    return x.mean(axis=(-2, -1))


def test_prompts_are_drawn_whole():
    """Twenty times the same answers tell no more than once."""
    once = bootstrap_interval(mean, X[:, :1], resamples=100)
    often = bootstrap_interval(mean, np.repeat(X[:, :1], 20, axis=1), resamples=100)
    np.testing.assert_allclose(once, often)


@pytest.mark.parametrize(("between", "within"), [(1.0, 0.0), (0.0, 3.0), (0.5, 3.0)])
def test_a_hierarchical_interval_has_the_known_width(between, within):
    """A mean of 60 runs of 50 prompts, whose variances are known; that of prompts counts twice."""
    rng, runs, prompts = np.random.default_rng(1), 60, 50
    levels = between * rng.normal(size=(runs, 1, 1))
    x = levels + within * rng.normal(size=(runs, prompts, 1))
    low, high = hierarchical_interval(mean, x)
    expected = 2 * 1.96 * ((between**2 + 2 * within**2 / prompts) / runs) ** 0.5
    assert high - low == pytest.approx(expected, rel=0.25)
    assert low < x.mean() < high


def test_one_run_again_and_again_is_no_more_than_its_prompts():
    """Equal runs differ in nothing: only prompts vary, and forty of them average that out."""
    one = hierarchical_interval(mean, X[None])
    many = hierarchical_interval(mean, np.repeat(X[None], 40, axis=0))
    assert many[1] - many[0] == pytest.approx((one[1] - one[0]) / 40**0.5, rel=0.2)


def test_control_is_that_of_residuals():
    z = X + RNG.normal(size=X.shape)
    shots = np.broadcast_to(np.arange(4), X.shape).ravel()
    design = np.column_stack([np.eye(4)[shots], z.ravel()])
    x, y = (v.ravel() - design @ lstsq(design, v.ravel(), rcond=None)[0] for v in (1.0 * X, 1.0 * Y))
    pairs = [correlation_given_shots(*pair) for pair in ((X, Y), (X, z), (Y, z))]
    assert controlled(*pairs) == pytest.approx(pearsonr(x, y).statistic)
    one = np.array(1.0)
    assert controlled(np.array(0.5), one, np.array(0.5)) == 0


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("arrays", "says"), [((X, Y[1:]), r"\[29, 30\]"), ((X[:1],), r"\[1\]")])
def test_arrays_that_do_not_fit_are_refused(arrays, says):
    with pytest.raises(SettingError, match=says):
        bootstrap_interval(pooled_correlation, *arrays)


@pytest.mark.parametrize("most", [1, 3, 10, 50])
def test_bins_hold_every_value_once(most):
    bins = integer_bins(X, most)
    assert len(bins) - 1 <= most
    assert len(set(np.diff(bins))) == 1
    shares, counts = binned_accuracy(X, Y, bins)
    assert counts.sum() == X.size
    for low, high, share, count in zip(bins, bins[1:], shares, counts, strict=False):
        inside = [(x, y) for x, y in zip(X.flat, Y.flat, strict=True) if low <= x < high]
        assert count == len(inside)
        assert count == 0 or share == pytest.approx(sum(y for _, y in inside) / count)
        assert count or np.isnan(share)


def test_no_values_are_refused():
    with pytest.raises(SettingError, match="0 values"):
        integer_bins(np.empty(0, int), 3)
