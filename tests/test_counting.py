"""Counting: limits, blocks, and without building what is counted."""

import numpy as np
import pytest
from builders import few_directions, random_net
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import ZOO

from geomtoy import Network, count_regions, enumerate_regions
from geomtoy.errors import BudgetError
from geomtoy.regions.engine.run import Enumeration

# Stopping


@pytest.mark.parametrize("run", [count_regions, enumerate_regions])
def test_too_many_regions_stop_the_run(run):
    net = random_net(2, 10, 10, 1, seed=0)
    n = len(enumerate_regions(net))
    assert run(net, max_regions=n)
    with pytest.raises(
        BudgetError, match=rf"makes {n} regions, more than max_regions = {n - 1}; raise it"
    ):
        run(net, max_regions=n - 1)


# Counting without building


@pytest.mark.parametrize("ahead", [0, 5000])
@pytest.mark.parametrize("name", ZOO)
def test_counting_in_blocks_of_one_cell_changes_nothing(monkeypatch, name, ahead):
    animal = ZOO[name]()
    where = {"window": animal.window, "slice": animal.slice}
    expected = len(enumerate_regions(animal.network, **where))
    monkeypatch.setattr("geomtoy.regions.engine.counting.PART_BYTES", 1)
    monkeypatch.setattr("geomtoy.regions.engine.crossings.BLOCK_BYTES", 1)
    monkeypatch.setattr("geomtoy.regions.maps.floats.KEEP_BYTES", 0)
    monkeypatch.setattr("geomtoy.regions.maps.floats.AHEAD_BYTES", ahead)
    count = count_regions(animal.network, **where, linear=False)
    assert (count.regions, count.certified) == (expected, True)


# Linear regions, without building


@pytest.mark.parametrize("name", ZOO)
def test_linear_regions_are_counted_cell_by_cell_as_they_are_labelled(monkeypatch, name):
    """Each cell of the level before the last is a part of its own, so that all its faces wait for those
    across."""
    animal = ZOO[name]()
    where = {"window": animal.window, "slice": animal.slice}
    cells = enumerate_regions(animal.network, **where)
    monkeypatch.setattr("geomtoy.regions.engine.counting.SMALL", 0)
    monkeypatch.setattr("geomtoy.regions.engine.counting.MAPS_BYTES", 1)
    count = count_regions(animal.network, **where)
    assert (count.regions, count.linear_regions) == (len(cells), cells.n_linear_regions)


@pytest.mark.parametrize("room", [1, 3000, 2**24])
@pytest.mark.parametrize("seed", range(12))
def test_linear_regions_of_twins_and_of_units_that_cancel(monkeypatch, seed, room):
    """Units of each layer are multiples of few, by small integers: chords lie on each other, the outputs
    go on across some of them, and maps are equal across borders."""
    net = few_directions(seed)
    cells = enumerate_regions(net)
    monkeypatch.setattr("geomtoy.regions.engine.counting.SMALL", 0)
    monkeypatch.setattr("geomtoy.regions.engine.counting.MAPS_BYTES", room)
    assert count_regions(net).linear_regions == cells.n_linear_regions


@pytest.mark.parametrize("widths", [(300,), (40, 40)])
def test_cells_of_the_last_layer_are_not_built_to_count_linear_regions(monkeypatch, widths):
    """One cell, cut by many units, is not a small network."""
    network, built = random_net(2, *widths, 1, seed=0), []
    build = Enumeration.build

    def noted(run, mesh, layer, maps):
        built.append(layer)
        return build(run, mesh, layer, maps)

    monkeypatch.setattr(Enumeration, "build", noted)
    found = count_regions(network)
    assert found.linear_regions == found.regions > 1000
    assert built == [*range(1, len(widths))]


def test_a_last_hidden_layer_that_cuts_nothing_is_counted():
    """Two matrices in a row, as importers write them: the units between them bend nowhere."""
    rng = np.random.default_rng(0)
    first, middle, last = (
        (rng.normal(size=s), rng.normal(size=s[0])) for s in ((99, 2), (9, 99), (2, 9))
    )
    n = count_regions(Network([first, middle])).regions
    count = count_regions(Network([first, middle, last], ["relu", "identity"]))
    assert (count.regions, count.linear_regions) == (n, n)


def test_linear_regions_are_fewer_than_regions_where_units_cancel():
    counts = [count_regions(few_directions(seed)) for seed in range(12)]
    assert sum(0 < count.linear_regions < count.regions for count in counts) > 6


# Ties


def nearly_concurrent(rows, scale, seed=None):
    """Lines through (1/2, 1/2) moved by integers times a scale that floats hardly see."""
    rows = np.array(rows, float)
    W, offsets = rows[:, :2], rows[:, 2]
    b = offsets * scale - W @ [0.5, 0.5]
    return Network([(W, b), (np.ones((1, len(W))), [0])])


def test_points_of_concurrency_that_floats_cannot_tell_apart_are_told_apart():
    rows = [[1, 1, 0], [2, 2, -2], [0, 1, 1], [1, -1, -1], [1, -2, -1], [2, -1, -1]]
    net = nearly_concurrent(rows, 2.0**-49)
    assert count_regions(net, linear=False).regions == count_regions(net).regions == 18
    assert len(enumerate_regions(net, max_regions=18)) == 18
    with pytest.raises(BudgetError):
        enumerate_regions(net, max_regions=17)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=4, max_size=12),
    st.sampled_from([2.0**-49, 2.0**-52, 2.0**-40, 1e-14]),
)
def test_counting_agrees_with_building_where_lines_nearly_meet(rows, scale):
    net = nearly_concurrent(rows, scale)
    n = len(enumerate_regions(net))
    assert count_regions(net, linear=False).regions == n
    assert len(enumerate_regions(net, max_regions=n)) == n


@pytest.mark.parametrize("seed", range(8))
def test_counting_agrees_with_building_in_huge_windows_and_collapsing_layers(seed):
    rng = np.random.default_rng(seed)
    W = [rng.integers(-3, 4, (8, 2)), rng.integers(-2, 3, (8, 8)) * (rng.random((8, 8)) < 0.4)]
    net = Network(
        [(W[0], rng.integers(-2, 3, 8)), (W[1], rng.integers(-2, 3, 8)), (np.ones((1, 8)), [0])]
    )
    for reach in (1, 1e14):
        window = reach * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        n = len(enumerate_regions(net, window=window))
        assert count_regions(net, window=window, linear=False).regions == n


def test_a_limit_is_judged_by_a_proven_count(monkeypatch):
    """Six lines through a point: 12 regions, up to 22; nobody is refused for the larger number."""
    net = ZOO["zero_bias_6"]().network
    monkeypatch.setattr("geomtoy.regions.engine.counting.FULL_CHECK_PAIRS", 0)
    count = count_regions(net, linear=False, max_regions=12)
    assert (count.regions, count.certified) == (12, True)


def test_a_count_that_assumes_general_position_is_not_certified(monkeypatch):
    """Six lines through the origin: 12 regions, and 22 if nobody looks where the lines meet."""
    net = ZOO["zero_bias_6"]().network
    monkeypatch.setattr("geomtoy.regions.engine.counting.FULL_CHECK_PAIRS", 0)
    monkeypatch.setattr("geomtoy.regions.engine.counting.SMALL", 0)
    count = count_regions(net, linear=False)
    assert (count.regions, count.certified) == (22, False)
    count = count_regions(net, linear=False, full_check=True)
    assert (count.regions, count.certified) == (12, True)
    both = count_regions(net)
    assert (both.regions, both.linear_regions, both.certified) == (22, 22, False)
    both = count_regions(net, full_check=True)
    assert (both.regions, both.linear_regions, both.certified) == (12, 12, True)


def test_what_does_not_fit_is_refused_before_it_is_built(monkeypatch):
    """Ten thousand lines cross 30 million times; the limit is seen without storing one crossing."""
    W, b = random_net(2, 10_000, seed=1).layers[0]
    wide = Network([(W, b), (np.ones((1, 10_000)), [0])])
    monkeypatch.setattr("geomtoy.regions.engine.run.memory", lambda: 1e6)
    with pytest.raises(BudgetError, match="more than fit into memory; count them with linear=False"):
        enumerate_regions(wide)
    monkeypatch.setattr("geomtoy.regions.engine.run.find_meetings", lambda *_: pytest.fail("built"))
    with pytest.raises(BudgetError, match=r"makes \d+ regions, more than max_regions = 1000000"):
        enumerate_regions(wide, max_regions=10**6)


def test_a_limit_counts_concurrent_lines_right():
    star = ZOO["zero_bias_16"]().network
    assert len(enumerate_regions(star, max_regions=32)) == 32
    with pytest.raises(BudgetError, match="makes 32 regions"):
        enumerate_regions(star, max_regions=31)
