"""Certified regions of soft blocks on a plane: processor seconds, patches, and how many are proven.

    OPENBLAS_NUM_THREADS=1 python benchmarks/curves.py
    OPENBLAS_NUM_THREADS=1 python benchmarks/curves.py --blocks 500
    python benchmarks/curves.py --blocks 500 --trained results/blocks-*/*.npz

The first measures the sizes of `CASES`, each on a block that was counted once before (kernels compiled).
--blocks counts random blocks of all kinds in turn, --trained the first block of each stored file and
the same untrained, on a plane of the query and on one through three times; exceptions are named.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import count, cycle, islice
from time import process_time
from typing import Any

import numpy as np

from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.network import Network
from geomtoy.slices import Slice
from geomtoy.views.plane import PlaneRegions, count_regions_on_plane

CASES: dict[str, dict[str, Any]] = {
    "context 100, 10 heads, d 64, 64 units": {"T": 100, "H": 10, "d": 64, "units": 64},
    "the same, scores x 10": {"T": 100, "H": 10, "d": 64, "units": 64, "sharp": 10.0},
    "the same, a norm before attention": {"T": 100, "H": 10, "d": 64, "units": 64, "before": True},
    "the same, two layers of 64 units": {"T": 100, "H": 10, "d": 64, "units": 64, "second": 64},
    "context 30, 3 heads, d 16, scores x 100": {"T": 30, "H": 3, "units": 64, "sharp": 100.0},
    "context 1000, 32 heads, d 512, 1024 units": {"T": 1000, "H": 32, "d": 512, "units": 1024},
}
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"moving": "context"},
    {"norm": True},
    {"norm": True, "centred": False},
    {"moving": "context", "norm": True},
    {"sharp": 10.0},
    {"residual": False, "sharp": 5.0},
    {"spread": 3.0},
    {"before": True},
    {"before": True, "norm": True, "moving": "context"},
    {"second": 24},
    {"second": 24, "norm": True, "sharp": 3.0},
)


def random_case(
    seed: int, *, T: int = 10, H: int = 2, d: int = 16, units: int = 48, sharp: float = 1.0,
    norm: bool = False, centred: bool = True, residual: bool = True, moving: str = "query",
    spread: float = 1.0, before: bool = False, second: int = 0,
) -> tuple[BlockArrays, Slice, np.ndarray | None, str]:  # fmt: skip
    """A block with Gaussian weights, a plane, the tokens that stand still, and what moves."""
    rng = np.random.default_rng(seed)
    f = max(2, d // H)
    W_Q, W_K, W_V = (rng.normal(size=(H, d, f)) / np.sqrt(d) for _ in range(3))
    layers = [(rng.normal(size=(units, d)) * 1.4 / np.sqrt(d), rng.normal(size=units) / 2)]
    if second:
        W = rng.normal(size=(second, units)) * 1.4 / np.sqrt(units)
        layers.append((W, rng.normal(size=second) / 2))
    block = BlockArrays(
        np.zeros((T, d // 2)), W_Q, W_K, W_V, rng.normal(size=(H, f, d)) / np.sqrt(H * f),
        Network([*layers, (np.ones((1, second or units)), [0.0])]),
        norm_gain=1 + rng.normal(size=d) / 10 if norm else None,
        norm_bias=rng.normal(size=d) / 10 if norm else None,
        scale=sharp / np.sqrt(f), residual=residual, centred_norm=centred,
        attention_norm_gain=1 + rng.normal(size=d) / 10 if before else None,
        attention_norm_bias=rng.normal(size=d) / 10 if before else None,
    )  # fmt: skip
    n = d if moving == "query" else T * d
    plane = Slice(rng.normal(size=n), *(spread * rng.normal(size=(2, n))))
    return block, plane, rng.normal(size=(T - 1, d)) if moving == "query" else None, moving


def trained_cases(paths: list[str]) -> Iterator[tuple[BlockArrays, Slice, np.ndarray | None, str]]:
    for path in paths:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        initial = {k.removeprefix("initial_"): a for k, a in arrays.items() if k.startswith("initial_")}
        for seed, each in enumerate((arrays, initial)):
            if "W_Q" not in each or (block := unstack_blocks(each)[0]).hard:
                continue
            rng = np.random.default_rng(seed)
            x = block.tokens(rng.uniform(0, 2 * np.pi, 3)).reshape(3, -1)
            yield block, Slice(x.mean(0), 0.6 * (x[1] - x[0]), 0.6 * (x[2] - x[0])), None, "context"
            d = block.d_model
            still = block.tokens(rng.uniform(0, 2 * np.pi, 1))[0, :-1]
            yield block, Slice(*rng.normal(size=(3, d))), still, "query"


def measured(case: tuple[BlockArrays, Slice, np.ndarray | None, str]) -> tuple[PlaneRegions, float]:
    block, plane, tokens, moving = case
    start = process_time()
    found = count_regions_on_plane(block, plane, tokens=tokens, moving=moving, max_patches=100_000)
    return found, process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--blocks", type=int, default=0, help="count so many random blocks")
    parser.add_argument("--trained", nargs="*", default=[], help="files of stored blocks")
    given = parser.parse_args()
    for kind in ({"norm": True}, {"moving": "context"}, {"before": True}, {"second": 8}):
        measured(random_case(0, **kind))
    if given.blocks or given.trained:
        seeds = zip(count(), cycle(KINDS))
        random = (random_case(seed, **kind) for seed, kind in islice(seeds, given.blocks))
        tell([measured(case) for case in [*random, *trained_cases(given.trained)]])
        return
    for name, kind in CASES.items():
        found, seconds = measured(random_case(1, **kind))
        print(
            f"{name}: {found.kind}, {found.regions:,} regions, {found.evaluations:,} patches, "
            f"{seconds:.2f} s",
            flush=True,
        )


def tell(results: list[tuple[PlaneRegions, float]]) -> None:
    verdicts = Counter(found.kind for found, _ in results)
    took = np.array([seconds for _, seconds in results])
    print(f"{len(results)} blocks: {dict(verdicts)}")
    print(f"{np.median(took):.3f} s median, {took.max():.2f} s most")
    for k, (found, _) in enumerate(results):
        if not found.certified:
            print(f"  block {k}: {found.guarantee}")


if __name__ == "__main__":
    main()
