"""Where tasks run: in this process, in several of this machine, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from threading import RLock, Thread
from typing import Any, NamedTuple

from tqdm import tqdm

from geomtoy.errors import SettingError

SECONDS_TO_ANSWER = 10.0
SLOTS_OF_A_CLUSTER = 512
SECONDS_WITHOUT_WORKERS = 30.0
"""After which a cluster counts as dead: enough for one that is restarted by its machine."""


def nothing_to_check() -> None:
    """The executor itself says when its workers die."""


class Workers(NamedTuple):
    """An executor, and how it is used.

    Args:
        slots: tasks that are given to it at a time; results wait in memory until they are written.
        check: is called now and then, and raises SettingError when tasks can never be done.
        died: what a future raises that is blamed for the death of workers, if the executor can tell.
    """

    executor: Executor
    slots: int = 32
    check: Callable[[], None] = nothing_to_check
    died: type[Exception] = BrokenExecutor


Pool = Callable[[], AbstractContextManager[Workers]]
"""Makes workers; called again when the last ones broke. `lambda: nullcontext(Workers(e))` takes any."""


@contextmanager
def in_process() -> Iterator[Workers]:
    """One task at a time, in a thread of this process."""
    executor = ThreadPoolExecutor(1)
    try:
        yield Workers(executor, slots=2)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def processes(workers: int) -> Pool:
    """So many processes of this machine; they end when this one does, even if it is killed.

    Each has its own share of the cores: one core runs a small block as fast as two. Ctrl-C does not
    reach them, so that they can finish.

    Raises:
        SettingError: there is no worker.
    """
    if workers < 1:
        raise SettingError(f"workers is {workers}; give at least 1")
    return partial(_spawned, workers)


def cluster(address: str) -> Pool:
    """The workers of a Dask scheduler, such as "tcp://10.0.0.1:8786"; it redoes what a dead one had.

    Raises:
        SettingError: when it is used: the scheduler does not answer, or has no worker for half a minute.
    """
    return partial(_client, address)


def pool_for(workers: int = 1, dask: str | None = None) -> Pool:
    """What the options --workers and --dask of a program ask for.

    Raises:
        SettingError: there is no worker.
    """
    if dask is not None:
        return cluster(dask)
    return in_process if workers == 1 else processes(workers)


@contextmanager
def _client(address: str) -> Iterator[Workers]:
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise SettingError("a Dask cluster needs distributed; pip install 'geomtoy[dask]'") from None
    try:
        client = Client(address, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError):
        raise SettingError(f"no Dask scheduler answers at {address}; give host and port") from None
    with client:
        watch = _Watch(client, address)
        watch.wait()
        executor = client.get_executor(pure=False)  # a task that is tried again runs again
        try:
            yield Workers(executor, SLOTS_OF_A_CLUSTER, watch, KilledWorker)
        finally:
            executor.shutdown(wait=False)


class _Watch:
    """Whether a cluster has workers: none for `SECONDS_WITHOUT_WORKERS` is an error."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._asked = self._seen = time.monotonic()

    def wait(self) -> None:
        while not self._workers():
            self()
            time.sleep(0.2)

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._asked < 1:
            return
        self._asked = now
        if self._workers():
            self._seen = now
        elif now - self._seen > SECONDS_WITHOUT_WORKERS:
            raise SettingError(
                f"the Dask scheduler at {self._address} has no workers; start some with 'dask worker "
                f"{self._address}'"
            )

    def _workers(self) -> int:
        try:
            return len(self._client.nthreads())
        except (OSError, TimeoutError):
            raise SettingError(
                f"the Dask scheduler at {self._address} went away; start it again"
            ) from None


@contextmanager
def _spawned(workers: int) -> Iterator[Workers]:
    spawn = multiprocessing.get_context("spawn")  # JAX has threads, which a fork does not survive
    started = spawn.Value("i", 0)
    watched, lifeline = spawn.Pipe(duplex=False)
    executor = ProcessPoolExecutor(
        workers, mp_context=spawn, initializer=_start_worker, initargs=(started, workers, watched)
    )
    try:
        yield Workers(executor, slots=2 * workers + 1)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        lifeline.close()


def _start_worker(started: Synchronized[int], workers: int, lifeline: Connection) -> None:
    """Take a share of the cores, leave Ctrl-C to the parent, and end with it or when it lets go."""
    with started.get_lock():
        k = started.value
        started.value += 1
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[k % workers :: workers] or cores)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm.set_lock(RLock())  # its own is shared by processes, and left behind by one that ends at once
    Thread(target=_end_with, args=[lifeline], daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    """The other end is closed when the parent closes it or ends, however it ends."""
    with suppress(OSError):  # this is how Windows says it
        lifeline.poll(None)
    os._exit(1)
