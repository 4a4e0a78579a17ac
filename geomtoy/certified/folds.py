"""Functions with folds, g = bent |f| + straight f of analytic functions f: ReLU units behind ReLU units.

Where f_i keeps its sign, |f_i| is f_i or -f_i and g is analytic in it; what is left of |f_i| elsewhere
is a kink: on a box |f_i| varies by as much as f_i does, and its gradient lies between those of f_i and
-f_i (Clarke 1983). So g is a polynomial, plus an error, plus kinks, of which small boxes have few.

Borders of g bend where they meet a border of f_i, and cross it: along f_i = 0 the function g is
analytic, so that a simple zero of it there is a crossing with four ends. Euler's formula is the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.certified.bounds import SLACK, TINY, gamma
from geomtoy.certified.pairs import WIDER
from geomtoy.certified.series import Degree


class Folds(NamedTuple):
    """Folded functions, numbered after the m analytic ones.

    Args:
        bent, straight: (r, m) what |f| and f are multiplied by.
        error: (r, m) at least the errors of both together.
    """

    bent: np.ndarray
    straight: np.ndarray
    error: np.ndarray


class FoldedPatch(NamedTuple):
    """What `bent_boxes.settle_folds` reads: first the analytic functions that may vanish near a patch,
    then the folded ones that may vanish on it, in the patch's coordinates.

    Args:
        analytic: how many are analytic.
        c: (n, terms) coefficients; of folded functions without their kinks.
        kinks: (n, analytic) what |f| is multiplied by; 0 in rows of analytic functions.
        error, slope: (n,) of values, and of |d/du| + |d/dv|, on the patch WIDER times as large.
        blur: (n,) rounding of what follows, values on boxes WIDER times as large.
        functions: (n,) their numbers.
    """

    analytic: int
    c: np.ndarray
    kinks: np.ndarray
    error: np.ndarray
    slope: np.ndarray
    blur: np.ndarray
    functions: np.ndarray


class Folded(NamedTuple):
    """A patch's functions, the greatest ratio of their error to how much they vary, and the signs
    (r,) of all folded functions at the middle, 0 where not known."""

    patch: FoldedPatch
    coarseness: float
    signs: np.ndarray


HALVINGS = 12
"""More than the halvings of a patch, HALVINGS gamma(4 K) being the rounding of quarters, and their
evaluation, relative to the sum of absolute coefficients, as in `geomtoy.certified.polynomials`."""


def fold(folds: Folds, c: np.ndarray, error: np.ndarray, slope: np.ndarray, D: Degree) -> Folded:
    """The folded functions of a patch from its analytic ones c (m, terms), errors as in FoldedPatch.

    Rounding: each coefficient of g is a sum of m products, and each later unfolding adds one of at most
    m more terms: both err by gamma of their number times the sum of all terms' absolute values.
    """
    wide = np.abs(c) * WIDER ** D.total.astype(float)
    varies = wide[:, 1:].sum(axis=1)
    fixed = np.abs(c[:, 0]) > (varies + error) * SLACK
    sign = np.where(fixed, np.sign(c[:, 0]), 0.0)
    free = np.flatnonzero(~fixed)
    size, strength = wide.sum(axis=1), np.abs(folds.bent) + np.abs(folds.straight)
    all_terms = strength @ size
    rounding = gamma(2.0 * len(c) + 8.0) * all_terms
    g = (folds.straight + folds.bent * sign) @ c
    g_error = (strength @ error + folds.error @ (size + error) + rounding) * SLACK + TINY
    g_slope = strength @ slope + folds.error @ (D.K * size + slope) + D.K * rounding
    kinks = folds.bent[:, free]
    middle = g[:, 0] + kinks @ np.abs(c[free, 0])
    g_varies = np.abs(g[:, 1:]).sum(axis=1) + np.abs(kinks) @ np.abs(c[free, 1:]).sum(axis=1)
    touched = np.flatnonzero(~(np.abs(middle) > (g_varies + g_error) * SLACK))
    halved = HALVINGS * gamma(4.0 * D.K + 8.0)
    patch = FoldedPatch(
        len(free),
        np.concatenate([c[free], g[touched]]),
        np.concatenate([np.zeros((len(free), len(free))), kinks[touched]]),
        np.concatenate([error[free], g_error[touched]]),
        np.concatenate([slope[free], g_slope[touched] * SLACK + TINY]),
        np.concatenate([halved * size[free], halved * all_terms[touched] + rounding[touched]]),
        np.concatenate([free, len(c) + touched]),
    )
    ratio = g_error[touched] / np.maximum(g_varies[touched], TINY)
    signs = np.where(np.abs(middle) > g_error, np.sign(middle), 0.0)
    return Folded(patch, float(ratio.max(initial=0.0)), signs)
