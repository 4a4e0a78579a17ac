"""Draws a figure at its tiny size, and again from the store."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from figure import MODULES, Machine, make_figure, module_of

from geomtoy.training.trainer import RUN_ONCE
from geomtoy.verdicts import MIN_SEEDS

RUN_ONCE["xla_backend_optimization_level"] = 0
"""A fifth faster to compile; nearly all the time of a tiny figure is compilation."""


def figures_of(paper: str) -> list[str]:
    """Names of the figures of a paper."""
    return [name for name, module in MODULES.items() if module.startswith(f"{paper}.")]


@contextmanager
def no_workers():
    raise AssertionError("a figure that was drawn before computes again")
    yield


def draw_twice(name: str, store: Path, folder: Path) -> dict[str, Any]:
    """The figure's record; both have the same bytes, and the second computes nothing."""
    config = module_of(name).PRESETS.tiny
    said = make_figure(name, config, "tiny", Machine(store), folder / "first")
    assert said == make_figure(name, config, "tiny", Machine(store, no_workers), folder / "again")
    for kind in ("png", "json"):
        one, other = ((folder / f / f"{name}_tiny.{kind}").read_bytes() for f in ("first", "again"))
        assert one == other, kind
    record = json.loads((folder / "first" / f"{name}_tiny.json").read_text())
    assert record["config"]["preset"] == "tiny"
    assert record["made_by"][-1]["task"] == f"{MODULES[name]}.make"
    assert len(record["verdicts"]) + len(record["self_checks"]) == len(said) > 0
    for verdict in record["verdicts"]:
        assert verdict["outcome"] != "holds" or verdict["seeds"] >= MIN_SEEDS or not verdict["seeds"]
    return record
