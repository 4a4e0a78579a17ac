"""Verdicts on claims, by rules that are stated once; only numpy and scipy.

    verdict = difference("Truncation helps", {"alpha 0.3": gain, "alpha 0.5": other}, above=0.0)

| rule | a part is true if | numbers of a part |
|---|---|---|
| `difference` | the 95 % interval of the mean lies above (below) a margin | differences, one a seed |
| `ratio` | the same of logarithms and a factor | ratios, one a seed |
| `equivalence` | the interval lies within a margin, which the claim states | differences, one a seed |
| `ordering` | each step from part to part is above 0 | one a seed, least part first |
| `trend` | the mean rank correlation with x is 0.5 or more, its interval above 0 | (len(x), seeds) |
| `agreement` | each seed confirms it | truth values, one a seed |
| `deduced` | it is so: nothing is random | one truth value |

A verdict holds if all parts are true, fails if all are false, and is mixed otherwise. Without evidence
it is untested; NaN is a run without evidence. With one or two seeds it is "too few seeds", whatever
they say. What can only be false if our code is wrong is a `self_check`, and is listed apart.

Modules: verdict (what is said), seeds (means, intervals, spread), rules.
"""

from geomtoy.verdicts.rules import (
    TREND,
    agreement,
    deduced,
    difference,
    equivalence,
    ordering,
    rank_correlations,
    ratio,
    trend,
)
from geomtoy.verdicts.seeds import CONFIDENCE, MIN_SEEDS, Interval, interval, spread
from geomtoy.verdicts.verdict import Outcome, SelfCheck, Verdict, self_check

__all__ = [
    "CONFIDENCE",
    "MIN_SEEDS",
    "TREND",
    "Interval",
    "Outcome",
    "SelfCheck",
    "Verdict",
    "agreement",
    "deduced",
    "difference",
    "equivalence",
    "interval",
    "ordering",
    "rank_correlations",
    "ratio",
    "self_check",
    "spread",
    "trend",
]
