"""How time grows with the number of regions, and how few signs need rational arithmetic.

    python benchmarks/scaling.py

Prints, for networks of growing width, seconds of the processor and nanoseconds a region of a certified
enumeration, and of a count that builds no cell of the last layer; and the exponents of power laws fitted
to seconds against regions. Only ratios within one run mean anything.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import process_time

import numpy as np

from geomtoy import Network, count_regions, enumerate_regions


def enumerated(net: Network) -> tuple[int, float]:
    """Regions, share of signs that needed rational arithmetic."""
    tally = (cells := enumerate_regions(net)).subdivision.tally
    return cells.n_cells, tally.rational / tally.decided


def counted(net: Network) -> tuple[int, float]:
    found = count_regions(net, linear=False, full_check=True)
    return found.regions, found.rational_signs / found.signs


WAYS: dict[str, Callable[[Network], tuple[int, float]]] = {"enumerate": enumerated, "count": counted}
FAMILIES: dict[tuple[str, str], list[tuple[int, ...]]] = {
    ("enumerate", "2-n-1"): [(190,), (600,), (1850,)],
    ("enumerate", "2-n-n-1"): [(95, 95), (300, 300), (960, 960)],
    ("enumerate", "2-n-n-n-1"): [(70,) * 3, (150,) * 3, (320,) * 3],
    ("count", "2-n-n-1"): [(95, 95), (300, 300), (960, 960), (3050, 3050)],
}


def network(hidden: tuple[int, ...]) -> Network:
    """He weights, biases N(0, 0.5^2), seed 0."""
    widths, rng = (2, *hidden, 1), np.random.default_rng(0)
    shapes = pairwise(widths)
    return Network([(rng.normal(0, np.sqrt(2 / i), (o, i)), rng.normal(0, 0.5, o)) for i, o in shapes])


def measure(way: str, net: Network) -> tuple[float, int, float]:
    """Least seconds of some runs, fewer of what takes long; regions; share of rational signs."""
    times: list[float] = []
    while len(times) < 3 and sum(times) < 1.0:
        start = process_time()
        regions, rational = WAYS[way](net)
        times.append(process_time() - start)
    return min(times), regions, rational


def main() -> None:
    for run in WAYS.values():  # load or compile, of wide layers too
        for width in (8, 300, 720):
            run(network((width, width)))
    for (way, family), sizes in FAMILIES.items():
        print(
            f"| {way} {family}, n | regions | ms | ns a region | rational signs |\n|---|---|---|---|---|"
        )
        found = []
        for hidden in sizes:
            seconds, regions, rational = measure(way, network(hidden))
            found.append((regions, seconds))
            each = 1e9 * seconds / regions
            row = f"| {hidden[0]} | {regions:,} | {1e3 * seconds:,.1f} | {each:,.0f} | {rational:.1e} |"
            print(row, flush=True)
        x, y = np.log(np.array(found)).T
        print(f"\nexponent of seconds against regions: {np.polyfit(x, y, 1)[0]:.3f}\n", flush=True)


if __name__ == "__main__":
    main()
