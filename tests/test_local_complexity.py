"""Density of regions around data: exact counts against corners, and verdicts by their rules."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from drawn_twice import draw_twice
from local_complexity import fig_local_complexity
from local_complexity.data import ADDITION, SPIRALS, draw
from local_complexity.measure import count_exactly, estimate_crossing, frames

import geomtoy


def test_a_figure_is_the_same_again_and_computes_once(tmp_path):
    draw_twice("fig_local_complexity", tmp_path / "results", tmp_path)


def network(rng, *sizes: int) -> geomtoy.Network:
    layers = [
        (rng.integers(-3, 4, (n, d)).astype(float), rng.integers(-3, 4, n) / 4)
        for d, n in pairwise(sizes)
    ]
    return geomtoy.Network(layers)


@pytest.mark.parametrize("seed", range(5))
def test_corners_see_every_unit_of_one_layer_and_never_one_that_does_not_cross(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4, 3))
    planes = frames(rng, 4, 2, 3)
    for net, same in ((network(rng, 3, 9, 1), True), (network(rng, 3, 6, 6, 1), False)):
        exact = [count_exactly(net, *pair, 0.7) for pair in zip(x, planes, strict=True)]
        crossing = np.array([one.crossing for one in exact])
        sampled = estimate_crossing(net, x, planes, 0.7)
        assert (sampled == crossing).all() if same else (sampled <= crossing).all()
        assert all(one.regions > one.crossing for one in exact)  # k lines make k + 1 regions or more


def test_regions_of_a_neighbourhood_are_those_of_its_square():
    """One unit, x_0 > 0: the square around the origin has two regions, that around (2, 0) one."""
    net = geomtoy.Network([(np.array([[1.0, 0.0]]), np.zeros(1)), (np.ones((1, 1)), np.zeros(1))])
    plane = np.eye(2)
    assert count_exactly(net, np.zeros(2), plane, 1.0) == (2, 1)
    assert count_exactly(net, np.array([2.0, 0.0]), plane, 1.0) == (1, 0)
    assert count_exactly(net, np.array([2.0, 0.0]), plane, 2.5) == (2, 1)


def test_directions_are_orthonormal():
    found = frames(np.random.default_rng(0), 3, 4, 6)
    np.testing.assert_allclose(found @ found.swapaxes(1, 2), [np.eye(4)] * 3, atol=1e-12)


def test_all_sums_are_asked_once():
    data = draw(ADDITION, 0)
    x = np.concatenate([data.x, data.x_test])
    a, b = x[:, :23].argmax(axis=1), x[:, 23:].argmax(axis=1)
    assert len({*zip(a, b, strict=True)}) == len(x) == 23**2
    np.testing.assert_array_equal((a + b) % 23, np.concatenate([data.y, data.y_test]))


def test_a_nearest_neighbour_tells_the_arms_apart():
    data = draw(SPIRALS, 0)
    near = ((data.x_test[:, None] - data.x) ** 2).sum(axis=-1).argmin(axis=1)
    assert (data.y[near] == data.y_test).mean() > 0.95


def outcomes(regions, sampled, crossing, accuracy=(0, 0, 1)) -> list[str]:
    """Of three seeds that are alike but for a trifle, in both tasks."""

    def seeds(values):
        return (np.array([values] * 3) * np.array([[1], [1.001], [1.002]])).tolist()

    one = {
        "regions/train": seeds(regions), "sampled/train": seeds(sampled), "wide/train": seeds(sampled),
        "crossing/train": seeds(crossing), "accuracy/test": [[*accuracy]] * 3,
    }  # fmt: skip
    numbers = {"mean over points (seeds, looks)": {ADDITION: one, SPIRALS: one}}
    return [verdict.outcome for verdict in fig_local_complexity.verdicts(numbers)]


def test_verdicts():
    falling = [20, 20, 10]
    assert outcomes(falling, [6, 6, 3], [6, 6, 3]) == ["holds"] * 4
    assert outcomes(falling, [3, 3, 6], [3, 3, 6]) == ["holds", "fails", "mixed", "mixed"]
    assert outcomes(falling, [3, 3, 1], [6, 6, 3])[0] == "fails"
    assert outcomes(falling, [6, 6, 3], [6, 6, 3], accuracy=(0, 0, 0.5))[2:] == ["untested"] * 2
    assert outcomes([10, 10, 20], [3, 3, 6], [3, 3, 6]) == ["holds", "holds", "fails", "fails"]
