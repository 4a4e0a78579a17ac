"""Sweeps: any executor, nothing lost or redone after a kill, one writer to a folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import sweep_program
from sweep_program import square, starts, toys

from geomtoy import results
from geomtoy.errors import FileError, SettingError
from geomtoy.training import pools
from geomtoy.training.pools import cluster, in_process, pool_for, processes
from geomtoy.training.sweep import sweep


def squares(found: list[results.Result]) -> list[int]:
    return [int(result.arrays["square"]) for result in found]


SQUARES = [n**2 for n in range(8)]


def test_results_come_in_the_order_of_configs_and_are_computed_once(tmp_path, capsys):
    configs = toys(tmp_path)
    found = sweep(square, configs, tmp_path / "new" / "r", cost=lambda toy: toy.n, progress=True)
    assert squares(found) == SQUARES
    assert starts(tmp_path / "log") == list(range(7, -1, -1))  # longest first
    assert found[3].config["n"] == 3
    assert "100%" in capsys.readouterr().err
    assert squares(sweep(square, configs[::-1], tmp_path / "new" / "r")) == SQUARES[::-1]
    assert len(starts(tmp_path / "log")) == 8


def test_configs_that_are_alike_go_together(tmp_path):
    found = sweep(square, toys(tmp_path), tmp_path / "r", alike=lambda toy: toy.n % 3 == 0, together=4)
    assert squares(found) == SQUARES
    assert [int(result.arrays["together"]) for result in found] == [3, 4, 4, 3, 4, 4, 3, 1]


def test_results_of_other_versions_are_computed_again(tmp_path, monkeypatch):
    sweep(square, toys(tmp_path), tmp_path / "r")
    monkeypatch.setattr(results, "versions", lambda: {"numpy": "0"})
    sweep(square, toys(tmp_path), tmp_path / "r")
    assert len(starts(tmp_path / "log")) == 16


def test_a_failure_is_named_when_all_others_are_kept(tmp_path):
    configs = toys(tmp_path)
    configs[2] = replace(configs[2], fails=True)
    with pytest.raises(SettingError, match=r"1 of the tasks failed, .*n=2.*: 2 has no square"):
        sweep(square, configs, tmp_path / "r")
    assert len(list((tmp_path / "r").glob("*.npz"))) == 7


def test_a_killed_worker_loses_nothing(tmp_path):
    configs = toys(tmp_path, seconds=0.02)
    configs[4] = replace(configs[4], deaths=1)
    assert squares(sweep(square, configs, tmp_path / "r", pool=processes(2))) == SQUARES
    log = starts(tmp_path / "log")
    assert log.count(4) == 2
    assert all(log.count(n) == 1 for n in (0, 1))  # they were kept before the worker died


def test_workers_that_always_die_end_the_sweep(tmp_path):
    configs = toys(tmp_path)[:2]
    configs[0] = replace(configs[0], deaths=99)
    with pytest.raises(SettingError, match="workers died"):
        sweep(square, configs, tmp_path / "r", pool=processes(1))


@contextmanager
def running(folder: Path, workers: int):
    program = subprocess.Popen([sys.executable, sweep_program.__file__, str(folder), str(workers)])
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def wait_until(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_sweep_goes_on_where_it_was(tmp_path, workers):
    folder, log = tmp_path / "results", tmp_path / "log"
    with running(tmp_path, workers) as program:
        wait_until(lambda: len(list(folder.glob("[!s]*.json"))) >= 2)
        with pytest.raises(SettingError, match="another sweep is writing"):
            sweep(square, toys(tmp_path, seconds=0.3), folder)
        program.send_signal(signal.SIGKILL)
        program.wait()
    kept = {path: path.read_bytes() for path in folder.glob("[!s]*.json")}
    (folder / ".left-1.npz").write_bytes(b"half a result")
    time.sleep(1)
    started = len(starts(log))
    assert 2 <= len(kept) < 8
    assert started < 8, "workers outlived the sweep"
    assert squares(sweep(square, toys(tmp_path, seconds=0.3), folder)) == SQUARES
    assert all(path.read_bytes() == text for path, text in kept.items())
    assert len(starts(log)) == started + 8 - len(kept)
    assert not list(folder.glob(".*"))


def test_a_folder_serves_one_sweep(tmp_path):
    configs = toys(tmp_path)
    sweep(square, configs, tmp_path / "r")
    for other in (configs[:-1], toys(tmp_path, seconds=1e-3)):
        with pytest.raises(SettingError, match="another task or other configs"):
            sweep(square, other, tmp_path / "r")
    results.save(tmp_path / "loose" / "net", {}, {})
    with pytest.raises(FileError, match="of no sweep"):
        sweep(square, configs, tmp_path / "loose")
    with pytest.raises(SettingError, match="give each once"):
        sweep(square, [*configs, configs[0]], tmp_path / "r")


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


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as local:
        yield local


def test_a_dask_cluster(tmp_path, dask):
    found = sweep(square, toys(tmp_path), tmp_path / "r", pool=cluster(dask.scheduler_address))
    assert squares(found) == SQUARES
    assert sorted(starts(tmp_path / "log")) == list(range(8))


def test_a_killed_dask_worker_loses_nothing(tmp_path, dask):
    configs = toys(tmp_path, seconds=0.05)
    configs[4] = replace(configs[4], deaths=1)
    found = sweep(square, configs, tmp_path / "r", pool=cluster(dask.scheduler_address))
    assert squares(found) == SQUARES
    assert starts(tmp_path / "log").count(4) == 2


def test_any_executor_serves(tmp_path):
    with in_process() as executor:
        assert (
            squares(sweep(square, toys(tmp_path), tmp_path / "r", pool=lambda: nullcontext(executor)))
            == SQUARES
        )
