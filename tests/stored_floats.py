"""Strategies of stored numbers, and of true ones that they may stand for within an error."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

small = st.integers(-4, 4).map(float)
scaled = st.builds(
    lambda m, e: m * 2.0**e,
    st.integers(-(2**53), 2**53),
    st.sampled_from([-1074, -600, -106, -53, -52, 0, 300, 600, 970]),
)
nearly = st.builds(lambda x, ulps: float(x + ulps * np.spacing(x)), small, st.integers(-2, 2))
floats = st.one_of(small, nearly, scaled)
errors = st.one_of(
    st.just(0.0),
    st.sampled_from([2.0**-52, 2.0**-30, 0.5, 3.0, 5e-324, 1e-300, np.inf]),
    floats.map(lambda x: abs(x) * 2.0**-53),
)
moves = st.fractions(-1, 1, max_denominator=3)
lines = st.tuples(floats, floats, floats, errors)
points = st.tuples(floats, floats, st.sampled_from([1.0, 0.0]), errors)


def moved(number, error, share):
    """A true number that the stored one may stand for."""
    return Fraction(number) + (share * Fraction(error) if np.isfinite(error) else 10**20 * share)


@st.composite
def known_lines(draw):
    """A stored line (a, b, c, e) and true coefficients within e."""
    *stored, error = draw(lines)
    return (*stored, error), [moved(z, error, draw(moves)) for z in stored]


@st.composite
def known_points(draw):
    """A stored point (x, y, w, d) and true coordinates within d."""
    x, y, w, d = draw(points)
    return (x, y, w, d), [moved(x, d, draw(moves)), moved(y, d, draw(moves)), Fraction(w)]
