"""Units that nothing reaches on a cell: what is said of them is true of the rational maps."""

from fractions import Fraction

import numpy as np
import pytest
from builders import image_net
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import assert_same_regions
from strategies import affine, maxout

from geomtoy import Network, count_regions, enumerate_regions
from geomtoy.activations import RELU
from geomtoy.layers import Maxout
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.structure import constant_signs, unreached

relu = st.just(RELU)


def unreached_units(cells):
    """(layer, cell of the level before, unit) of all units said to be unreached."""
    sub = cells.subdivision
    for layer in range(1, len(sub.network.layers)):
        every = np.arange(len(sub.levels[layer - 1].parent))
        for cell, unit in np.argwhere(unreached(sub.network, sub.levels, layer, every)).tolist():
            yield layer, cell, unit


def assert_unreached_are_biases(cells):
    sub = cells.subdivision
    found = list(unreached_units(cells))
    for layer, cell, unit in found:
        rows, scale = sub.lines.maps.affine(layer, cell)
        bias = Fraction(sub.network.layers[layer - 1][1][unit])
        assert (rows[unit, 0], rows[unit, 1]) == (0, 0)
        assert Fraction(int(rows[unit, 2]), int(scale)) == bias
        signs = constant_signs(sub.network, layer)[cuts_of(sub.network, layer).unit == unit]
        assert signs.tolist() == [
            np.sign(bias - tau) for tau in sub.network.units(layer)[unit].breakpoints
        ]
    return found


def test_zeros_compared_by_pooling_need_no_rational_arithmetic():
    net, where = image_net()
    cells = enumerate_regions(net, slice=where)
    assert cells.subdivision.tally.rational == 0
    assert count_regions(net, slice=where, linear=False).rational_signs == 0
    assert len(assert_unreached_are_biases(cells)) > 100
    assert cells.certify().valid


@pytest.mark.parametrize("bias", [-1, 0, 1])
def test_a_unit_after_units_that_are_off(bias):
    net = Network(
        [([[1, 0], [1, 1]], [0, 0]), ([[1, 0], [0, 1], [1, 1]], [bias] * 3), ([[1, 1, 1]], [0])]
    )
    cells = enumerate_regions(net)
    off = [k for k, pattern in enumerate(cells.subdivision.levels[1].bits[:, 0]) if pattern == 0]
    found = assert_unreached_are_biases(cells)
    assert {(2, off[0], unit) for unit in range(3)} <= set(found)
    assert cells.certify().valid


@pytest.mark.parametrize("bias", [0, 1])
def test_what_a_saturated_unit_passes_on_is_not_nothing(bias):
    eye, zero = [[1, 0], [0, 1]], [0, 0]
    net = Network([([[8, 0], [0, 8]], [bias] * 2), (eye, zero), ([[1, 1]], [0])], ["hard_tanh", "relu"])
    cells = enumerate_regions(net)
    assert not assert_unreached_are_biases(cells)
    assert cells.certify().valid


@settings(max_examples=25)
@given(
    st.one_of(
        st.tuples(affine(4, 2), relu, st.just(Maxout(4)), affine(1, 1)),
        st.tuples(affine(6, 2), relu, st.just(Maxout(3)), affine(2, 2), relu, affine(1, 2)),
        st.tuples(affine(3, 2), relu, affine(4, 3), relu, st.just(Maxout(2)), affine(1, 2)),
        maxout(2, 2, 3),
    )
)
def test_zeros_against_layers_by_definition(steps):
    _, cells = assert_same_regions(steps)
    assert_unreached_are_biases(cells)
