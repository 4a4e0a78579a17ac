"""The output maps of whole networks lie within their bounds of the exact ones."""

from fractions import Fraction

import numpy as np
import pytest
from builders import random_net
from hypothesis import given, settings
from map_errors import worst_output_share
from strategies import STEPS, activations, networks
from zoo import ZOO

from geomtoy import Network, PiecewiseLinear, enumerate_regions

NEAR = ((0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1))


@pytest.mark.parametrize("name", ZOO)
def test_bounds_hold_on_every_animal_of_the_zoo(name):
    animal = ZOO[name]()
    found = enumerate_regions(animal.network, window=animal.window, slice=animal.slice)
    assert worst_output_share(getattr(found, "complex", found)) <= 1


@pytest.mark.parametrize("seed", range(2))
def test_bounds_hold_in_deep_networks_and_say_something(seed):
    cells = enumerate_regions(random_net(2, *[16] * 12, 1, seed=seed, bias=0.1), window=NEAR)
    maps = cells.subdivision.output_maps
    assert len(cells) > 50
    assert worst_output_share(cells) <= 1
    assert maps.error.max() < 1e-3 * np.abs(maps.rows).max()


@pytest.mark.parametrize("act", ["abs", "hard_tanh", "leaky_relu", STEPS])
def test_bounds_hold_for_other_activations(act):
    net = random_net(2, 5, 5, 5, 2, seed=3)
    cells = enumerate_regions(Network(net.layers, act), window=((-1, -1), (0, -1), (0, 0)))
    assert 0 < worst_output_share(cells) <= 1


@settings(max_examples=25)
@given(networks(2, 4, 4, 2, act=activations))
def test_bounds_hold_for_small_rationals(net):
    assert worst_output_share(enumerate_regions(net)) <= 1


@pytest.mark.parametrize("shift", [0, 10**6])
def test_bounds_hold_in_a_window_far_from_the_origin(shift):
    net = random_net(2, 6, 6, 1, seed=5)
    W, b = net.layers[0]
    moved_net = Network([(W, b - W @ [shift, 0.5]), *net.layers[1:]])
    x, y = Fraction(shift) + Fraction(1, 7), Fraction(1, 3)
    cells = enumerate_regions(moved_net, window=((x - 2, y - 2), (x + 2, y - 2), (x, y + 2)))
    assert 0 < worst_output_share(cells) <= 1


def zigzag(n_pieces):
    """Slopes near -1 and 1 in turn, chosen so that the roundings of the switches add up."""
    rng, scale = np.random.default_rng(0), 1.0009765
    slopes, value = [-1.0005], -1.0005 * scale
    for k in range(n_pieces - 1):
        trials = (-1) ** k * (1 + 1e-3 * rng.random(200))
        values = value + (trials - slopes[-1]) * scale
        drift = [
            Fraction(v) - Fraction(s) * Fraction(scale) for v, s in zip(values, trials, strict=True)
        ]
        best = int(np.argmax([float(x) for x in drift]))
        slopes.append(float(trials[best]))
        value = values[best]
    breakpoints = [Fraction(k - n_pieces // 2, 4096) for k in range(n_pieces - 1)]
    layers = [([[scale, 0.0]], [0.0]), ([[1.0]], [0.0])]
    return Network(layers, PiecewiseLinear(breakpoints, slopes))


def test_bounds_hold_for_a_unit_that_switches_many_times():
    assert worst_output_share(enumerate_regions(zigzag(60))) <= 1
