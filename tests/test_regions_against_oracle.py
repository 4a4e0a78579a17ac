"""The enumerator against the naive exact oracle, on random small rationals and on the zoo."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from strategies import activations, networks, relu_networks, slices, windows
from zoo import ZOO

from geomtoy import UNIT_SQUARE, Segment, count_regions, enumerate_regions
from geomtoy.regions.engine import counting

intervals = st.sampled_from([(-1, 1), (Fraction(-1, 3), 4), None])


def assert_same_counts(truth, net, **where):
    """All ways to count: without linear regions, and with them, where small networks are counted as
    large ones are, without a cell of the last layer, and as they are."""
    quick = count_regions(net, **where, linear=False)
    assert quick.certified
    for small in (0, counting.SMALL):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(counting, "SMALL", small)
            count = count_regions(net, **where)
        assert count.certified
        assert (count.regions, count.linear_regions) == (truth.regions, truth.linear_regions)
    assert (quick.regions, quick.linear_regions) == (truth.regions, None)


def assert_same_polygons(net, window=UNIT_SQUARE, slice=None):
    truth = oracle(net, slice=slice, window=window)
    assert_same_counts(truth, net, slice=slice, window=window)
    cells = enumerate_regions(net, slice=slice, window=window)
    assert cells.n_linear_regions == truth.linear_regions
    assert_same_cells(cells, truth)


def assert_same_cells(cells, truth):
    exact = {cell.pattern: cell for cell in truth.cells}
    patterns = [tuple(map(int, row)) for row in cells.activation_patterns]
    assert len(patterns) == len(exact)
    assert set(patterns) == exact.keys()
    ours = [exact[pattern] for pattern in patterns]
    rows = np.array([cell.rows for cell in ours], dtype=float)
    np.testing.assert_allclose(cells.areas(), [float(cell.area) for cell in ours], rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(cells.A_omega, rows[:, :, :2], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(cells.b_omega, rows[:, :, 2], rtol=1e-12, atol=1e-13)
    assert sum(cells.areas()) == pytest.approx(float(truth.area), rel=1e-12)


def assert_same_pieces(net, window, slice=None):
    truth = oracle(net, slice=slice, window=window)
    assert_same_counts(truth, net, slice=slice, window=window)
    pieces = enumerate_regions(net, slice=slice, window=window)
    assert list(pieces.exact_breakpoints()) == truth.breakpoints
    patterns = [tuple(map(int, row)) for row in pieces.activation_patterns]
    assert patterns == [cell.pattern for cell in truth.ordered]
    rows = np.array([cell.rows for cell in truth.ordered], dtype=float)
    np.testing.assert_allclose(np.reshape(pieces.slopes, rows[..., 0].shape), rows[..., 0], atol=1e-13)
    np.testing.assert_allclose(np.reshape(pieces.offsets, rows[..., 1].shape), rows[..., 1], atol=1e-13)
    exact = np.array(truth.breakpoints, dtype=float)
    np.testing.assert_allclose(pieces.breakpoints, exact, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", ZOO)
def test_every_animal_of_the_zoo(name):
    animal = ZOO[name]()
    check = assert_same_polygons if len(animal.window) > 2 else assert_same_pieces
    check(animal.network, window=animal.window, slice=animal.slice)


@settings(max_examples=200)
@given(relu_networks, windows)
def test_relu_networks(net, window):
    assert_same_polygons(net, window)


@settings(max_examples=40)
@given(st.one_of(networks(2, 4, 1, act=activations), networks(2, 3, 3, 1, act=activations)), windows)
def test_other_activations(net, window):
    assert_same_polygons(net, window)


@settings(max_examples=30)
@given(networks(2, 3, 3, 2, 1, act=st.tuples(activations, activations, activations)))
def test_a_different_activation_in_each_layer(net):
    assert_same_polygons(net)


@settings(max_examples=40)
@given(networks(3, 4, 4, 1), slices(3), windows)
def test_slices(net, plane, window):
    assert_same_polygons(net, window, plane)


@settings(max_examples=60)
@given(st.one_of(relu_networks, networks(2, 4, 3, 1, act=activations)))
def test_the_whole_plane(net):
    assert_same_counts(oracle(net, window=None), net, window=None)


@settings(max_examples=30)
@given(networks(3, 4, 4, 1), slices(3))
def test_a_whole_slice(net, plane):
    assert_same_counts(oracle(net, slice=plane, window=None), net, slice=plane, window=None)


@settings(max_examples=60)
@given(networks(1, 5, 5, 1, act=activations), intervals)
def test_lines(net, window):
    assert_same_pieces(net, window)


@settings(max_examples=40)
@given(networks(2, 5, 4, 2), st.sampled_from([(0, 1), (-2, 3), None]))
def test_segments(net, window):
    assert_same_pieces(net, window, Segment((-1, -1), (1, Fraction(1, 2))))


@settings(max_examples=20)
@given(networks(2, 5, 5, 1))
def test_pieces_of_a_segment_are_the_cells_that_it_crosses(net):
    """A diagonal of the square; its pieces have patterns of cells, except along a common edge."""
    path = Segment((-1, -1), (1, 1))
    pieces = enumerate_regions(net, slice=path, window=(0, 1))
    cells = {tuple(row) for row in enumerate_regions(net).activation_patterns}
    ends = [Fraction(0), *pieces.exact_breakpoints(), Fraction(1)]
    for pattern, low, high in zip(pieces.activation_patterns, ends, ends[1:], strict=False):
        x = path.embed(np.array([(low + high) / 2], dtype=object))
        on_a_border = any(z == 0 for layer in net.preactivations(x) for z in layer[0])
        assert on_a_border or tuple(pattern) in cells
