"""Kernels that release the interpreter lock, run on all cores over blocks of a range."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

WORTH = 2_000_000
"""Elementary steps below which a thread costs more than it saves."""


def in_blocks(run: Callable[[int, int], None], n: int, work: int) -> None:
    """Call run(low, high) over disjoint blocks that cover range(n); `work` is a guess of all steps.

    The blocks write to disjoint places, so results do not depend on the number of threads.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or n < 2 or work < WORTH:
        run(0, n)
        return
    blocks = min(n, 8 * cores)  # smaller than a core's share, since parents differ in work
    bounds = [n * k // blocks for k in range(blocks + 1)]
    pool = _pool(cores, os.getpid())
    for done in [pool.submit(run, *pair) for pair in pairwise(bounds)]:
        done.result()


@cache
def _pool(cores: int, process: int) -> ThreadPoolExecutor:
    """One a process: after a fork, a parent's pool is there but its threads are not."""
    return ThreadPoolExecutor(cores, thread_name_prefix="geomtoy")
