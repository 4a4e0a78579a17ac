"""Comparisons and verdicts as plain values, for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from flint import fmpq

from geomtoy.answers.comparison import Comparison, changes
from geomtoy.answers.domain import Cells
from geomtoy.answers.verification import Verification
from geomtoy.regions import LevelSet


def comparison_record(found: Comparison, before: Cells, after: Cells) -> dict[str, Any]:
    """What is said of two networks, whose own regions on the window are `before` and `after`."""
    greatest = found.greatest
    record: dict[str, Any] = {
        "equal": found.equal,
        "regions": [len(before), len(after)],
        "overlay": len(found.cells),
        "differ_on_share": found.share,
        "greatest_difference": float(greatest.value),
        "output": found.output,
        "at": [float(z) for z in greatest.point],
        "exactly": {"greatest_difference": written(greatest.value), "at": texts(greatest.point)},
        "other_class_on_area": float(found.area_of_other_class),
    }
    if found.f.widths == found.g.widths:
        patterns = changes(before, after)
        record["patterns"] = {
            "kept": len(patterns.kept),
            "appeared": len(patterns.appeared),
            "vanished": len(patterns.vanished),
        }
    return record


def verdict_record(found: Verification) -> dict[str, Any]:
    """Whether a specification holds, or the counterexample as fractions and near floats."""
    if found.counterexample is None:
        return {"result": "holds"}
    point, outputs = found.counterexample.point, found.counterexample.outputs
    return {
        "result": "violated",
        "case": found.case,
        "counterexample": texts(point),
        "outputs": texts(outputs),
        "near": {"counterexample": list(map(float, point)), "outputs": list(map(float, outputs))},
    }


def level_set_record(found: LevelSet) -> dict[str, Any]:
    """What a level set or decision boundary consists of, in numbers."""
    return {
        "components": found.n_components,
        "polylines": len(found.polylines),
        "points": len(found.points),
        "regions_crossed": len(found.crossed),
        "regions_flat": len(found.flat),
    }


def texts(numbers: Iterable[Fraction]) -> list[str]:
    return [written(number) for number in numbers]


def written(number: Fraction) -> str:
    """A Fraction as text of any length, which Python limits."""
    return str(fmpq(number.numerator, number.denominator))
