"""Runs that no figure rests on, from records of their own: how many steps of a chain they learned."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "matching" / "records" / "five_layers.json"
SETTINGS = {"initial_scale": "scale", "learning_rate": "rate", "weight_decay": "decay"}
"""What differs within a series, and what it is called in the table."""

Run = Mapping[str, Any]


def table(path: Path = RECORD) -> str:
    """One row a series of runs of one batch and one number of steps of training."""
    record = json.loads(path.read_text())
    enough = record["config"]["learned"]
    rows = [
        f"| batch | steps | {' | '.join(f'{name}s' for name in SETTINGS.values())} | runs | learned |",
        "|---|---|---|---|---|---|---|",
    ]
    for (batch, steps), series in groupby(
        record["numbers"]["runs"], lambda run: (run["batch"], run["steps"])
    ):
        runs = [*series]
        tried = " | ".join(", ".join(map(str, sorted({run[key] for run in runs}))) for key in SETTINGS)
        rows.append(f"| {batch} | {steps:,} | {tried} | {len(runs)} | {_learned(runs, enough)} |")
    return "\n".join(rows)


def _learned(runs: Iterable[Run], enough: float) -> str:
    """How many runs learned how many steps, and with which settings."""
    runs = [*runs]
    varied = [key for key in SETTINGS if len({run[key] for run in runs}) > 1]
    found = Counter(
        (steps_learned(run, enough), tuple(f"{SETTINGS[key]} {run[key]}" for key in varied))
        for run in runs
    )
    some = [
        f"{_counted(steps, 'step')} in {_counted(n, 'run')} ({', '.join(where)})"
        for (steps, where), n in sorted(found.items())
        if steps
    ]
    return "; ".join(some) or "nothing"


def steps_learned(run: Run, enough: float) -> int:
    """The number of steps up to which held-out accuracy is enough."""
    return sum(1 for _ in takewhile(lambda accuracy: accuracy >= enough, run["accuracy"]))


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n > 1 else ''}"
