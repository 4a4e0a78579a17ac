"""Runs a grid of configs anywhere, keeps each result as it comes, and goes on where it was stopped."""

from __future__ import annotations

import fcntl
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from geomtoy import results
from geomtoy.errors import FileError, GeomtoyError, SettingError
from geomtoy.results import Result
from geomtoy.training.pools import Pool, in_process

Config = Any
"""A frozen dataclass of plain values."""
Arrays = Mapping[str, np.ndarray]
Task = Callable[[Sequence[Config]], Sequence[Arrays]]
Group = tuple[Config, ...]


def sweep(
    task: Task,
    configs: Sequence[Config],
    folder: Path,
    *,
    pool: Pool = in_process,
    alike: Callable[[Config], Hashable] | None = None,
    together: int = 16,
    cost: Callable[[Config], float] = lambda config: 1.0,
    progress: bool = False,
) -> list[Result]:
    """The results of a task for every config, computed where they are missing.

    Each result is kept in `folder` when it is there, under the hash of its config: a sweep that was
    stopped or killed loses what was being computed at that moment, and nothing else. A broken pool is
    replaced as long as each gives some result. Results of other versions are computed again.

    Args:
        task: importable function of a few configs; returns the arrays of each.
        configs: all different.
        folder: of this sweep alone.
        pool: makes the executor, see `geomtoy.training.pools`.
        alike: configs of equal key go to the task together (vmap); None sends each alone.
        together: greatest number of configs that go together.
        cost: expected time of a config in any unit; the longest start first, and progress and the time
            left are measured in it.
        progress: show a bar on stderr.
    Returns:
        results in the order of `configs`.
    Raises:
        SettingError: two configs are equal, `folder` is of another sweep, another process sweeps into
            it now, workers die without giving a result, or a config failed; the others are kept.
    """
    stems = {results.config_hash(asdict(config)): config for config in configs}
    if len(stems) < len(configs):
        raise SettingError("two configs of the sweep are equal; give each once")
    with _sole_writer(folder):
        _claim(folder, task, sorted(stems))
        missing = [config for stem, config in stems.items() if not _is_done(folder / stem)]
        groups = sorted(_groups(missing, alike, together), key=lambda group: -sum(map(cost, group)))
        total, left = (sum(map(cost, some)) for some in (configs, missing))
        with tqdm(total=total, initial=total - left, disable=not progress, unit_scale=True) as bar:

            def keep(group: Group, arrays: Sequence[Arrays], seconds: float) -> None:
                for config, one in zip(group, arrays, strict=True):
                    stem = folder / results.config_hash(asdict(config))
                    results.save(stem, asdict(config), one, seconds / len(group))
                bar.update(sum(map(cost, group)))

            _run_all(task, groups, pool, keep)
    return [results.load(folder / stem) for stem in stems]


Keep = Callable[[Group, Sequence[Arrays], float], None]


def _run_all(task: Task, groups: Sequence[Group], pool: Pool, keep: Keep) -> None:
    """Run, replacing pools that break, and raise the first failure when all others are kept."""
    failures: list[tuple[Group, Exception]] = []
    while groups:
        with pool() as executor:
            unfinished = _run(task, groups, executor, keep, failures)
        if len(unfinished) == len(groups):
            raise SettingError(
                "workers died before giving any result; give them more memory, or run fewer at once"
            )
        groups = unfinished
    if failures:
        group, error = failures[0]
        text = str(error) if isinstance(error, GeomtoyError) else repr(error)
        raise SettingError(
            f"{len(failures)} of the tasks failed, the first for {group}: {text}"
        ) from error


def _run(
    task: Task,
    groups: Sequence[Group],
    executor: Executor,
    keep: Keep,
    failures: list[tuple[Group, Exception]],
) -> list[Group]:
    """Keep what succeeds and note what fails; returns the groups that a broken pool left undone."""
    futures: dict[Future[Any], Group] = {}
    undone: list[Group] = []
    try:
        for group in groups:
            try:
                futures[executor.submit(_timed, task, group)] = group
            except BrokenExecutor:
                undone.append(group)
        for future in as_completed(tuple(futures)):
            group = futures.pop(future)
            try:
                arrays, seconds = future.result()
            except BrokenExecutor:
                undone.append(group)
            except Exception as error:
                failures.append((group, error))
            else:
                keep(group, arrays, seconds)
    finally:
        for future in futures:
            future.cancel()
    return undone


def _timed(task: Task, group: Group) -> tuple[Sequence[Arrays], float]:
    start = perf_counter()
    return task(group), perf_counter() - start


def _groups(
    configs: Sequence[Config], alike: Callable[[Config], Hashable] | None, together: int
) -> Iterator[Group]:
    if alike is None:
        yield from ((config,) for config in configs)
        return
    by_key: defaultdict[Hashable, list[Config]] = defaultdict(list)
    for config in configs:
        by_key[alike(config)].append(config)
    for same in by_key.values():
        yield from (tuple(same[k : k + together]) for k in range(0, len(same), together))


def _is_done(stem: Path) -> bool:
    return results.exists(stem) and results.load(stem).versions == results.versions()


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system releases however this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sweep.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingError(
                f"another sweep is writing to {folder}; wait for it or name another folder"
            ) from None
        yield


def _claim(folder: Path, task: Task, hashes: list[str]) -> None:
    """Mark the folder as this sweep's, or see that it is; remove what a kill left unfinished."""
    mark = folder / "sweep.json"
    mine = results.to_json({"task": f"{task.__module__}.{task.__qualname__}", "configs": hashes})
    for part in (*folder.glob(".*.npz"), *folder.glob(".*.json")):
        part.unlink()
    if mark.exists():
        if mark.read_text() != mine:
            raise SettingError(
                f"{folder} holds a sweep of another task or other configs; name another folder"
            )
        return
    if any(folder.glob("*.npz")):
        raise FileError(f"{folder} holds results that are of no sweep; name another folder")
    whole = folder / ".sweep.json"
    whole.write_text(mine)
    whole.replace(mark)
