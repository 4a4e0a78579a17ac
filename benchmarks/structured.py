"""Networks with structure: regions a second, and the share of signs that needed rational arithmetic.

Lattices of maxima and minima, weights of few bits, ternary weights, repeated neurons, convolution with
max-pooling. On such networks lines coincide and meet in one point as a rule, so that float64 alone
decides least there.

    python benchmarks/structured.py                     # all but those of millions of regions
    python benchmarks/structured.py "lattice" "conv"    # those whose names begin so
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np

from geomtoy import Network, Slice
from geomtoy.compiler import compile_layers
from geomtoy.layers import Affine, Conv2d, Flatten, MaxPool2d
from geomtoy.regions.engine.run import Enumeration, resolve_window
from geomtoy.slices import UNIT_SQUARE
from geomtoy.theory.lattices import two_level_lattice

Case = tuple[Network, Slice | None]


def dense(draw: Callable[..., np.ndarray], *widths: int) -> Case:
    pairs = itertools.pairwise(widths)
    return Network([(draw(m, n), draw(m)) for n, m in pairs]), None


def in_steps(step: float, largest: float, seed: int = 0) -> Callable[..., np.ndarray]:
    """Multiples of a step, about normal, cut off at the largest."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        whole = np.rint(rng.normal(0, 0.35, shape) / step)
        return np.clip(whole, -largest / step, largest / step) * step

    return draw


def ternary(seed: int = 0) -> Callable[..., np.ndarray]:
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.choice([-1.0, 0.0, 1.0], shape, p=[0.25, 0.5, 0.25])


def repeated(times: int) -> Case:
    """Each unit of the first layer several times, and one layer behind."""
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(64, 2)), rng.normal(0, 0.5, 64)
    first = np.repeat(W, times, axis=0), np.repeat(b, times)
    second = rng.normal(size=(48, 64 * times)) / times, rng.normal(size=48)
    return Network([first, second, (rng.normal(size=(1, 48)), [0])]), None


def pooled(side: int) -> Case:
    """Convolution, ReLU, max-pooling and a dense layer, on a plane of images."""
    rng = np.random.default_rng(0)
    size = 4 * ((side - 2) // 2) ** 2
    layers = [
        Conv2d(rng.normal(0, 0.5, (4, 1, 3, 3)), rng.normal(0, 0.3, 4)), "relu", MaxPool2d(2),
        Flatten(), Affine(rng.normal(size=(16, size)), rng.normal(size=16)), "relu",
        Affine(rng.normal(size=(1, 16))),
    ]  # fmt: skip
    network = compile_layers(layers, (1, side, side))
    assert isinstance(network, Network)
    return network, Slice(*rng.normal(size=(3, side * side)).tolist())


CASES: dict[str, Callable[[], Case]] = {
    "lattice 8 x 8": lambda: (two_level_lattice(8, 8, seed=0), None),
    "lattice 16 x 16": lambda: (two_level_lattice(16, 16, seed=0), None),
    "lattice 32 x 16": lambda: (two_level_lattice(32, 16, seed=0), None),
    "lattice 32 x 32": lambda: (two_level_lattice(32, 32, seed=0), None),
    "lattice 64 x 64": lambda: (two_level_lattice(64, 64, seed=0), None),
    "k/8, 2-96-96-1": lambda: dense(in_steps(1 / 8, 4), 2, 96, 96, 1),
    "k/128, 2-96-96-1": lambda: dense(in_steps(1 / 128, 4), 2, 96, 96, 1),
    "int8, 2-64-64-64-1": lambda: dense(in_steps(1 / 127, 1), 2, 64, 64, 64, 1),
    "ternary, 2-48-48-1": lambda: dense(ternary(), 2, 48, 48, 1),
    "twins x 4, 2-256-48-1": lambda: repeated(4),
    "conv and max-pooling 12 x 12": lambda: pooled(12),
}

HUGE = {"lattice 64 x 64"}
"""Cases that take a minute and several GB."""


def best(network: Network, plane: Slice | None) -> dict[str, float]:
    """The fastest of three measurements, or of fewer that take more than a second."""
    found = [measure(network, plane)]
    while len(found) < 3 and sum(one["cpu"] for one in found) < 1.0:
        found.append(measure(network, plane))
    return min(found, key=lambda one: one["cpu"])


def measure(network: Network, plane: Slice | None) -> dict[str, float]:
    """Seconds of processor time to enumerate, and what was decided how."""
    window = resolve_window(network, plane, UNIT_SQUARE)[0]
    begin, wall = process_time(), perf_counter()
    run = Enumeration(network, plane, window, None)
    with np.errstate(all="ignore"):
        cells = run.run().mesh.n_cells
    return {
        "regions": cells,
        "cpu": process_time() - begin,
        "wall": perf_counter() - wall,
        "signs": run.tally.decided,
        "rational": run.tally.rational,
    }


def main() -> None:
    wanted = tuple(sys.argv[1:])
    chosen = [name for name in CASES if name.startswith(wanted) or (not wanted and name not in HUGE)]
    for name in ("lattice 16 x 16", "conv and max-pooling 12 x 12"):
        measure(*CASES[name]())  # kernels are compiled or read
    print("| network | regions | processor s | wall s | regions/s | signs | rational, in 1,000 |")
    print("|---|---|---|---|---|---|---|")
    for name in chosen:
        found = best(*CASES[name]())
        regions, signs = found["regions"], found["signs"]
        rate, share = regions / found["cpu"], 1000 * found["rational"] / signs
        seconds = f"{found['cpu']:.3f} | {found['wall']:.3f}"
        print(
            f"| {name} | {regions:,} | {seconds} | {rate:,.0f} | {signs:,} | {share:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
