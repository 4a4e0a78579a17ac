"""The results of a task for some configs, read when they are looked at and computed where missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from filelock import FileLock, Timeout
from tqdm import tqdm

from geomtoy.errors import FileError
from geomtoy.store.canonical import canonical, digest
from geomtoy.store.entries import SUFFIX, Arrays, read_record
from geomtoy.store.pools import Pool, in_process
from geomtoy.store.provenance import name_of, origin, provenance
from geomtoy.store.sweep import Sweep, with_marks

Config = Any
"""A frozen dataclass; see `geomtoy.store.canonical.canonical` for what may be in it."""
Task = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Result:
    """What a task returned for a config.

    Args:
        config: as it was asked for.
        path: the file, whose name is the key.
    """

    config: Config
    path: Path

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """By name, each read when it is asked for and not kept."""
        return Arrays(self.path)

    @property
    def record(self) -> dict[str, Any]:
        """ "task", "config", "code", "versions" (packages and Python of its worker) and "seconds"."""
        return read_record(self.path)


class Runs(Sequence[Result]):
    """Results in the order of the configs that were asked for.

    Attributes:
        made_by: the task's name, the digest of its code, and packages: the same for all.
    """

    def __init__(self, results: Sequence[Result], made_by: dict[str, Any]) -> None:
        self._results, self.made_by = tuple(results), made_by

    @overload
    def __getitem__(self, k: int) -> Result: ...
    @overload
    def __getitem__(self, k: slice) -> Runs: ...
    def __getitem__(self, k: int | slice) -> Result | Runs:
        if isinstance(k, slice):
            return Runs(self._results[k], self.made_by)
        return self._results[k]

    def __len__(self) -> int:
        return len(self._results)

    def stacked(self, name: str) -> np.ndarray:
        """An array of all results, which have one shape, along a new first axis."""
        return np.stack([result.arrays[name] for result in self])


def run(
    task: Task,
    configs: Sequence[Config],
    folder: Path,
    *,
    pool: Pool = in_process,
    cost: Callable[[Config], float] = lambda config: 1.0,
    progress: bool = False,
) -> Runs:
    """The results of a task for every config, computed where the store lacks them.

    Each is kept when it is there: a run that is stopped or killed loses what was being computed at that
    moment, and nothing else. Ctrl-C waits for what runs and keeps it. Of two processes that lack results
    of one task, the second waits.

    Args:
        task: function of a module's own level, importable by workers: config -> arrays by name.
        configs: in any order; equal ones share a result.
        folder: the store, shared by all tasks.
        pool: makes the workers, see `geomtoy.store.pools`.
        cost: expected time of a config in any unit; the longest start first, and progress and the time
            left are measured in it.
        progress: show a bar on stderr.
    Raises:
        SettingError: a config failed, when all others are kept; it is named, and `failures.jsonl` beside
            the results has all. Or the workers cannot run: none answers, or they run other code.
        FileError: the store cannot be written to, or is full.
    """
    where = origin(task)
    made_by = described(task)
    results = [Result(config, folder / made_by["task"] / key(made_by, config)) for config in configs]
    distinct = {result.path: result for result in results}
    if not all(map(Path.exists, distinct)):
        with _sole_writer(folder / made_by["task"], progress):
            missing = [result for path, result in distinct.items() if not path.exists()]
            total = sum(cost(result.config) for result in distinct.values())
            jobs = [(result.config, result.path, cost(result.config)) for result in missing]
            done = total - sum(expected for *_, expected in jobs)
            bar = tqdm(total=total, initial=done, disable=not progress, unit_scale=True)
            with bar, with_marks(jobs) as marked:
                Sweep(task, where, provenance(where), pool, bar).compute(marked)
    return Runs(results, made_by)


def key(made_by: Mapping[str, Any], config: Config) -> str:
    """A result's file name: it changes with what can change the numbers, and with nothing else."""
    return digest({**made_by, "config": canonical(config)}) + SUFFIX


def described(task: Callable[..., Any]) -> dict[str, Any]:
    """What makes a task's results: for their keys, and for the record of a figure."""
    made_by = provenance(origin(task))
    return {"task": name_of(task), "code": made_by.code, "packages": dict(made_by.packages)}


@contextmanager
def _sole_writer(place: Path, progress: bool) -> Iterator[None]:
    """Hold a task's lock, which the system releases however this process ends; wait for who has it."""
    lock = FileLock(place / ".lock")
    try:
        place.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if progress:
                tqdm.write(f"waiting for another process that computes {place.name}")
            lock.acquire()
    except OSError as error:
        raise FileError(f"cannot write to {place}: {error.strerror}; choose another place") from None
    try:
        for half in place.glob(f".*-part*{SUFFIX}"):
            half.unlink()
        yield
    finally:
        lock.release()
