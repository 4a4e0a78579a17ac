"""Where a sweep runs: in this process, in several of this machine, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from threading import Thread

from geomtoy.errors import SettingError

Pool = Callable[[], AbstractContextManager[Executor]]
"""Makes an executor; called again when the last one broke. `lambda: nullcontext(executor)` takes any."""

SECONDS_TO_ANSWER = 10.0


def in_process() -> ThreadPoolExecutor:
    """One task at a time, in a thread of this process."""
    return ThreadPoolExecutor(1)


def processes(workers: int) -> Pool:
    """So many processes of this machine; they end when this one does, even if it is killed.

    Each has its own share of the cores: one core runs a small block as fast as two.

    Raises:
        SettingError: there is no worker.
    """
    if workers < 1:
        raise SettingError(f"workers is {workers}; give at least 1")
    return partial(_spawned, workers)


def cluster(address: str) -> Pool:
    """The workers of a Dask scheduler, such as "tcp://10.0.0.1:8786"; it redoes what a dead one had."""
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
def _client(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise SettingError("a Dask cluster needs distributed; pip install 'geomtoy[dask]'") from None
    try:
        client = Client(address, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError):
        raise SettingError(f"no Dask scheduler answers at {address}; give host and port") from None
    with client, client.get_executor() as executor:
        yield executor


def _spawned(workers: int) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # JAX has threads, which a fork does not survive
    started = spawn.Value("i", 0)
    return ProcessPoolExecutor(
        workers, mp_context=spawn, initializer=_start_worker, initargs=(started, workers)
    )


def _start_worker(started: Synchronized[int], workers: int) -> None:
    """Take a share of the cores, and watch the parent: a worker waits for tasks from it forever."""
    with started.get_lock():
        k = started.value
        started.value += 1
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[k % workers :: workers] or cores)
    Thread(target=_end_with, args=[multiprocessing.parent_process()], daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
