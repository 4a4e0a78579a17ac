"""Where a sweep runs: in this process, in several of this machine, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
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

    Raises:
        SettingError: there is no worker.
    """
    if workers < 1:
        raise SettingError(f"workers is {workers}; give at least 1")
    spawn = multiprocessing.get_context("spawn")  # JAX has threads, which a fork does not survive
    return partial(ProcessPoolExecutor, workers, mp_context=spawn, initializer=_end_with_parent)


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


def _end_with_parent() -> None:
    """A worker waits for its next task forever, also when nobody is left to send one."""
    Thread(target=_end_when_it_ends, args=[multiprocessing.parent_process()], daemon=True).start()


def _end_when_it_ends(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
