"""Changes of a network that must not change its counts."""

from fractions import Fraction

import numpy as np
from builders import with_relu_twice
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import relu_networks

from geomtoy import UNIT_SQUARE, Network, Slice, count_regions


def counts(net, **where):
    count = count_regions(net, **where)
    return count.regions, count.linear_regions


def times(array, scale):
    return array * (scale if array.dtype == object else float(scale))


def replace_hidden(net, W1, b1, W2):
    """The network with other first-layer units, read by the second layer through W2."""
    return Network([(W1, b1), (W2, net.layers[1][1]), *net.layers[2:]], net.activations)


@settings(max_examples=25)
@given(relu_networks, st.randoms(use_true_random=False))
def test_permuting_units_changes_nothing(net, random):
    order = random.sample(range(net.widths[0]), net.widths[0])
    (W1, b1), (W2, _) = net.layers[:2]
    assert counts(replace_hidden(net, W1[order], b1[order], W2[:, order])) == counts(net)


@settings(max_examples=25)
@given(relu_networks, st.integers(-40, 40))
def test_rescaling_a_layer_changes_nothing(net, power):
    scale = Fraction(2) ** power
    (W1, b1), (W2, _) = net.layers[:2]
    rescaled = replace_hidden(net, times(W1, scale), times(b1, scale), times(W2, 1 / scale))
    assert counts(rescaled) == counts(net)


@settings(max_examples=25)
@given(relu_networks)
def test_a_dead_unit_changes_nothing(net):
    (W1, b1), (W2, _) = net.layers[:2]
    W1, b1 = np.vstack([W1, [[1, 2]]]), np.append(b1, -10)
    W2 = np.hstack([W2, np.full((len(W2), 1), 3)])
    assert counts(replace_hidden(net, W1, b1, W2)) == counts(net)


@settings(max_examples=25)
@given(relu_networks)
def test_relu_twice_changes_nothing(net):
    assert counts(with_relu_twice(net)) == counts(net)


@settings(max_examples=25)
@given(relu_networks)
def test_rotating_the_slice_and_the_window_changes_nothing(net):
    c, s = Fraction(3, 5), Fraction(4, 5)
    turned = [(c * x + s * y, c * y - s * x) for x, y in UNIT_SQUARE]
    assert counts(net, slice=Slice((0, 0), (c, s), (-s, c)), window=turned) == counts(net)
