"""How time grows with the number of regions, and how few signs need rational arithmetic.

    python benchmarks/scaling.py

Prints, for one-layer and two-layer networks of growing width, seconds and memory of a certified
enumeration, and the exponent of a power law fitted to seconds against regions.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter

import numpy as np

from geomtoy import Network, enumerate_regions

FAMILIES = {
    "2-n-1": [(60,), (120,), (250,), (500,), (1000,), (1850,)],
    "2-n-n-1": [(28, 28), (60, 60), (125, 125), (250, 250), (500, 500), (960, 960)],
}


def network(hidden: tuple[int, ...]) -> Network:
    """He weights, biases N(0, 0.5^2), seed 0."""
    widths, rng = (2, *hidden, 1), np.random.default_rng(0)
    shapes = pairwise(widths)
    return Network([(rng.normal(0, np.sqrt(2 / i), (o, i)), rng.normal(0, 0.5, o)) for i, o in shapes])


def measure(net: Network, repeats: int) -> tuple[int, float, float]:
    """Regions, least seconds, share of signs that needed rational arithmetic."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        cells = enumerate_regions(net)
        times.append(perf_counter() - start)
    tally = cells.subdivision.tally
    return len(cells), min(times), tally.rational / tally.decided


def main() -> None:
    enumerate_regions(network((8, 8)))  # load or compile
    for family, sizes in FAMILIES.items():
        print(f"| {family}, n | regions | ms | ns a region | rational signs |\n|---|---|---|---|---|")
        found = []
        for hidden in sizes:
            regions, seconds, rational = measure(network(hidden), repeats=3)
            found.append((regions, seconds))
            each = 1e9 * seconds / regions
            print(f"| {hidden[0]} | {regions:,} | {1e3 * seconds:,.1f} | {each:,.0f} | {rational:.1e} |")
        x, y = np.log(np.array(found)).T
        print(f"\nexponent of seconds against regions: {np.polyfit(x, y, 1)[0]:.2f}\n")


if __name__ == "__main__":
    main()
