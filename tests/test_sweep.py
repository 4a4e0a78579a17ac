"""Sweeps: any pool, nothing lost or redone after a kill, one bad config spoils no other."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import sweep_program
from sweep_program import Toy, square, starts, toys

from geomtoy.errors import FileError, SettingError
from geomtoy.store import Workers, cluster, in_process, pool_for, pools, processes, run, sweep
from geomtoy.store.provenance import Origin, Provenance, provenance

SQUARES = [n**2 for n in range(8)]
NAME = "sweep_program.square"


def squares(configs: list[Toy], folder: Path, **options: object) -> list[int]:
    return run(square, configs, folder / "results", **options).stacked("square").tolist()


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "results" / NAME).glob("*.npz"))


def failures(folder: Path) -> list[dict]:
    lines = (folder / "results" / NAME / "failures.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_results_come_in_the_order_of_configs_and_are_computed_once(tmp_path, capsys):
    configs = toys(tmp_path)
    assert squares(configs, tmp_path, cost=lambda toy: toy.n, progress=True) == SQUARES
    assert starts(tmp_path / "log") == list(range(7, -1, -1))  # longest first
    assert "100%" in capsys.readouterr().err
    assert squares(configs[::-1], tmp_path) == SQUARES[::-1]
    assert len(starts(tmp_path / "log")) == 8


def test_a_config_more_or_less_recomputes_nothing_else(tmp_path):
    configs = toys(tmp_path)
    squares(configs[:6], tmp_path)
    assert squares([configs[7], configs[0], configs[0]], tmp_path) == [49, 0, 0]
    assert sorted(starts(tmp_path / "log")) == [0, 1, 2, 3, 4, 5, 7]


def test_a_config_that_fails_is_named_when_all_others_are_kept(tmp_path):
    configs = toys(tmp_path)
    configs[2] = replace(configs[2], fails=True)
    configs[5] = replace(configs[5], returns_a_function=True)
    with pytest.raises(SettingError, match=r"2 of 8 runs failed, .*n=2.*: 2 has no square"):
        squares(configs, tmp_path)
    assert len(kept(tmp_path)) == 6
    assert [line["config"]["n"] for line in failures(tmp_path)] == [2, 5]
    assert "one_square" not in failures(tmp_path)[0]["reason"]
    assert "has no square" in failures(tmp_path)[0]["details"]
    assert "array of objects" in failures(tmp_path)[1]["reason"]


def test_a_task_that_wants_to_exit_ends_itself_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("sweep_program.time.sleep", leave_in_the_middle)
    with pytest.raises(SettingError, match=r"1 of 8 runs failed, .*n=5.*SystemExit\(3\)"):
        squares([replace(toy, seconds=toy.n) for toy in toys(tmp_path)], tmp_path)
    assert len(kept(tmp_path)) == 7


def leave_in_the_middle(seconds: float) -> None:
    if seconds == 5:
        sys.exit(3)


def test_a_worker_that_dies_is_replaced_and_a_config_that_kills_it_twice_is_named(tmp_path):
    configs = toys(tmp_path, seconds=0.02)
    configs[0] = replace(configs[0], deaths=99)
    configs[4] = replace(configs[4], deaths=1)
    with pytest.raises(SettingError, match=r"1 of 8 runs failed, .*n=0.*its worker died"):
        squares(configs, tmp_path, pool=processes(2), cost=lambda toy: 10 - toy.n)
    assert len(kept(tmp_path)) == 7
    log = starts(tmp_path / "log")
    assert log.count(0) == 2
    assert all(log.count(n) <= 2 for n in (1, 2, 3, 5, 6, 7))


def test_workers_that_die_before_they_begin_end_the_sweep(tmp_path, monkeypatch):
    monkeypatch.setattr(pools, "_start_worker", end_at_once)
    with pytest.raises(SettingError, match="died before they ran a task"):
        squares(toys(tmp_path), tmp_path, pool=processes(1))


def end_at_once(*_: object) -> None:
    os._exit(1)


@contextmanager
def running(folder: Path, kind: str):
    program = subprocess.Popen(
        [sys.executable, sweep_program.__file__, str(folder), kind], stderr=subprocess.PIPE
    )
    try:
        yield program
    finally:
        program.kill()
        program.wait()
        program.stderr.close()


def wait_until(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_sweep_of_a_script_goes_on_where_it_was(tmp_path, workers):
    """Here the task is imported; there its module is the program that runs."""
    log = tmp_path / "log"
    with running(tmp_path, workers) as program:
        wait_until(lambda: len(kept(tmp_path)) >= 2)
        program.send_signal(signal.SIGKILL)
        program.wait()
    before = {path: path.read_bytes() for path in kept(tmp_path)}
    (tmp_path / "results" / NAME / ".left-part1.npz").write_bytes(b"half a result")
    time.sleep(1)
    started = len(starts(log))
    assert 2 <= len(before) < 8
    assert started < 8, "workers outlived the sweep"
    assert squares(toys(tmp_path, seconds=0.3), tmp_path) == SQUARES
    assert all(path.read_bytes() == text for path, text in before.items())
    assert len(starts(log)) == started + 8 - len(before)
    assert not list((tmp_path / "results" / NAME).glob(".left*"))


def interrupted(folder: Path, kind: str) -> None:
    """What ran when the signal was sent is kept; what starts after it may be, or may not."""
    with running(folder, kind) as program:
        wait_until(lambda: len(starts(folder / "log")) >= 2)
        ran = len(starts(folder / "log"))
        program.send_signal(signal.SIGINT)
        said = program.communicate(timeout=30)[1]
        assert b"KeyboardInterrupt" in said
        assert b"leaked" not in said
    started = len(starts(folder / "log"))
    assert 2 <= ran <= len(kept(folder)) <= started < 8


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_keeps_what_runs(tmp_path, workers):
    interrupted(tmp_path, workers)


def test_two_processes_may_ask_for_the_same(tmp_path):
    with running(tmp_path, "1") as program:
        wait_until(lambda: len(starts(tmp_path / "log")) >= 1)
        assert squares(toys(tmp_path, seconds=0.3), tmp_path) == SQUARES
        assert program.wait(timeout=30) == 0
    assert sorted(starts(tmp_path / "log")) == list(range(8))


def test_a_finished_sweep_is_read_from_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    squares(toys(tmp_path), tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    (tmp_path / "results" / NAME).chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert squares(toys(tmp_path), tmp_path) == SQUARES
    (tmp_path / "results" / NAME).chmod(stat.S_IRWXU)
    with pytest.raises(FileError, match=rf"cannot write to .*{NAME}: no space"):
        squares(toys(tmp_path, seconds=1e-3), tmp_path)


def refuse(*_: object, **__: object) -> None:
    raise OSError(28, "no space")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("zipfile.ZipFile.writestr", refuse)
    with pytest.raises(FileError, match=rf"cannot write .*{NAME}/\w+\.npz: no space"):
        squares(toys(tmp_path), tmp_path)
    assert not kept(tmp_path)


def test_results_of_other_code_are_refused(tmp_path, monkeypatch):
    def other(where: Origin) -> Provenance:
        return replace(provenance(where), code="other")

    monkeypatch.setattr("geomtoy.store.workers.in_this_process", other)
    with pytest.raises(SettingError, match=r"its worker has .*other"):
        squares(toys(tmp_path)[:1], tmp_path)


def test_results_are_held_neither_while_computed_nor_when_read(tmp_path):
    """Eighty of 2 MB."""
    configs = [Toy(n, "") for n in range(80)]
    tracemalloc.start()
    runs = run(wide, configs, tmp_path / "results")
    assert [result.arrays["wide"][0] for result in runs] == list(range(80))
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def wide(config: Toy) -> dict[str, np.ndarray]:
    return {"wide": np.full(250_000, config.n, float)}


def test_options_choose_the_pool(monkeypatch):
    monkeypatch.setattr(pools, "SECONDS_TO_ANSWER", 0.3)
    assert pool_for() is in_process
    with pytest.raises(SettingError, match="workers is 0"):
        pool_for(workers=0)
    with (
        pytest.raises(SettingError, match="no Dask scheduler answers at tcp"),
        pool_for(dask="tcp://127.0.0.1:9")(),
    ):
        pass


def test_any_executor_serves(tmp_path):
    with ThreadPoolExecutor(2) as executor:
        assert squares(toys(tmp_path), tmp_path, pool=lambda: nullcontext(Workers(executor))) == SQUARES


class Forgetful(ThreadPoolExecutor):
    """Cancels the third task that it is given, as a cluster does whose scheduler starts again."""

    given = 0

    def submit(self, *task: object) -> Future:
        Forgetful.given += 1
        if Forgetful.given != 3:
            return super().submit(*task)
        forgotten: Future = Future()
        forgotten.cancel()
        forgotten.set_running_or_notify_cancel()
        return forgotten


def test_a_task_that_the_workers_forget_is_given_again(tmp_path):
    assert squares(toys(tmp_path), tmp_path, pool=lambda: nullcontext(Workers(Forgetful(1)))) == SQUARES
    assert Forgetful.given == 9


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed")
    local = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with (
        import_module("dask").config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(**local, processes=True) as cluster,
    ):
        yield cluster


def test_a_killed_dask_worker_loses_nothing_and_what_always_kills_is_named(tmp_path, dask):
    configs = toys(tmp_path, seconds=0.05)
    configs[3] = replace(configs[3], deaths=99)
    configs[4] = replace(configs[4], deaths=1)
    with pytest.raises(SettingError, match=r"1 of 8 runs failed, .*n=3.*its worker died"):
        squares(configs, tmp_path, pool=cluster(dask.scheduler_address))
    assert len(kept(tmp_path)) == 7
    assert starts(tmp_path / "log").count(4) >= 2


def test_ctrl_c_keeps_what_runs_on_a_cluster(tmp_path, dask):
    interrupted(tmp_path, dask.scheduler_address)


def test_a_cluster_whose_workers_are_gone_is_named(tmp_path, dask, monkeypatch):
    monkeypatch.setattr(pools, "SECONDS_WITHOUT_WORKERS", 1.5)
    monkeypatch.setattr(sweep, "SECONDS_BETWEEN_CHECKS", 0.1)
    slow = toys(tmp_path, seconds=20.0)
    with ThreadPoolExecutor(1) as aside:
        stopped = aside.submit(stop_workers, dask, tmp_path / "log")
        with pytest.raises(SettingError, match="has no workers; start some"):
            squares(slow, tmp_path, pool=cluster(dask.scheduler_address))
        stopped.result()
    with pytest.raises(SettingError, match="has no workers; start some"):
        squares(slow, tmp_path, pool=cluster(dask.scheduler_address))


def stop_workers(dask, log: Path) -> None:
    wait_until(lambda: len(starts(log)) >= 1)
    dask.scale(0)
