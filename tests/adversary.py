"""An attack on the exact counts: networks that nobody would train, against the naive oracle.

    python tests/adversary.py --seconds 600 --seed 1

draws small networks of many kinds (integers, twins, layers that collapse, points where many lines meet,
exponents from -1074 to 1023, huge and tiny windows, maxima, slices, lines, many layers) and compares
everything that geomtoy says about one with `oracle`. It prints what is wrong with the seed that draws it
again (`--seed S --only K`), and exits with status 1 if there was anything.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, pairwise, takewhile
from time import monotonic
from typing import Any

import numpy as np
from oracle import Truth, oracle

from geomtoy import (
    UNIT_SQUARE,
    GeomtoyError,
    Network,
    Pieces,
    PiecewiseLinear,
    Segment,
    Slice,
    compile_layers,
    count_regions,
    enumerate_level_set,
    enumerate_regions,
)  # fmt: skip
from geomtoy.layers import Affine, Maxout
from geomtoy.regions.engine import run

EXPONENTS = (-1074, -1022, -700, -500, -100, -53, 0, 0, 1, 52, 100, 500, 700, 1020)
ACTIVATIONS = (
    "relu", "relu", "abs", "hard_tanh", "leaky_relu", PiecewiseLinear((-1, 1), (-1, 0, 2), value=1),
    PiecewiseLinear((0,), (2.0**-1000, 2.0**-999)), PiecewiseLinear((Fraction(1, 3),), (0, 1)),
)  # fmt: skip
MOST_CELLS = 400
"""The oracle is slow: larger networks are left to others."""


@dataclass(frozen=True)
class Case:
    """A network and where to look at it."""

    kind: str
    network: Network
    where: dict[str, Any]

    def truth(self) -> Truth:
        return oracle(self.network, slice=self.where.get("slice"), window=self.where["window"])


def integers(rng: np.random.Generator, *widths: int, most: int = 3) -> list[Any]:
    """Small integers over 1, 2 or 3."""
    divisor = int(rng.choice([1, 1, 2, 3]))
    layers = []
    for n, m in pairwise(widths):
        W, b = rng.integers(-most, most + 1, (m, n)), rng.integers(-most, most + 1, m)
        fractions = [[Fraction(int(x), divisor) for x in row] for row in np.column_stack([W, b])]
        rows = np.array(fractions, object)
        layers.append((rows[:, :-1], rows[:, -1]))
    return layers


def widths(rng: np.random.Generator, d_in: int) -> list[int]:
    depth = int(rng.integers(1, 4))
    return [d_in, *rng.integers(2, (8, 5, 4)[depth - 1], depth).tolist(), int(rng.integers(1, 3))]


def activation(rng: np.random.Generator) -> Any:
    return ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))]


def degenerate(rng: np.random.Generator) -> Case:
    """Small integers: concurrent and parallel lines are everywhere."""
    return Case("degenerate", Network(integers(rng, *widths(rng, 2)), activation(rng)), _square())


def twins(rng: np.random.Generator) -> Case:
    """Units that are multiples of others, and dead ones."""
    layers = integers(rng, *widths(rng, 2))
    W, b = layers[0]
    for _ in range(2):
        i, j = rng.integers(0, len(W), 2)
        factor = Fraction(int(rng.integers(-2, 3)))
        W[i], b[i] = factor * W[j], factor * b[j]
    return Case("twins", Network(layers, activation(rng)), _square())


def collapsing(rng: np.random.Generator) -> Case:
    """A layer of rank one or none: the next one sees a line or a point."""
    layers = integers(rng, 2, 3, 4, 1)
    k = int(rng.integers(0, 2))
    W, b = layers[k]
    W[:] = [row * int(rng.integers(-1, 2)) for row in np.tile(W[:1], (len(W), 1))]
    return Case(
        "collapsing", Network([*layers[:k], (W, b), *layers[k + 1 :]], activation(rng)), _square()
    )


def nearly_concurrent(rng: np.random.Generator) -> Case:
    """Lines through one point but for a few units in the last place."""
    n = int(rng.integers(4, 8))
    W, point = rng.integers(-2, 3, (n, 2)).astype(float), rng.integers(-2, 3, 2) / 4
    ulp = 2.0 ** -int(rng.integers(40, 54))
    b = rng.integers(-2, 3, n) * ulp - W @ point
    layers = (
        [(W, b), *integers(rng, n, 2, 1)] if rng.random() < 0.3 else [(W, b), (np.ones((1, n)), [0])]
    )
    return Case("nearly concurrent", Network(layers), _square())


def of_any_size(rng: np.random.Generator) -> Case:
    """Numbers that under- and overflow when they are multiplied."""
    d = int(rng.integers(1, 3))
    layers = []
    for n, m in pairwise([d, 3, 2, 1]):
        few = rng.choice(EXPONENTS, 2)
        rows = np.ldexp(
            rng.choice([-1.0, -0.75, 0.0, 0.5, 1.0], (m, n + 1)), rng.choice(few, (m, n + 1))
        )
        layers.append((rows[:, :-1], rows[:, -1]))
    kind = ACTIVATIONS[int(rng.choice([0, 2, 3, 6]))]
    return Case("of any size", Network(layers, kind), _square() if d == 2 else {"window": (-1, 1)})


def windows(rng: np.random.Generator) -> Case:
    """Huge, tiny, far, thin and triangular windows, and the whole plane."""
    network = Network(integers(rng, *widths(rng, 2)), activation(rng))
    size = Fraction(2) ** int(rng.choice([-900, -60, -3, 0, 3, 47, 60, 900]))
    middle = [Fraction(int(x)) * 2 ** int(rng.choice([0, 60])) for x in rng.integers(-1, 2, 2)]
    shape = [
        UNIT_SQUARE,
        ((-1, -1), (2, Fraction(-1, 3)), (0, 1)),
        ((0, 0), (1, 0), (1, Fraction(1, 2**60))),
    ]
    corners = shape[int(rng.integers(3))]
    window = [tuple(m + size * Fraction(x) for m, x in zip(middle, p, strict=True)) for p in corners]
    return Case("windows", network, {"window": None if rng.random() < 0.2 else window})


def lines(rng: np.random.Generator) -> Case:
    """One input, or a segment in three dimensions."""
    act = activation(rng)
    if rng.random() < 0.5:
        size = 2 ** int(rng.choice([0, 3, 50, 999]))
        window = None if rng.random() < 0.3 else (-size, size)
        return Case("lines", Network(integers(rng, *widths(rng, 1)), act), {"window": window})
    start = [int(x) for x in rng.integers(-2, 3, 3)]
    end = [x + int(step) for x, step in zip(start, [1, *rng.integers(-2, 3, 2)], strict=True)]
    where = {"slice": Segment(start, end), "window": (-2, 3)}
    return Case("lines", Network(integers(rng, *widths(rng, 3)), act), where)


def slices(rng: np.random.Generator) -> Case:
    """Planes in three dimensions, some with vectors of very different lengths."""
    size = 2.0 ** int(rng.choice([0, 0, 30, -30, 300]))
    plane = Slice(rng.integers(-1, 2, 3).tolist(), (size, 0, 1), (Fraction(1, 3), 1, 0))
    return Case(
        "slices", Network(integers(rng, *widths(rng, 3)), activation(rng)), {"slice": plane, **_square()}
    )


def maxima(rng: np.random.Generator) -> Case:
    """Maxima of two to five affine functions; the oracle knows their pieces, not their winners."""
    k = int(rng.integers(2, 6))
    network = compile_layers(
        [Affine(*integers(rng, 2, k)[0]), Maxout(k), Affine(*integers(rng, 1, 1)[0])]
    )
    return Case("maxima", network, _square())


def deep(rng: np.random.Generator) -> Case:
    """Many layers that change little: residuals cancel, units are twins, borders meet old vertices."""
    n, depth = int(rng.integers(2, 4)), int(rng.integers(6, 16))
    layers = integers(rng, 2, n, *[n] * depth, 1, most=1)
    for W, b in layers[1:-1]:
        W += np.eye(n, dtype=int)
        b *= int(rng.random() < 0.3)
        if rng.random() < 0.2:
            W[0], b[0] = W[-1], b[-1]
    return Case("deep", Network(layers, activation(rng) if rng.random() < 0.3 else "relu"), _square())


def scaled(rng: np.random.Generator) -> Case:
    """Layers that multiply by powers of two far apart, and by them again."""
    layers, total = [], 0
    for n, m in pairwise([2, *rng.integers(2, 5, int(rng.integers(2, 7))).tolist(), 1]):
        total += (power := -total if rng.random() < 0.5 else int(rng.choice([-300, -60, 60, 300])))
        W, b = rng.integers(-3, 4, (m, n)).astype(float), rng.integers(-3, 4, m).astype(float)
        layers.append((np.ldexp(W, power), np.ldexp(b, total) if abs(total) < 1000 else 0 * b))
    return Case("scaled", Network(layers), _square())


def at_a_vertex(rng: np.random.Generator) -> Case:
    """A window around a point where borders meet, far smaller than the gaps between floats there."""
    case = (degenerate, twins, deep)[int(rng.integers(3))](rng)
    corners = [corner for cell in case.truth().cells for corner in cell.corners]
    x, y, _ = corners[int(rng.integers(len(corners)))]
    size = Fraction(10) ** -int(rng.choice([3, 12, 30, 200]))
    shape = (UNIT_SQUARE, ((0, 0), (1, 0), (0, 1)), ((-1, 0), (1, Fraction(1, 3)), (0, 2)))
    window = [(x + size * p, y + size * q) for p, q in shape[int(rng.integers(3))]]
    return Case("at a vertex", case.network, {"window": window})


def _square() -> dict[str, Any]:
    return {"window": UNIT_SQUARE}


KINDS = (
    degenerate, twins, collapsing, nearly_concurrent, of_any_size, windows, lines, slices, maxima, deep,
    scaled, at_a_vertex,
)  # fmt: skip


def draw(seed: int, k: int) -> Case:
    """Case k of a seed."""
    return KINDS[k % len(KINDS)](np.random.default_rng([seed, k]))


def faults(case: Case, rng: np.random.Generator) -> Iterator[str]:
    """Everything that geomtoy says wrongly of a case, one sentence each."""
    truth = case.truth()
    if len(truth.cells) > MOST_CELLS:
        return
    network, where = case.network, case.where
    patterns = {tuple(p) for p in network.patterns(np.array([c.pattern for c in truth.cells])).tolist()}
    regions = len(patterns)
    counted = count_regions(network, **where)
    if counted.regions != regions:
        yield f"count_regions: {counted.regions} regions for {regions}"
    if counted.linear_regions != truth.linear_regions:
        yield f"count_regions: {counted.linear_regions} linear regions for {truth.linear_regions}"
    quick = count_regions(network, linear=False, **where)
    if quick.certified and quick.regions != regions:
        yield f"count_regions(linear=False): {quick.regions} certified for {regions}"
    yield from _budget_faults(case, regions)
    found = enumerate_regions(network, **where)
    if len(found) != regions or {tuple(p) for p in found.activation_patterns.tolist()} != patterns:
        yield f"enumerate_regions: {len(found)} regions for {regions}, or other patterns"
        return
    if isinstance(found, Pieces):
        yield from _line_faults(truth, found)
    else:
        yield from _plane_faults(case, truth, found, rng)


def _budget_faults(case: Case, regions: int) -> Iterator[str]:
    """The exact number is enough, and one less is not."""
    for linear in (True, False):
        try:
            count_regions(case.network, linear=linear, max_regions=regions, **case.where)
        except GeomtoyError as error:
            if not case.network.maxima:  # cells that a maximum merges are built first
                yield f"max_regions={regions}, linear={linear}: {error}"
        if regions > 1:
            try:
                count_regions(case.network, linear=linear, max_regions=regions - 1, **case.where)
            except GeomtoyError:
                continue
            yield f"max_regions={regions - 1}, linear={linear} is not refused"


def _line_faults(truth: Truth, found: Pieces) -> Iterator[str]:
    if found.exact_breakpoints() != truth.breakpoints:
        yield "Pieces: other breakpoints"
    if [c.pattern for c in truth.ordered] != [tuple(p) for p in found.activation_patterns.tolist()]:
        yield "Pieces: other patterns from left to right"
    for x in truth.breakpoints[:3]:
        if found.locate([x]).tolist() != [truth.breakpoints.index(x)]:
            yield f"Pieces.locate: {x} is not on the left of its breakpoint"
    certificate = found.certify()
    if not certificate.valid:
        yield f"certify: {certificate}"


def _plane_faults(case: Case, truth: Truth, found: Any, rng: np.random.Generator) -> Iterator[str]:
    cells = [truth.cells[int(k)] for k in rng.integers(0, len(truth.cells), 4)]
    inside = [tuple(map(sum, zip(*cell.corners, strict=True))) for cell in cells]
    points = np.array([(x / w, y / w) for x, y, w in inside if w], object).reshape(-1, 2)
    own = case.network.patterns(np.array([cell.pattern for cell in cells]))
    own = own[[bool(w) for *_, w in inside]]
    at = found.locate(points)
    if (at < 0).any() or (found.activation_patterns[at] != own).any():
        yield "locate: another cell at a point inside"
    certificate = found.certify()
    if not certificate.valid:
        yield f"certify: {certificate}"
    if case.where["window"] is not None and "slice" not in case.where:
        set_of_0 = enumerate_level_set(case.network, window=case.where["window"])
        signs = {(v > 0) - (v < 0) for cell in truth.cells for v in _values(cell)}
        if bool(set_of_0.polylines or set_of_0.points or len(set_of_0.flat)) != (
            0 in signs or len(signs) > 1
        ):
            yield "enumerate_level_set: empty where the output is 0, or not where it is not"


SMALL = run.SMALL


def _values(cell: Any) -> list[Fraction]:
    """First output at the corners."""
    return [sum(a * x for a, x in zip(cell.rows[0], corner, strict=True)) for corner in cell.corners]


def tried(seed: int, k: int) -> tuple[Case, list[str]]:
    """Case k and what is wrong with it; whatever is raised or warned of is wrong."""
    case = draw(seed, k)
    run.SMALL = SMALL if k % 3 else 0  # small networks are looked at in runs of cells too
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return case, list(faults(case, np.random.default_rng(k)))
        except Exception as error:  # the attack goes on, and the error is what it was looking for
            last = traceback.extract_tb(error.__traceback__)[-1]
            return case, [f"{type(error).__name__} in {last.name}: {error}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="K", help="try this case alone, and show it")
    options = parser.parse_args()
    end, tries, wrong = monotonic() + options.seconds, 0, 0
    asked = count() if options.only is None else [options.only]
    for k in takewhile(lambda _: monotonic() <= end, asked):
        case, found = tried(options.seed, k)
        tries, wrong = tries + 1, wrong + bool(found)
        for fault in found:
            print(f"seed {options.seed}, case {k}, {case.kind}: {fault}", flush=True)
        if options.only is not None:
            print(case)
    print(f"{tries} networks, {wrong} of them with something wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
