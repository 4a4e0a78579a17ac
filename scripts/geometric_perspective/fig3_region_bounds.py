"""Figure 3: the bound on the number of regions against the input dimension, and networks under it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import log10

import numpy as np
from figure import arguments, publish
from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy import UNIT_SQUARE, Network, Slice, count_regions
from geomtoy.models.gaussian import gaussian_network
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, new_figure, paper_style
from geomtoy.results import Verdict
from geomtoy.theory.bounds import arrangement_regions

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


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__, seeds=3)
    parser.add_argument("--neurons", type=int, nargs="+", default=[50, 100, 500])
    parser.add_argument("--max-cells", type=int, default=200_000, help="count up to this bound")
    args = parser.parse_args(argv)
    dimensions = range(1, max(args.neurons) + 1)
    bounds = {n: [arrangement_regions(n, d) for d in dimensions] for n in args.neurons}
    counts = {n: count(n, bounds[n], args.seeds, args.max_cells) for n in args.neurons}
    config = {"neurons": args.neurons, "seeds": args.seeds, "max_cells": args.max_cells}
    logs = {n: [log10(b) for b in bound] for n, bound in bounds.items()}
    numbers = {"log10_bound": logs, "counts": counts}
    verdicts = [growth_verdict(bounds), attained_verdict(bounds, counts)]
    with paper_style():
        publish(args, "fig3_region_bounds", draw(bounds, counts), config, numbers, verdicts)


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
    return next((x for x in row[:-1] if x), None)


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


def growth_verdict(bounds: dict[int, list[int]]) -> Verdict:
    """By what factor one more input dimension multiplies the bound."""
    factor = {
        n: {name: bound[d] / bound[d - 1] for name, d in quarters(n).items()}
        for n, bound in bounds.items()
    }
    early = all(f["d = n/4"] >= 2 for f in factor.values())
    late = all(f["d = 3n/4"] >= 2 for f in factor.values())
    return Verdict(
        claim="Figure 3: the number of regions grows exponentially with the input dimension",
        statistic={"factor of the bound for one more dimension, by neurons": factor},
        seeds=0,
        holds="holds" if early and late else "mixed" if early else "fails",
        note="About the bound, in exact integers. One more dimension multiplies it by less and less: "
        "about n/2 at first, 2 near d = n/3, 1 from d = n on. It passes half of its limit 2^n near "
        "d = n/2. In the number n of neurons it is a polynomial of degree d.",
    )


def quarters(n: int) -> dict[str, int]:
    return {"d = 1": 1, "d = n/4": n // 4, "d = n/2": n // 2, "d = 3n/4": 3 * n // 4}


def attained_verdict(bounds: dict[int, list[int]], counts: dict[int, Counts]) -> Verdict:
    """Share of the bound that random networks have; on a slice, of the bound of d = 2."""
    share: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in MARKERS}
    for n, kinds in counts.items():
        for kind, by_dimension in kinds.items():
            for d, found in by_dimension.items():
                bound = bounds[n][1 if kind == "slice" else d - 1]
                share[kind][f"{n} neurons, d = {d}"] = np.divide(found, bound)
    attained = all((s == 1).all() for s in share["whole space"].values())
    within = all((s <= 1).all() for by_case in share.values() for s in by_case.values())
    return Verdict(
        claim="Figure 3, our check: on the whole space random networks with biases have as many regions "
        "as the bound allows, and never more in a window or on a slice",
        statistic={"share of the bound": share},
        seeds=len(next(iter(share["whole space"].values()))),
        holds="holds" if attained and within else "fails",
        note="Counts are exact: for d <= 2 by enumeration, for d >= 3 by deletion and restriction over "
        "the rationals. A 2D slice is held against the bound of d = 2; it shows fewer regions in higher "
        "d because weights are N(0, 2/d) beside biases N(0, 0.5^2), so that lines leave the window.",
    )


if __name__ == "__main__":
    main()
