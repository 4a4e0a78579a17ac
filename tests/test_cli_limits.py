"""Limits of commands: how many regions, how many seconds, how much memory."""

import os
import time

import numpy as np
import pytest
from builders import random_net, tent
from command_line import records, refused, run

from geomtoy import commands, save
from geomtoy.errors import FileError


def test_the_largest_number_of_regions_allowed_is_enough(folder, capsys):
    assert run("count", "good.npz", "--max-regions", "4") == 0
    assert records(capsys)[0]["regions"] == 4


@pytest.mark.parametrize("option", [[], ["--no-linear"]])
def test_too_many_regions_give_no_count(folder, capsys, option):
    assert refused(capsys, "count", "good.npz", "--max-regions", 3, *option) == (
        "good.npz: hidden layer 1 makes 4 regions, more than max_regions = 3; "
        "raise it or look at a smaller window"
    )


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_region_is_refused(folder, capsys, limit):
    assert refused(capsys, "count", "good.npz", "--max-regions", limit) == (
        f"good.npz: max_regions is {limit}; give 1 or more, or None for no limit"
    )


@pytest.mark.parametrize("command", [("regions", "-o", "out.geojson"), ("plot", "-o", "out.png")])
def test_too_many_regions_write_nothing(folder, capsys, command):
    assert "more than max_regions = 3" in refused(capsys, *command, "good.npz", "--max-regions", 3)
    assert os.listdir() == ["good.npz"]


def test_time_is_limited(folder, capsys, monkeypatch):
    """Counting says how far it came; whatever else runs is ended."""
    save("deep.npz", random_net(2, 9, 9, 9, 1, seed=0))
    assert run("count", "deep.npz") == 0  # kernels are compiled
    records(capsys)
    said = refused(capsys, "count", "deep.npz", "--max-seconds", "1e-9")
    assert "max_seconds = 1e-09 is over after 1 of 3 hidden layers and" in said
    monkeypatch.setattr(commands, "compare", lambda *_, **__: time.sleep(60))
    said = refused(capsys, "compare", "good.npz", "good.npz", "--max-seconds", "0.01")
    assert said == "--max-seconds 0.01 is over; nothing was written"
    assert run("count", "good.npz", "--max-seconds", "0") == 2
    assert "'0' is not a number > 0" in capsys.readouterr().err
    assert run("count", "good.npz", "--max-seconds", "inf") == 0
    assert capsys.readouterr().err == ""


def test_too_little_memory_is_said(folder, capsys, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr("geomtoy.commands.count_regions", full)
    said = refused(capsys, "count", "good.npz")
    assert said == "memory is full; look at a smaller window or give --max-regions"
    assert run("count", "good.npz", "good.npz") == 2
    assert "good.npz: memory is full" in capsys.readouterr().err
    monkeypatch.setattr("geomtoy.regions.results.export.to_arrays", full)
    assert refused(capsys, "regions", "good.npz", "-o", "cells.npz").startswith("memory is full")
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(FileError, match=r"cannot write new\.npz: memory is full"):
        save("new.npz", tent(2))
    assert os.listdir() == ["good.npz"]
