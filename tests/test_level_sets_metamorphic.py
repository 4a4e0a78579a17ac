"""Level sets of networks in another dress: negated, scaled, shifted, as two classes, in floats."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from builders import random_net
from hypothesis import given, settings
from level_set_checks import segments, sides
from level_set_oracle import merged
from strategies import levels, networks

from geomtoy import Network, enumerate_decision_boundary, enumerate_level_set


def shifted(network, by):
    """The last layer, of one output, with a constant added."""
    W, b = network.layers[-1]
    return W, [Fraction(b[0]) + Fraction(by)]


@settings(max_examples=30)
@given(networks(2, 5, 3, 1), levels)
def test_negated_and_shifted_networks_have_the_same_set(network, level):
    found = enumerate_level_set(network, level=level)
    (W, b), level = network.layers[-1], Fraction(level)
    moved = Network([*network.layers[:-1], shifted(network, -level)])
    negated = Network([*network.layers[:-1], (-W, -b)])
    scaled = Network([*network.layers[:-1], (3 * W, 3 * b)])
    for other, sign, where in ((moved, 1, 0), (negated, -1, -level), (scaled, 1, 3 * level)):
        again = enumerate_level_set(other, level=where)
        assert merged(segments(again)) == merged(segments(found))
        assert sides(again) == sorted(turned(line, sign) for line in found.polylines)
        assert again.flat.tolist() == found.flat.tolist()
        assert again.crossed.tolist() == found.crossed.tolist()
        assert again.n_components == found.n_components


def turned(line, sign):
    """Sides of a polyline after a change of signs, larger first, as its direction has them."""
    both = [x if x is None else sign * x for x in (line.left, line.right)]
    return tuple(sorted(both, key=lambda x: -2 if x is None else x, reverse=True))


@settings(max_examples=20)
@given(networks(2, 5, 2))
def test_two_classes_are_one_output(network):
    """The border of class 1 is where output 1 - output 0 rises above 0."""
    as_fractions = np.frompyfunc(Fraction, 1, 1)
    W, b = map(as_fractions, network.layers[-1])
    gap = (W[1:] - W[:1], b[1:] - b[:1])
    one, other = (
        enumerate_decision_boundary(n) for n in (network, Network([*network.layers[:-1], gap]))
    )
    assert merged(segments(one)) == merged(segments(other))
    assert sides(one) == sides(other)


def test_a_larger_network_agrees_with_its_values():
    """Vertices in float64 are on the level; sampled points left of a segment are above it."""
    network = random_net(2, 32, 32, 1, seed=1)
    found = enumerate_level_set(network, level=0.5)
    for line in found.polylines:
        assert (line.left, line.right) == (1, -1)
        np.testing.assert_allclose(network(line.vertices), 0.5, atol=1e-9)
        if not line.closed:
            assert np.abs(line.vertices[[0, -1]]).max(axis=1).tolist() == [1, 1]
    assert sum(map(len, found.polylines)) >= len(found.crossed) > 20
    border = enumerate_decision_boundary(Network([*network.layers[:-1], shifted(network, -0.5)]))
    assert merged(segments(border)) == merged(segments(found))
