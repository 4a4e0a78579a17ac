"""Functions on a patch, as polynomials with errors in the patch's own coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geomtoy.certified.bent_boxes import zero_on_patch
from geomtoy.certified.bounds import SLACK
from geomtoy.certified.folds import FoldedPatch, Folds, fold
from geomtoy.certified.on_box import scaled_to_box
from geomtoy.certified.pairs import UNDECIDED, WIDER, common_zero
from geomtoy.certified.series import Degree

MERE_ROUNDING = 1e-10  # greatest error, of how much a function varies, that is not of the series' length
BLUR = 1e-12  # more than 12 gamma(4 K) WIDER^K, the rounding of evaluation, for K <= 20

Series = Callable[
    [float, float, float, float, Degree], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]
]
"""(centre u, centre v, radius u, radius v, degree) -> coefficients (terms, n), low, tail (n,), variation
along u and v (2,), and whether the polydisc was small enough; see `geomtoy.certified.series`."""


@dataclass(frozen=True, eq=False)
class Patch:
    """Functions on a patch, in its own coordinates.

    Args:
        functions: (n,) the analytic ones that may vanish on it.
        c: (n, terms) coefficients.
        error, slope: (n,) of values, and of |d/du| + |d/dv|, on the patch WIDER times as large.
        size: (n,) how much they may vary.
        folded: those with folds, if there are any, and what they are made of.
        pattern: signs at the middle, as bytes, if all are proven.
        coarseness: greatest ratio of error to variation; inf where the series say nothing.
        variation: (2,) how much scores vary along u and v.
        D: the degree.
    """

    functions: np.ndarray
    c: np.ndarray
    error: np.ndarray
    slope: np.ndarray
    size: np.ndarray
    folded: FoldedPatch | None
    pattern: set[bytes]
    coarseness: float
    variation: np.ndarray
    D: Degree

    @property
    def fine(self) -> bool:
        return self.coarseness < np.inf

    def hopeless(self) -> bool:
        """Whether smaller patches tell no more: two functions are proportional up to their errors, or
        one is zero up to them, and these are mere rounding."""
        if not self.fine:
            return False
        none = np.zeros((len(self.c), 0))
        if _some_alike(self.c, none, self.error, self.size):
            return True
        if self.folded is None:
            return False
        P, error = self.folded, self.folded.error + self.folded.blur
        size = np.abs(P.c[:, 1:]).sum(axis=1) + np.abs(P.kinks).sum(axis=1)
        nothing = (size <= 4 * error) & (P.error <= 16 * P.blur)
        return bool(nothing.any()) or _some_alike(P.c, P.kinks, error, size)

    def common_zero(self, f: int, g: int, found: np.ndarray) -> int:
        """What `pairs.common_zero` says of functions f < g; UNDECIDED where one is not among these."""
        if self.folded is not None and g not in self.functions:
            rows = [np.flatnonzero(self.folded.functions == one) for one in (f, g)]
            if all(len(row) for row in rows):
                return int(zero_on_patch(self.folded, int(rows[0][0]), int(rows[1][0]), self.D, found))
            return UNDECIDED
        i, j = (int(k) for k in np.searchsorted(self.functions, (f, g)))
        if max(i, j) >= len(self.functions) or self.functions[i] != f or self.functions[j] != g:
            return UNDECIDED
        c, error, slope = (part[[i, j]] for part in (self.c, self.error, self.slope))
        blur = BLUR * np.abs(c).sum(axis=1)
        rest = np.abs(c[:, 3:]).sum(axis=1) + 2 * error + blur
        k = self.D.total[3:]
        bend = (np.abs(c[:, 3:]) * (k * WIDER ** (k - 1.0))).sum(axis=1) + 2 * slope + 20 * blur
        error = error + blur
        return int(
            common_zero(
                c[0], c[1], error[0], error[1], rest[0], rest[1], bend[0], bend[1], self.D, found
            )
        )


PatchAt = Callable[[tuple[float, ...]], Patch]


def patch_of(series: Series, box: tuple[float, ...], D: Degree, folds: Folds | None = None) -> Patch:
    """The functions that may vanish on a box, from series on the polydisc 1.25 times as large."""
    u0, u1, v0, v1 = box
    with np.errstate(all="ignore"):
        c, low, tail, variation, fine = series(
            (u0 + u1) / 2, (v0 + v1) / 2, (u1 - u0) * 0.625, (v1 - v0) * 0.625, D
        )
    if not fine:
        none = np.empty(0)
        return Patch(none, none, none, none, none, None, set(), np.inf, variation, D)
    c, error, slope, size = (part[0] for part in scaled_to_box(c[None], low[None], tail[None], D))
    middle = np.abs(c[:, 0])
    touched = np.flatnonzero(~(middle > (size + error) * SLACK))
    signs = np.where(middle > error, np.sign(c[:, 0]), 0)
    coarseness = _greatest_ratio(error[touched], size[touched])
    folded = None
    if folds is not None:
        folded, ratio, of_folds = fold(folds, c, error, slope, D)
        coarseness, signs = max(coarseness, ratio), np.append(signs, of_folds)
    pattern = {np.packbits(signs > 0).tobytes()} if signs.all() else set()
    chosen = c[touched]
    return Patch(
        touched, chosen, error[touched], slope[touched], size[touched], folded, pattern, coarseness,
        variation, D,
    )  # fmt: skip


def _some_alike(c: np.ndarray, kinks: np.ndarray, error: np.ndarray, size: np.ndarray) -> bool:
    """Whether two rows are proportional, but for a kink of the second at the first one itself."""
    greatest = np.abs(c).max(axis=1, initial=0.0)
    sharp = np.flatnonzero((error < MERE_ROUNDING * size) & (greatest > 0) & (greatest < np.inf))
    unit = c[sharp] / greatest[sharp, None]  # so that squares stay within the range of floats
    length = greatest[sharp] * np.linalg.norm(unit, axis=1)
    c, kinks, error = c[sharp] / length[:, None], kinks[sharp] / length[:, None], error[sharp] / length
    cosine = c @ c.T
    for i, j in zip(*np.nonzero(np.triu(np.abs(cosine) > 1 - 1e-9, 1)), strict=True):
        apart = kinks[i] - cosine[i, j] * kinks[j]
        if sharp[i] < len(apart):
            apart[sharp[i]] = 0.0
        apart = np.append(apart, c[i] - cosine[i, j] * c[j])
        if np.abs(apart).sum() <= 4 * (error[i] + error[j]):
            return True
    return False


def _greatest_ratio(error: np.ndarray, size: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        ratio = error / size
    return float(np.where(ratio >= 0, ratio, np.inf).max(initial=0.0))
