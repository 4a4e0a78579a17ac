"""Hypothesis strategies: networks of small integers over small denominators, planes and windows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from geomtoy import UNIT_SQUARE, Network, PiecewiseLinear, Slice

TRIANGLE = ((-1, -1), (2, Fraction(-1, 3)), (0, 1.5))
PENTAGON = ((0, 2), (-2, 0.5), (-1, -1), (1, -1), (2, 0.5))
STEPS = PiecewiseLinear((-1, 0, Fraction(1, 2)), (1, 0, 2, -1), value=-1, name="steps")

windows = st.sampled_from([UNIT_SQUARE, TRIANGLE, PENTAGON])
activations = st.sampled_from(["relu", "leaky_relu", "abs", "hard_tanh", STEPS])


def numbers(*shape, largest=4):
    """Arrays of small integers over one small denominator: thirds are Fractions, the others floats."""
    size = int(np.prod(shape))
    integers = st.lists(st.integers(-largest, largest), min_size=size, max_size=size)
    return st.tuples(integers, st.sampled_from([1, 2, 3, 4])).map(lambda draw: over(*draw, shape))


def over(integers, denominator, shape):
    if denominator == 3:
        return np.array([Fraction(k, 3) for k in integers], dtype=object).reshape(shape)
    return np.array(integers).reshape(shape) / denominator


def networks(*widths, act="relu"):
    layers = st.tuples(*[st.tuples(numbers(m, n), numbers(m)) for n, m in pairwise(widths)])
    return st.builds(Network, layers, act if isinstance(act, st.SearchStrategy) else st.just(act))


relu_networks = st.one_of(
    networks(2, 5, 1), networks(2, 6, 6, 1), networks(2, 4, 4, 4, 1), networks(2, 3, 4, 3, 2)
)


def slices(d):
    """Planes of R^d; the first two coordinates of u and v keep them independent."""
    return st.builds(
        lambda origin, u, v: Slice(origin, (1, 0, *u), (Fraction(1, 2), 1, *v)),
        numbers(d),
        numbers(d - 2),
        numbers(d - 2),
    )
