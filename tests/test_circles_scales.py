"""Behind a norm, powers of two change nothing: of the norm's input, of the plane, of every layer.

A norm forgets the size of what it is given, ReLU passes factors on, and a stretched plane with a
stretched window shows the same. So numbers that float64 hardly holds, or not at all, have regions that
are known.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from geomtoy import Network, count_regions, enumerate_regions
from geomtoy.normed import Norm, NormedNetwork

POWERS = {  # of the norm's input, of the plane's axes, of each layer
    "a variance of few digits": (-535, 0, 0, 0, 0),
    "no variance for floats": (-600, 0, 0, 0, 0),
    "an infinite variance for floats": (600, 0, 0, 0, 0),
    "products of weights vanish": (0, 0, 0, -560, -540),
    "products of weights overflow": (0, 0, 0, 520, 500),
    "a weight hardly there": (0, 0, 0, 0, -1060),
    "a long thin plane": (0, 900, -900, 0, 0),
    "all at once": (300, -400, 200, -300, 500),
}


def arrays(seed):
    rng = np.random.default_rng(seed)
    return [np.round(16 * rng.normal(size=s)) / 16 for s in ((4, 2), 4, (6, 4), 6, (3, 6), 3)]


def scaled(seed, before=0, along_u=0, along_v=0, first=0, second=0, *, biases=True):
    """A network whose numbers are those of a seed, times powers of two, and the window that fits."""
    W, b, A, a, B, c = arrays(seed)
    W = np.ldexp(W, [before - along_u, before - along_v])
    both = first + second
    c = c if biases else 0 * c
    epsilon = Fraction(seed % 2, 8)
    layers = [(np.ldexp(A, first), np.ldexp(a, first)), (np.ldexp(B, second), np.ldexp(c, both))]
    norm = Norm(np.ones(4), np.zeros(4), epsilon * Fraction(4) ** before)
    u, v = Fraction(2) ** along_u, Fraction(2) ** along_v
    window = [(-u, -v), (u, -v), (u, v), (-u, v)]
    network = Network([*layers, (np.ones((1, 3)), np.zeros(1))])
    return NormedNetwork((W, np.ldexp(b, before)), norm, network), window


@pytest.mark.parametrize("name", POWERS)
@pytest.mark.parametrize("seed", [1, 2, 8])
def test_powers_of_two_change_nothing(name, seed):
    biases = sum(POWERS[name][3:]) > -1000  # those of the second layer would vanish
    network, window = scaled(seed, biases=biases)
    expected = enumerate_regions(network, window=window)
    network, window = scaled(seed, *POWERS[name], biases=biases)
    found = enumerate_regions(network, window=window)
    counted = count_regions(network, window=window)
    assert (counted.regions, counted.linear_regions) == (len(expected), expected.n_linear_regions)
    assert found.n_vertices == expected.n_vertices
    assert {*map(tuple, found.activation_patterns)} == {*map(tuple, expected.activation_patterns)}
    size = np.ldexp(1.0, POWERS[name][1:3])
    np.testing.assert_allclose(found.vertices / size, expected.vertices, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", POWERS)
def test_floats_are_as_near_the_exact_functions_as_they_say(name):
    network, window = scaled(1, *POWERS[name])
    maps = enumerate_regions(network, window=window).subdivision.maps
    values = maps.first_maps()
    for layer in (1, 2, 3):
        for face in range(len(values.rows)):
            exact = maps.affine(layer, face)
            for unit in range(exact.nrows()):
                for k, root in enumerate((*maps.sphere.geometry.roots, 1)):
                    value, error = values.rows[face, k, unit], values.error[face, unit]
                    if np.isfinite(value) and np.isfinite(error):
                        true = exact[unit, k] / root
                        gap = abs(Fraction(value) - Fraction(int(true.p), int(true.q)))
                        assert gap <= Fraction(error) * (1 + Fraction(1, 2**40))
        if layer < 3:
            values = maps.next_maps(layer, values, maps.levels[layer])
