"""Counts of one network over many slices, on any pool, kept as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from geomtoy.answers.domain import without_norm
from geomtoy.errors import SettingError, SliceError
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.regions import count_regions
from geomtoy.regions.engine.run import resolve_window
from geomtoy.slices import UNIT_SQUARE, Segment, Slice, Window
from geomtoy.store import Pool, in_process, run

BATCH = 50
"""Slices that are counted by one task: some seconds of work, of which a kill loses one."""


@dataclass(frozen=True, eq=False)
class SliceCounts:
    """Counts of a network on n slices, in their order.

    Args:
        regions: (n,) activation regions.
        linear_regions: (n,), or None if they were not asked for.
        certified: whether all counts are.
    """

    regions: np.ndarray
    linear_regions: np.ndarray | None
    certified: bool

    def __len__(self) -> int:
        return len(self.regions)

    def __repr__(self) -> str:
        low, high = self.regions.min(), self.regions.max()
        return (
            f"SliceCounts({len(self)} slices, {low} to {high} regions, mean {self.regions.mean():.6g}, "
            f"standard deviation {self.regions.std():.4g})"
        )


def over_slices(
    network: Network | NormedNetwork,
    slices: Iterable[Slice | Segment],
    *,
    window: Window = UNIT_SQUARE,
    linear: bool = True,
    folder: str | Path | None = None,
    pool: Pool = in_process,
    progress: bool = False,
) -> SliceCounts:
    """Count the regions of a network on each of many slices.

        over_slices(net, random_slices(64, 1000), pool=geomtoy.store.processes(2), folder="results")

    Args:
        network: CPA network.
        slices: planes, or segments, of its input space.
        window: the same for all, as in `count_regions`.
        linear: whether to count linear regions too, which takes about twice as long.
        folder: a store (`geomtoy.store`), where counts are found again: after a kill, or when there are
            more slices that begin with the same ones. None keeps nothing.
        pool: makes the workers: `geomtoy.store.in_process`, `processes(n)` or `cluster(address)`. Call
            from under `if __name__ == "__main__":` in a program that uses processes.
        progress: show a bar on stderr.
    Raises:
        SettingError: there is no slice.
        NetworkError: the network is behind a norm.
        WindowError, SliceError: the window is no window, or a slice does not fit the network.
    Exactness: each count is that of `count_regions`.
    """
    network = without_norm(network)
    chosen = tuple(slices)
    if not chosen:
        raise SettingError("there is no slice; give one or more")
    for one in chosen:
        _check(network, one, window)
    batches = [
        _batch(network, chosen[k : k + BATCH], window, linear) for k in range(0, len(chosen), BATCH)
    ]
    with _store(folder) as place:
        runs = run(
            count_batch,
            batches,
            place,
            pool=pool,
            cost=lambda batch: len(batch.slices),
            progress=progress,
        )
        arrays = {name: [result.arrays[name] for result in runs] for name in runs[0].arrays}
    merged = {name: np.concatenate(parts) for name, parts in arrays.items()}
    return SliceCounts(merged["regions"], merged.get("linear_regions"), bool(merged["certified"].all()))


def random_slices(dimension: int, number: int, *, seed: int = 0, spread: float = 1.0) -> list[Slice]:
    """Planes in random directions: the span of two Gaussian vectors, around a Gaussian point.

    Args:
        dimension: d >= 2, of the space.
        number: of slices; the first ones are the same for any number.
        seed: of the generator.
        spread: standard deviation of each coordinate of the point; 0 for planes through the origin.
    Returns:
        slices whose directions are orthonormal up to rounding.
    Raises:
        SettingError: there is no plane in so few dimensions, or none is asked for.
    """
    if dimension < 2 or number < 1:
        raise SettingError(f"{number} planes of R^{dimension} are asked for; give at least 1 in R^2")
    generator = np.random.default_rng(seed)
    return [_random_slice(generator, dimension, spread) for _ in range(number)]


def _random_slice(generator: np.random.Generator, dimension: int, spread: float) -> Slice:
    origin = spread * generator.normal(size=dimension)
    directions, _ = np.linalg.qr(generator.normal(size=(dimension, 2)))
    return Slice(*(tuple(vector.tolist()) for vector in (origin, *directions.T)))


@dataclass(frozen=True)
class Batch:
    """Slices of a network to be counted; `content`, the hash of all the rest, names it in a store."""

    content: str
    linear: bool
    network: Network = field(compare=False, repr=False)
    slices: tuple[Slice | Segment, ...] = field(compare=False, repr=False)
    window: Any = field(compare=False, repr=False)


def count_batch(batch: Batch) -> dict[str, np.ndarray]:
    """The task: counts (n,) of a batch's slices."""
    counts = [
        count_regions(batch.network, slice=one, window=batch.window, linear=batch.linear)
        for one in batch.slices
    ]
    found = {
        "regions": np.array([count.regions for count in counts]),
        "certified": np.array([count.certified for count in counts]),
    }
    if batch.linear:
        found["linear_regions"] = np.array([count.linear_regions for count in counts])
    return found


def _batch(network: Network, slices: tuple[Slice | Segment, ...], window: Any, linear: bool) -> Batch:
    polygon, _ = resolve_window(network, slices[0], window)
    parts = [*_described(network), repr(polygon), *map(repr, slices)]
    content = sha256("\n".join(parts).encode()).hexdigest()
    return Batch(content, linear, network, slices, window)


def _described(network: Network) -> Iterator[str]:
    """A network as text, the same for the same numbers."""
    for W, b in network.layers:
        for array in (W, b):
            yield f"{array.shape} {[_number(z) for z in array.ravel().tolist()]}"
    yield repr(network.activations)
    yield repr(network.maxima)


def _number(z: float | Fraction) -> str:
    numerator, denominator = z.as_integer_ratio()
    return f"{numerator:x}/{denominator:x}"


def _check(network: Network, one: Slice | Segment, window: Any) -> None:
    resolve_window(network, one, window)
    if one.dimension != network.d_in:
        raise SliceError(
            f"a slice lies in dimension {one.dimension} but the network takes {network.d_in} inputs; "
            "make them equal"
        )


@contextmanager
def _store(folder: str | Path | None) -> Iterator[Path]:
    if folder is not None:
        yield Path(folder)
        return
    with TemporaryDirectory(prefix="geomtoy-") as temporary:
        yield Path(temporary)
