"""Regions of one layer behind LayerNorm on a plane: processor seconds of a certified count.

    python benchmarks/circles.py

The last two counted have the shape of OPT-125M's MLP (d 768, 3,072 units), once with biases and once
with biases that cancel, so that borders are lines; `faces` are built, deeper networks among them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter, process_time

import numpy as np

from geomtoy import Network, Slice, count_regions, enumerate_regions
from geomtoy.normed import Norm, NormedNetwork

COUNTED = (("512 units, d 64", 64, (512,), 0.5), ("2048 units, d 64", 64, (2048,), 0.5),
           ("OPT-125M's shape", 768, (3072,), 0.5), ("the same, lines", 768, (3072,), 0.0))  # fmt: skip
BUILT = (
    ("256 units", 64, (256,), 0.5),
    ("32-32", 16, (32, 32), 0.5),
    ("32-32-32", 16, (32, 32, 32), 0.5),
)


def network(d: int, widths: Sequence[int], bias: float) -> tuple[NormedNetwork, Slice]:
    """Gaussian weights, gains near 1, a plane through a Gaussian point; seed 1."""
    rng = np.random.default_rng(1)
    norm = Norm(1 + 0.1 * rng.normal(size=d), bias * 0.2 * rng.normal(size=d), 1e-5)
    shapes = list(pairwise([d, *widths, 1]))
    layers = [
        (rng.normal(size=(o, i)) * np.sqrt((1 if k == 0 else 2) / i), bias * rng.normal(size=o))
        for k, (i, o) in enumerate(shapes)
    ]
    origin, u, v = rng.normal(size=(3, d))
    return NormedNetwork(None, norm, Network(layers)), Slice(tuple(origin), tuple(u), tuple(v))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args(argv)
    net, plane = network(8, (16, 8), 0.5)
    enumerate_regions(net, slice=plane)  # compiles
    print("| layer | what | regions | certified | CPU s | wall s | rational of signs |")
    print("|---|---|---|---|---|---|---|")
    for what, cases in (("count", COUNTED), ("faces", BUILT)):
        for name, d, widths, bias in cases:
            net, plane = network(d, widths, bias)
            times = []
            for _ in range(args.repeats):
                cpu, wall = process_time(), perf_counter()
                if what == "count":
                    found = count_regions(net, slice=plane, linear=False)
                else:
                    found = count_regions(net, slice=plane)
                times.append((process_time() - cpu, perf_counter() - wall))
            cpu, wall = min(times)
            print(
                f"| {name} | {what} | {found.regions:,} | {found.certified} | {cpu:.2f} | {wall:.2f} | "
                f"{found.rational_signs:,} / {found.signs:,} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
