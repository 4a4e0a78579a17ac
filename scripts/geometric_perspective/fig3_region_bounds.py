"""Figure 3: the bound on the number of regions against the input dimension, and networks under it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import log10

import numpy as np
from figure import Drawn, Numbers
from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.config import BOUNDS, Bounds
from geomtoy import UNIT_SQUARE, Network, Slice, count_regions
from geomtoy.models.gaussian import gaussian_network
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, new_figure
from geomtoy.theory import arrangement_regions
from geomtoy.verdicts import SelfCheck, Verdict, deduced, self_check

PRESETS = BOUNDS
COLOURS = (BLUE, ORANGE, GREEN)
DASHES = ("-", "--", "-.")
MARKERS = {"whole space": "o", "window": "s", "slice": "^"}
LABELS = {
    "whole space": "whole space",
    "window": "in $[-1, 1]^d$",
    "slice": "on a 2D slice, in $[-1, 1]^2$",
}
SHOWN = 5
"""Largest input dimension in which real networks are counted."""

Counts = dict[str, dict[int, list[int]]]
"""Kind of count -> input dimension -> one count a seed."""

Row = tuple[fmpq, ...]


def make(config: Bounds, machine: object) -> Drawn:
    dimensions = range(1, max(config.neurons) + 1)
    bounds = {n: [arrangement_regions(n, d) for d in dimensions] for n in config.neurons}
    counts = {n: count(n, bounds[n], config.seeds, config.max_cells) for n in config.neurons}
    logs = {n: [log10(b) for b in bound] for n, bound in bounds.items()}
    return Drawn(draw(bounds, counts), {"log10_bound": logs, "counts": counts})


def count(n: int, bound: list[int], seeds: int, max_cells: int) -> Counts:
    """Exact counts of random networks, where the bound is small enough."""
    reachable = [d for d in range(1, SHOWN + 1) if bound[d - 1] <= max_cells]

    def each(regions: Callable[[Network], int], dimensions: Iterable[int]) -> dict[int, list[int]]:
        nets = {d: [gaussian_network((d, n, 1), seed=(d, s)) for s in range(seeds)] for d in dimensions}
        return {d: [regions(network) for network in same_d] for d, same_d in nets.items()}

    return {
        "whole space": each(regions_of_space, reachable),
        "window": each(regions_of_window, [d for d in reachable if d <= 2]),
        "slice": each(regions_of_slice, range(3, SHOWN + 1)),
    }


def regions_of_space(network: Network) -> int:
    if network.d_in <= 2:
        return count_regions(network, window=None, linear=False).regions
    rows = np.column_stack(network.layers[0])
    return arrangement_count(tuple(fmpq(*x.as_integer_ratio()) for x in row) for row in rows)


def regions_of_window(network: Network) -> int:
    window = UNIT_SQUARE if network.d_in == 2 else (-1, 1)
    return count_regions(network, window=window, linear=False).regions


def regions_of_slice(network: Network) -> int:
    """In [-1, 1]^2 of the plane of the first two inputs, the others 0."""
    u, v = np.eye(network.d_in)[:2]
    return count_regions(network, slice=Slice(0 * u, u, v), linear=False).regions


def arrangement_count(hyperplanes: Iterable[Row]) -> int:
    """Regions of the whole space between hyperplanes w x + b = 0, given as rows (w, b).

    Each one adds as many regions as the earlier ones cut it into; they may be in any position.
    Exactness: rational. Cost: n^d / d! rational operations.
    Source: Zaslavsky 1975 (deletion and restriction).
    """
    monic = {tuple(x / pivot for x in row) for row in hyperplanes if (pivot := leading(row))}
    distinct = sorted(monic)
    if distinct and len(distinct[0]) == 2:
        return 1 + len(distinct)
    return 1 + sum(arrangement_count(restrict(distinct[:k], row)) for k, row in enumerate(distinct))


def leading(row: Row) -> fmpq | None:
    """The first nonzero weight."""
    return next((x for x in row[:-1] if x != 0), None)


def restrict(rows: list[Row], plane: Row) -> list[Row]:
    """The traces of hyperplanes on one whose leading weight is 1, in its other coordinates."""
    pivot = plane.index(1)
    kept = [k for k in range(len(plane)) if k != pivot]
    return [tuple(row[k] - row[pivot] * plane[k] for k in kept) for row in rows]


def draw(bounds: dict[int, list[int]], counts: dict[int, Counts]) -> Figure:
    figure = new_figure(DOUBLE, 3.2)
    far, near = figure.subplots(1, 2)
    for (n, bound), color, dashes in zip(bounds.items(), COLOURS, DASHES, strict=False):
        draw_bound(far, bound, dashes, color, f"{n} neurons")
        draw_bound(near, bound[:SHOWN], dashes, color, "")
        half = max(n // 2, 1)
        far.plot(half, float(bound[half - 1]), "|", color="black", markersize=9)
        far.annotate(f"$2^{{{n}}}$", (len(bound), float(bound[-1])), (2, -2), textcoords="offset points")
        draw_counts(near, counts[n], color)
    far.set(xlabel="input dimension d", ylabel="regions", title="upper bound (d = n/2 marked)")
    top = max(log10(bound[-1]) for bound in bounds.values())
    far.set(ylim=(1, 10 ** (1.03 * top)), yticks=[10.0**k for k in range(0, int(top) + 1, 25)])
    far.legend(loc="center right")
    near.set(xlabel="input dimension d", title="exact counts of random networks under it")
    near.set_xticks(range(1, SHOWN + 1))
    for kind, marker in MARKERS.items():
        near.plot([], [], marker, color="black", markerfacecolor="none", label=LABELS[kind])
    near.legend(loc="upper left")
    return figure


def draw_bound(ax: Axes, bound: list[int], dashes: str, color: str, label: str) -> None:
    dimensions = range(1, len(bound) + 1)
    ax.semilogy(dimensions, [float(b) for b in bound], dashes, color=color, label=label)


def draw_counts(ax: Axes, counts: Counts, color: str) -> None:
    """The mean over the seeds."""
    for kind, marker in MARKERS.items():
        means = {d: np.mean(found) for d, found in counts[kind].items()}
        ax.plot(list(means), list(means.values()), marker, color=color, markerfacecolor="none")


def verdicts(numbers: Numbers) -> list[Verdict]:
    """By what factor one more input dimension multiplies the bound, exactly, and two models."""
    neurons = [int(n) for n in numbers["counts"]]
    growing = {n: [factor(n, d) >= 2 for d in range(1, n)] for n in neurons}
    fits = {n: misfits(n, numbers["log10_bound"][str(n)]) for n in neurons}
    return [
        deduced(
            "Figure 3: up to a third of the number n of neurons the bound grows at least exponentially "
            "with the input dimension: each further one doubles it or more",
            {f"{n} neurons": all(grows[: n // 3 - 1]) for n, grows in growing.items()},
            note="About the bound. In the number n of neurons it is a polynomial of degree d.",
        ),
        deduced(
            "Figure 3: from half of the number n of neurons on the bound grows ever less and saturates "
            "at 2^n: no further dimension doubles it",
            {f"{n} neurons": not any(grows[n // 2 :]) for n, grows in growing.items()},
            note="It passes half of its limit 2^n near d = n/2.",
        ),
        deduced(
            "Figure 3, our check: over all dimensions a law that saturates fits the logarithm of the "
            "bound better than an exponential one",
            {
                f"{n} neurons: root mean square misfit {line:.1f} of a straight line, {entropy:.1f} of "
                "the entropy": entropy < line
                for n, (line, entropy) in fits.items()
            },
            note="In factors of ten. The exponential law is the best straight line; n H(min(d/n, 1/2)), "
            "H the binary entropy, has no parameter that is fitted.",
        ),
    ]


def factor(n: int, d: int) -> float:
    return arrangement_regions(n, d + 1) / arrangement_regions(n, d)


def misfits(n: int, logs: list[float]) -> tuple[float, float]:
    """Root mean square misfits of log10 of the bound in d = 1, ..., n: of a line, and of the entropy."""
    d = np.arange(1, n + 1)
    y = np.array(logs[:n])
    share = np.minimum(d / n, 0.5)
    entropy = -n * (share * np.log10(share) + (1 - share) * np.log10(1 - share))
    line = np.polyval(np.polyfit(d, y, 1), d)
    return float(np.sqrt(np.mean((y - line) ** 2))), float(np.sqrt(np.mean((y - entropy) ** 2)))


def self_checks(numbers: Numbers) -> list[SelfCheck]:
    """Counts are exact: for d <= 2 by enumeration, for d >= 3 by deletion and restriction over the
    rationals. A 2D slice is held against the bound of d = 2."""
    pairs = {
        kind: [
            (found, arrangement_regions(int(n), 2 if kind == "slice" else int(d)))
            for n, kinds in numbers["counts"].items()
            for d, counts in kinds[kind].items()
            for found in counts
        ]
        for kind in MARKERS
    }
    every = [pair for of_kind in pairs.values() for pair in of_kind]
    return [
        self_check(
            "Figure 3: on the whole space random networks with biases have as many regions as the bound "
            "allows",
            checked=len(pairs["whole space"]),
            violations=sum(found != bound for found, bound in pairs["whole space"]),
        ),
        self_check(
            "Figure 3: no network has more regions than the bound, in a window or on a slice either",
            checked=len(every),
            violations=sum(found > bound for found, bound in every),
        ),
    ]
