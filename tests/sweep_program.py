"""A toy task, importable by workers; as a program, a sweep that a test can kill."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from geomtoy.errors import SettingError
from geomtoy.store import cluster, in_process, processes, run


@dataclass(frozen=True)
class Toy:
    """n: what is squared. log: a file with one line for each start. deaths: of the worker, then none."""

    n: int
    log: str
    seconds: float = 0.0
    deaths: int = 0
    fails: bool = False
    returns_a_function: bool = False


def square(config: Toy) -> dict[str, np.ndarray]:
    log = Path(config.log)
    with log.open("a") as file:
        file.write(f"{config.n}\n")
    with tqdm(total=1, disable=True):  # as training has one
        time.sleep(config.seconds)
    if config.fails:
        raise SettingError(f"{config.n} has no square")
    if starts(log).count(config.n) <= config.deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": np.array(square if config.returns_a_function else config.n**2)}


def starts(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def toys(folder: Path, **settings: object) -> list[Toy]:
    return [Toy(n, str(folder / "log"), **settings) for n in range(8)]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell has it ignored
    where, kind = Path(sys.argv[1]), sys.argv[2]
    pool = cluster(kind) if ":" in kind else processes(2) if kind == "2" else in_process
    run(square, toys(where, seconds=0.3), where / "results", pool=pool)
