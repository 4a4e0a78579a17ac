"""Which cuts come near a cell: looked at cell by cell, and by runs of cells."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geomtoy import Network, enumerate_regions
from geomtoy.regions.maps.bits import lowest_bit, without_lowest
from geomtoy.regions.maps.near import of_cells
from geomtoy.regions.numbers.filter import UNDECIDED
from geomtoy.regions.topology.mesh import Mesh

small = st.integers(-3, 3).map(float)
NONE = np.zeros(0, np.int64)


@given(st.integers(1, 2**64 - 1))
def test_bits_of_a_word_are_walked_through_from_the_lowest(word):
    found, left = [], np.uint64(word)
    while left:
        found.append(lowest_bit(left))
        left = np.uint64(without_lowest(left))
    assert found == [k for k in range(64) if word >> k & 1]


def rectangles(numbers):
    """A mesh of rectangles (x, y, width, height) that share nothing; `of_cells` reads no more of it."""
    x = np.array([[x, x + w, x + w, x] for x, _, w, _ in numbers], float).ravel()
    y = np.array([[y, y, y + h, y + h] for _, y, _, h in numbers], float).ravel()
    start = np.arange(0, len(x) + 1, 4)
    two = NONE.reshape(0, 2)
    return Mesh(x, y, np.ones(len(x)), np.zeros(len(x)), two, *(NONE,) * 4, start, NONE)


sizes = st.integers(1, 4).map(float)


@given(
    st.lists(st.tuples(small, small, sizes, sizes), min_size=1, max_size=5),
    st.lists(st.tuples(small, small, small), min_size=1, max_size=8),
    st.sampled_from([1, 9, 40]),  # up to 320 cuts, some more than once
)
def test_what_is_found_near_rectangles_is_all_that_crosses_them(numbers, lines, repeated):
    mesh, lines = rectangles(numbers), lines * repeated
    F, n = len(numbers), len(lines)
    rows = np.tile(np.array(lines).T, (F, 1, 1))
    positive = np.zeros((F, (n + 63) // 64), np.uint64)
    known = rows, np.zeros((1, n)), np.zeros(F, np.int64)
    cell, cut, found, signs = of_cells(0, known, mesh, np.arange(4 * F), positive)
    signs = signs.reshape(-1, 4)
    pairs = list(zip(cell.tolist(), cut.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    for f in range(F):
        corners = range(4 * f, 4 * f + 4)
        for i, (a, b, c) in enumerate(lines):
            truth = [np.sign(Fraction(a * mesh.x[q] + b * mesh.y[q] + c)) for q in corners]
            bit = bool(positive[f, i // 64] >> np.uint64(i % 64) & np.uint64(1))
            if (f, i) not in pairs:
                assert not (min(truth) < 0 < max(truth))
                assert bit == (max(truth) > 0)
                continue
            k = pairs.index((f, i))
            assert all(s in (UNDECIDED, t) for s, t in zip(signs[k], truth, strict=True))
            assert bit <= (max(truth) > 0)
            assert found[k].tolist() == [a, b, c, 0]


NETS = {
    "numbers": lambda rng, shape: rng.normal(size=shape),
    "integers": lambda rng, shape: rng.integers(-2, 3, shape).astype(float),
}


@pytest.mark.parametrize("widths", [(2, 12, 30, 1), (2, 5, 70, 9, 1)])
@pytest.mark.parametrize("kind", NETS)
def test_runs_of_cells_find_what_cells_find(kind, widths):
    for seed in range(6):
        draw, rng = NETS[kind], np.random.default_rng(seed)
        layers = [(draw(rng, (b, a)), draw(rng, (b,))) for a, b in pairwise(widths)]
        net = Network(layers)
        one = enumerate_regions(net)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("WIDE", "FAMILY", "SMALL"):
                patch.setattr(f"geomtoy.regions.engine.run.{name}", 0)
            other = enumerate_regions(net)
        assert other.certify().valid
        assert len(other) == len(one)
        assert np.allclose(np.sort(other.areas()), np.sort(one.areas()))
