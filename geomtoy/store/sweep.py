"""Computes what a store lacks on any pool, keeps results as they come; a bad config spoils no other."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from geomtoy.errors import FileError, SettingError
from geomtoy.store.canonical import canonical
from geomtoy.store.entries import write_entry
from geomtoy.store.pools import Pool, Workers
from geomtoy.store.provenance import Origin, Provenance, name_of
from geomtoy.store.workers import ENDED, Done, Failed, work

FAILURES = "failures.jsonl"
SECONDS_BETWEEN_CHECKS = 1.0
DIED = "its worker died, and died again when it ran alone; has the machine enough memory for it?"
STOPPING = "stopping when what runs is done and kept; Ctrl-C again does not wait"


@dataclass(frozen=True, eq=False)
class Job:
    """A config, where its result goes, its expected time, and the mark that its worker leaves."""

    config: Any
    path: Path
    cost: float
    mark: Path

    @property
    def begun(self) -> bool:
        return self.mark.exists()

    @property
    def cut_short(self) -> bool:
        """Whether it had begun, and not ended, when its worker died."""
        return self.begun and self.mark.read_text() != ENDED


Futures = dict[Future[Done | Failed], Job]


@dataclass(frozen=True, eq=False)
class Left:
    """What a pool has not done: because it broke, and what it blames for the death of a worker."""

    undone: list[Job] = field(default_factory=list)
    blamed: list[Job] = field(default_factory=list)


class Sweep:
    """One computation of what is missing.

    Args:
        task, where, made_by: the function, the module that it is in, and its code in this process.
        pool: makes the workers.
        bar: shows costs that are done.
    """

    def __init__(
        self,
        task: Callable[..., Any],
        where: Origin,
        made_by: Provenance,
        pool: Pool,
        bar: tqdm[Any],
    ) -> None:
        self._task, self._where, self._made_by, self._pool, self._bar = task, where, made_by, pool, bar
        self._failures: list[tuple[Job, str]] = []

    def compute(self, jobs: Sequence[Job]) -> None:
        """All jobs, the longest first; those that ran when a pool broke come last, each alone.

        Raises:
            SettingError: a job failed, when all others are kept; or workers die before they run any.
            FileError: a result cannot be written.
        """
        todo, suspects = sorted(jobs, key=lambda job: -job.cost), list[Job]()
        while todo:
            left = self._round(todo)
            ran = [*left.blamed, *(job for job in left.undone if job.cut_short)]
            if len(left.undone) == len(todo) and not ran:
                raise SettingError(
                    "the workers died before they ran a task; see what they wrote to stderr"
                )
            suspects += ran
            todo = [job for job in left.undone if job not in ran]
        for job in suspects:
            left = self._round([job])
            if left.undone or left.blamed:
                self._fail(job, DIED)
        self._report(len(jobs))

    def _round(self, jobs: Sequence[Job]) -> Left:
        """Run jobs in one pool, as far as its workers live."""
        waiting, left = deque(jobs), Left()
        with self._pool() as workers:
            futures: Futures = {}
            try:
                while waiting or futures:
                    self._fill(waiting, futures, workers, left)
                    self._settle_some(futures, workers, left)
            except KeyboardInterrupt:
                self._bar.write(STOPPING)
                _cancel(future for future, job in futures.items() if not job.begun)
                while futures:
                    self._settle_some(futures, workers, left)
                raise
            finally:
                _cancel(futures)
        return left

    def _fill(self, waiting: deque[Job], futures: Futures, workers: Workers, left: Left) -> None:
        """Give the workers as much as they hold."""
        while waiting and len(futures) < workers.slots:
            job = waiting[0]
            try:
                future = workers.executor.submit(work, self._task, job.config, self._where, job.mark)
            except BrokenExecutor:
                left.undone.extend(waiting)
                waiting.clear()
            else:
                futures[future] = waiting.popleft()

    def _settle_some(self, futures: Futures, workers: Workers, left: Left) -> None:
        """Keep results as they come, and forget them."""
        ended = wait(futures, SECONDS_BETWEEN_CHECKS, FIRST_COMPLETED).done
        for future in [one for one in futures if one in ended]:
            self._settle(future, futures[future], workers, left)
            del futures[future]
        workers.check()

    def _settle(self, future: Future[Done | Failed], job: Job, workers: Workers, left: Left) -> None:
        try:
            outcome = future.result()
        except (BrokenExecutor, CancelledError):
            left.undone.append(job)
        except workers.died:
            left.blamed.append(job)
        except Exception as error:  # what no worker could send
            self._fail(job, repr(error))
        else:
            if isinstance(outcome, Failed):
                self._fail(job, outcome.reason, outcome.details)
            elif outcome.made_by != self._made_by:
                self._fail(job, f"its worker has {outcome.made_by}, and this process {self._made_by}")
            else:
                self._keep(job, outcome)

    def _keep(self, job: Job, done: Done) -> None:
        record = {
            "task": name_of(self._task),
            "config": canonical(job.config),
            "code": done.made_by.code,
            "versions": {**dict(done.made_by.packages), "python": done.python},
            "seconds": done.seconds,
        }
        try:
            write_entry(job.path, record, done.arrays)
        except FileError:
            raise
        except ValueError as error:
            self._fail(job, f"its result cannot be stored: {error}")
        else:
            self._bar.update(job.cost)

    def _fail(self, job: Job, reason: str, details: str = "") -> None:
        self._failures.append((job, reason))
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "config": canonical(job.config),
            "result": job.path.name,
            "reason": reason,
            "details": details,
        }
        path = job.path.with_name(FAILURES)
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise FileError(f"cannot write {path}: {error.strerror}; choose another place") from None

    def _report(self, number: int) -> None:
        if self._failures:
            job, reason = self._failures[0]
            raise SettingError(
                f"{len(self._failures)} of {number} runs failed, and all others are kept; the first is "
                f"{job.config}: {reason} ({job.path.with_name(FAILURES)} has all)"
            )


def _cancel(futures: Iterable[Future[Done | Failed]]) -> None:
    for future in futures:
        future.cancel()


@contextmanager
def with_marks(jobs: Sequence[tuple[Any, Path, float]]) -> Iterator[list[Job]]:
    """Jobs of (config, path, cost), with a folder for their marks while they are worked on."""
    with TemporaryDirectory(prefix="geomtoy-", ignore_cleanup_errors=True) as folder:
        yield [Job(*job, Path(folder) / str(k)) for k, job in enumerate(jobs)]
