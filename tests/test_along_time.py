"""Regions along time: closed forms, agreement with fine grids, and proofs that must fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from blocks_in_time import CYCLE, plain, random_block

from geomtoy.errors import NetworkError, SettingError, WindowError
from geomtoy.network import Network
from geomtoy.views.along_time import (
    count_regions_along,
    estimate_pattern_changes,
    estimate_regions_along,
)


@pytest.mark.parametrize(
    ("W", "b", "interval", "borders"),
    [
        ([1, 0], [0], CYCLE, [-np.pi, 0, np.pi]),  # +-2 pi as floats lie just inside the true zeros
        ([1, 0], [0], (0, 3), []),  # zero exactly at an end
        ([1, 0], [0], (-3, 0), []),
        ([1, 1], [0], (0, 5e-324), []),  # the inverse of its length is infinite
        ([1, 0], [0], (-1, 1), [0]),
        ([0, 1], [-0.5], (-4, 4), [-np.pi / 3, np.pi / 3]),
        ([0, 1], [1 - 1e-9], (3, 3.3), [np.pi - 4.4721359588e-5, np.pi + 4.4721359588e-5]),
        ([0, 1], [1 + 1e-9], (3, 3.3), []),
        ([3, 4], [6], (-9, 9), []),
        ([0, 0], [0], (-9, 9), []),  # a unit that is zero everywhere cuts nothing
        ([0, 0], [1], (-9, 9), []),
    ],
)
def test_one_sine_in_closed_form(W, b, interval, borders):
    found = count_regions_along(plain(W, b), interval)
    assert found.certified
    assert (found.kind, found.view) == ("exact", "along time")
    assert found.regions == len(borders) + 1
    assert (np.abs(found.borders - borders) <= found.error + 1e-12).all()
    assert found.error.max(initial=0) < 1e-5
    guess = estimate_regions_along(plain(W, b), interval)
    assert (guess.kind, guess.certified, guess.regions) == ("estimate", False, found.regions)
    np.testing.assert_allclose(guess.borders, borders, atol=1e-7)


def test_a_fast_sine():
    found = count_regions_along(plain([0, 1, 0, 0], [0], [1.0, 300.0]), (0, 10))
    assert found.certified
    np.testing.assert_allclose(found.borders, np.pi / 300 * np.arange(1, 955), atol=1e-7)


def test_several_units_switch_at_their_own_times():
    found = count_regions_along(plain([[1, 0], [0, 1], [1, -1]], [0, 0, 0]), (-0.5, 6))
    assert found.certified
    np.testing.assert_allclose(found.borders, np.pi * np.array([0, 0.25, 0.5, 1, 1.25, 1.5]), atol=1e-6)
    assert found.units.tolist() == [0, 2, 1, 0, 2, 1]


def test_twin_units_share_their_borders():
    found = count_regions_along(plain([[1, 0.5], [-2, -1], [1, 0.5]], [0.25, -0.5, 0.5]), (0, 7))
    assert found.certified
    assert found.regions == 5
    assert 1 not in found.units


def test_units_that_switch_together_at_zero_make_one_border():
    both = plain([[1, 0, 0, 0], [0, 1, 0, 0]], [0, 0], [1.0, 2.0])
    found = count_regions_along(both, (-1, 1))
    assert found.certified
    assert found.regions == 2


@pytest.mark.parametrize(
    ("W", "b", "interval", "regions"),
    [
        ([0, 1], [1], (3, 3.3), 1),  # 1 + cos t touches zero
        ([0, 1], [1], (-4, 4), 1),
        ([[1, 0, 0, 0], [0, 1, 0, 0]], [0, 0], (3, 3.3), 2),  # sin t and sin 2 t, both zero at pi
    ],
)
def test_what_is_no_simple_zero_is_not_certified(W, b, interval, regions):
    frequencies = [1.0] if np.shape(W)[-1] == 2 else [1.0, 2.0]
    found = count_regions_along(plain(W, b, frequencies), interval)
    assert not found.certified
    assert found.kind == "estimate"
    assert "not certified" in found.guarantee
    assert found.regions == regions
    assert (np.abs(np.abs(found.open_intervals) - np.pi) < 1e-3).all()


def test_close_zeros_of_two_units_are_ordered_by_ball_arithmetic():
    """Zeros 1e-13 apart near t = 1: floats cannot order them, balls can."""
    gap = 1e-13
    W = [[1, 0], [np.cos(gap), -np.sin(gap)]]
    found = count_regions_along(plain(W, [-np.sin(1), -np.sin(1)]), (0.5, 1.5))
    assert found.certified
    assert found.regions == 3
    assert found.units.tolist() == [0, 1]


def test_a_zero_function_in_disguise_is_not_certified():
    """Both channels carry the same sine, and the unit takes their difference."""
    found = count_regions_along(plain([1, -1, 0, 0], [0], [1.0, 1.0]), (0, 3))
    assert not found.certified
    assert found.regions == 1


@pytest.mark.parametrize("seed", range(6))
def test_random_blocks_agree_with_a_fine_grid(seed):
    block = random_block(seed, norm=seed % 2 == 1, residual=seed % 3 != 2)
    found = count_regions_along(block, CYCLE)
    assert found.certified
    t = np.linspace(*CYCLE, 200_001)
    on = np.concatenate([block.preactivations(part) for part in np.array_split(t, 20)]) > 0
    assert found.regions == 1 + np.count_nonzero(on[1:] != on[:-1])
    guess = estimate_regions_along(block, CYCLE)
    assert not len(guess.open_intervals)
    assert (guess.units == found.units).all()
    assert (np.abs(guess.borders - found.borders) <= found.error + 1e-9).all()
    assert estimate_pattern_changes(block, CYCLE).regions <= found.regions


def test_scores_that_change_fast():
    block = random_block(1, C=6)
    sharp = replace(block, scale=30.0)
    found = count_regions_along(sharp, (-1, 1))
    assert found.certified
    t = np.linspace(-1, 1, 100_001)
    on = sharp.preactivations(t) > 0
    assert found.regions == 1 + np.count_nonzero(on[1:] != on[:-1])


def test_every_border_switches_its_unit_in_independent_evaluation():
    block = random_block(7, norm=True)
    found = count_regions_along(block, CYCLE)
    h = 1e-7
    before, after = (block.preactivations(found.borders + s) > 0 for s in (-h, h))
    n = np.arange(len(found.borders))
    assert (before[n, found.units] != after[n, found.units]).all()
    assert ((before != after).sum(axis=1) == 1).all()


def test_the_papers_count():
    found = estimate_pattern_changes(plain([1, 0], [0]), (-0.5, 6), bins=100)
    assert found.regions == 3
    np.testing.assert_allclose(found.borders, [0, np.pi], atol=0.07)
    assert estimate_pattern_changes(plain([1, 0], [0]), (-0.5, 6), bins=1).regions == 1


# What is not proven or refused


def test_a_small_budget_gives_an_estimate_that_says_so():
    block = random_block(3)
    found = count_regions_along(block, CYCLE, max_pieces=20)
    assert (found.kind, found.certified) == ("estimate", False)
    assert "not certified" in found.guarantee
    assert found.regions == estimate_regions_along(block, CYCLE).regions
    assert len(found.open_intervals)


def test_hard_attention_is_estimated_and_not_counted():
    block = random_block(5, hard=True)
    with pytest.raises(SettingError, match="hard attention"):
        count_regions_along(block, CYCLE)
    t = np.linspace(*CYCLE, 100_000)
    on = block.preactivations(t) > 0
    found = estimate_regions_along(block, CYCLE)
    assert found.regions == 1 + np.count_nonzero((on[1:] != on[:-1]).any(axis=1))


@pytest.mark.parametrize("interval", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_a_bad_interval_is_named(interval):
    for view in (count_regions_along, estimate_regions_along, estimate_pattern_changes):
        with pytest.raises(WindowError, match="interval"):
            view(random_block(0), interval)


def test_bins_are_positive():
    for view in (estimate_regions_along, estimate_pattern_changes):
        with pytest.raises(SettingError, match="bins"):
            view(random_block(0), CYCLE, bins=0)


@pytest.mark.parametrize(
    ("layers", "activation", "says"),
    [
        ([([[2.0, 0.0]], [0.0]), ([[1.0]], [0.0])], "hard_tanh", "hard_tanh"),
        ([([[2.0, 0.0]], [0.0]), ([[1.0]], [0.0])], "identity", "identity"),
        ([([[1.0, 0.0]], [2.0]), ([[1.0]], [-2.0]), ([[1.0]], [0.0])], "relu", "2 hidden layers"),
        ([([[1.0, 0.0]], [2.0])], "relu", "0 hidden layers"),
    ],
)
def test_other_mlps_are_refused_by_name(layers, activation, says):
    """hard_tanh(2 sin t) has 3 regions on (.1, 3) and two layers hide zeros: no count was right."""
    block = replace(plain([1, 0], [0]), mlp=Network(layers, activation))
    for view in (count_regions_along, estimate_regions_along, estimate_pattern_changes):
        with pytest.raises(NetworkError, match=says):
            view(block, (0.1, 3))


def test_an_interval_too_long_for_memory_is_refused():
    with pytest.raises(SettingError, match="shorter"):
        count_regions_along(plain([1, 0], [0]), (0, 1e9))
