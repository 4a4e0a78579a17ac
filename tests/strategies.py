"""Hypothesis strategies: networks of small integers over small denominators, planes and windows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from geomtoy import UNIT_SQUARE, Network, PiecewiseLinear, Slice
from geomtoy.activations import HARD_TANH, RELU
from geomtoy.layers import Affine, Maxout

TRIANGLE = ((-1, -1), (2, Fraction(-1, 3)), (0, 1.5))
PENTAGON = ((0, 2), (-2, 0.5), (-1, -1), (1, -1), (2, 0.5))
STEPS = PiecewiseLinear((-1, 0, Fraction(1, 2)), (1, 0, 2, -1), value=-1, name="steps")
UNEVEN = PiecewiseLinear((Fraction(-1, 3), Fraction(1, 7)), (Fraction(2, 3), -0.3, Fraction(5, 7)))
"""No slope or offset is a float, and pieces nearly cancel."""

windows = st.sampled_from([UNIT_SQUARE, TRIANGLE, PENTAGON])
levels = st.sampled_from([0, 0, Fraction(1, 2), Fraction(-1, 3), 1.25])
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
planar_networks = st.one_of(relu_networks, networks(2, 4, 3, 2, act=activations))


def slices(d):
    """Planes of R^d; the first two coordinates of u and v keep them independent."""
    return st.builds(
        lambda origin, u, v: Slice(origin, (1, 0, *u), (Fraction(1, 2), 1, *v)),
        numbers(d),
        numbers(d - 2),
        numbers(d - 2),
    )


EXPONENTS = [-1074, -1022, -600, -300, -53, -1, 0, 1, 52, 300, 600, 1023]
"""Where float64 ends, where it is subnormal, where products of two numbers do, and between."""


def of_any_size(*shape):
    """Floats whose exponents reach from the least subnormal number to the largest."""
    size = int(np.prod(shape))
    number = st.builds(
        lambda m, e: float(np.ldexp(m, e)), st.sampled_from([-1.0, -0.75, 0.0, 0.5, 1.0]),
        st.sampled_from(EXPONENTS),
    )  # fmt: skip
    return st.lists(number, min_size=size, max_size=size).map(lambda x: np.array(x).reshape(shape))


slopes = st.builds(
    lambda m, e: m * 2.0**e, st.sampled_from([-1, 0, 1]), st.sampled_from([-1000, -500, 0, 1, 1000])
)
kinds = st.one_of(
    st.sampled_from(["relu", "hard_tanh"]),
    st.builds(lambda a, b: PiecewiseLinear((0,), (a, b)), slopes, slopes),
    st.builds(
        lambda t, a, b, c: PiecewiseLinear((t, 2 * t), (a, b, c)),
        st.sampled_from([2.0**-1000, 1.0, 2.0**999]), slopes, slopes, slopes,
    ),
)  # fmt: skip

networks_of_any_size = st.builds(
    lambda *drawn: Network(drawn[:3], drawn[3]),
    st.tuples(of_any_size(3, 2), of_any_size(3)),
    st.tuples(of_any_size(2, 3), of_any_size(2)),
    st.tuples(of_any_size(1, 2), of_any_size(1)),
    kinds,
)
"""Floats and slopes of all exponents, so that products underflow and overflow in every place."""


def affine(out, into, largest=4):
    return st.builds(Affine, numbers(out, into, largest=largest), numbers(out, largest=largest))


def maxout(k, d_in, *widths, act=RELU):
    """Groups of k, then after an activation again, and an output."""
    layers = []
    for n, m in zip((d_in, *widths), widths, strict=False):
        layers += [affine(k * m, n), st.just(Maxout(k)), st.sampled_from([act, HARD_TANH, Maxout(1)])]
    return st.tuples(*layers, affine(1, widths[-1]))
