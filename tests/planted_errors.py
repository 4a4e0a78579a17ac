"""Complexes with planted errors, all of which `certify()` must find.

    python tests/planted_errors.py [--corners 300] [--signs 3000]

Corners: a unit that nowhere switches is moved so that it cuts off one vertex; the complex stays as it
was. Signs: a random decision of the enumeration is turned around, in a process of its own since kernels
then follow ids to anywhere; complexes that come out as without the error are told apart.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
from builders import random_net

from geomtoy import CellComplex, Network, count_regions, enumerate_regions
from geomtoy.certify import certify
from geomtoy.regions.engine import cutting
from geomtoy.regions.numbers.predicates import Predicates

SECONDS = 20
WIDTHS = [(2, 5, 1), (2, 4, 4, 1), (2, 4, 3, 3, 1), (2, 6, 5, 1)]


def cut_corners(n: int) -> list[bool]:
    """Whether each of n complexes with a corner cut too few is found out."""
    return [missing_cut(seed) for seed in range(n)]


def missing_cut(seed: int) -> bool:
    """One more unit in a layer, off at all vertices but one, in a complex made without its cut."""
    rng = np.random.default_rng(seed)
    net = random_net(*WIDTHS[seed % len(WIDTHS)], seed=seed, denominator=(None, 1, 3)[seed % 3] or None)
    cells = enumerate_regions(net)
    layer = int(rng.integers(1, len(net.layers)))
    weights = rng.normal(size=net.layers[layer - 1][0].shape[1])
    before = Network([*net.layers[: layer - 1], (weights[None], [0.0])], net.activations[: layer - 1])
    heights = np.unique(before(cells.vertices)[:, 0].round(9))
    top = heights[-1]
    step = top - heights[-2] if len(heights) > 1 else 1.0
    off = with_unit(net, layer, weights, -top - 1, rng)
    cutting = with_unit(net, layer, weights, -top + step * rng.uniform(0.01, 0.9), rng)
    if len(heights) < 2 or count_regions(cutting, linear=False).regions == len(cells):
        return missing_cut(seed + 10**6)
    record = enumerate_regions(off).record()
    assert certify(record).valid
    return not certify(replace(record, network=cutting)).valid


def with_unit(net: Network, layer: int, weights: np.ndarray, bias: float, rng) -> Network:
    """The network with one more unit in a hidden layer, which nothing listens to."""
    layers = [(W.astype(float), b.astype(float)) for W, b in net.layers]
    W, b = layers[layer - 1]
    layers[layer - 1] = np.vstack([W, weights]), np.append(b, bias)
    W, b = layers[layer]
    layers[layer] = np.column_stack([W, np.zeros(len(W))]), b
    return Network(layers)


def flipped_signs(n: int, first: int = 0) -> list[str]:
    """What became of trials: "found", "missed", "same" complex, or "crashed" on the way."""
    command = [sys.executable, __file__, "--child", str(first), str(n)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return run.stdout.split()


def trials(first: int, n: int) -> None:
    """Print the outcome of each trial, made in a fork: kernels led astray may never end."""
    enumerate_regions(random_net(*WIDTHS[1], seed=0))  # kernels are loaded once
    for seed in range(first, first + n):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            os.write(1, trial(seed).encode() + b"\n")
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            print("crashed", flush=True)


def trial(seed: int) -> str:
    rng = np.random.default_rng(seed)
    widths = WIDTHS[seed % len(WIDTHS)]
    net = random_net(*widths, seed=int(rng.integers(1000)), denominator=(None, 1, 2)[seed // 4 % 3])
    truth = enumerate_regions(net)
    signs = PlantedSign(rng)
    try:
        with signs:
            cells = enumerate_regions(net)
            content(cells)
    except Exception:
        return "crashed"
    valid = cells.certify().valid
    if content(cells) == content(truth):
        return "same" if valid else "found"
    return "missed" if valid else "found"


def content(cells: CellComplex) -> set[tuple]:
    """Each cell's pattern and corners, however they are numbered."""
    points = [tuple(p) for p in cells.vertices.round(9).tolist()]
    return {
        (cells.activation_pattern(k).tobytes(), frozenset(points[v] for v in cells.corners(k)))
        for k in range(len(cells))
    }


class PlantedSign:
    """While it is entered, one decision of the enumeration, chosen at random, comes out wrong."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self._countdown = rng, int(rng.integers(1, 7))

    def __enter__(self) -> None:
        self._find, self._order = cutting.find_crossings, Predicates.order

        def wrong_sides(*subject):
            found, rows = self._find(*subject)
            if self._now() and len(found.sign):
                at = self._rng.integers(len(found.sign))
                found.sign[at] = self._rng.choice([s for s in (-1, 0, 1) if s != found.sign[at]])
            return found, rows

        def wrong_order(own, *rest):
            found = self._order(own, *rest)
            swaps = [
                i for low, high in zip(found.start, found.start[1:], strict=False)
                for i in range(low, high - 1)
            ]  # fmt: skip
            if swaps and self._now():
                i = self._rng.choice(swaps)
                found.order[[i, i + 1]] = found.order[[i + 1, i]]
            return found

        cutting.find_crossings, Predicates.order = wrong_sides, wrong_order

    def __exit__(self, *error: object) -> None:
        cutting.find_crossings, Predicates.order = self._find, self._order

    def _now(self) -> bool:
        self._countdown -= 1
        return self._countdown == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corners", type=int, default=300)
    parser.add_argument("--signs", type=int, default=3000)
    parser.add_argument("--child", type=int, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return trials(*args.child)
    found = cut_corners(args.corners)
    print(f"corner cuts removed: {sum(found)} of {len(found)} found")
    print(f"planted sign errors: {dict(Counter(flipped_signs(args.signs)))}")


if __name__ == "__main__":
    main()
