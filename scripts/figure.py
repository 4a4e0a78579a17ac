"""What every figure script shares: its command line and its two output files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from geomtoy.plots.style import save_figure
from geomtoy.store import Runs, save_figure_record
from geomtoy.verdicts import SelfCheck, Verdict

ROOT = Path(__file__).resolve().parents[1]


def arguments(description: str | None, *, seeds: int) -> argparse.ArgumentParser:
    """The options that all figures have; a script adds its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder of the figure")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "results", help="store of what was computed"
    )
    parser.add_argument("--pdf", action="store_true", help="write a PDF as well")
    parser.add_argument("--seeds", type=int, default=seeds, help="number of independent networks")
    parser.add_argument(
        "--full", action="store_true", help="the long run of a figure that has one, as NAME_full"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that train blocks")
    parser.add_argument("--dask", metavar="ADDRESS", help="train on this Dask cluster instead")
    return parser


def publish(
    args: argparse.Namespace,
    name: str,
    figure: Figure,
    config: Mapping[str, Any],
    numbers: Mapping[str, Any],
    verdicts: Iterable[Verdict],
    self_checks: Iterable[SelfCheck] = (),
    made_by: Iterable[Runs | Callable[..., Any]] = (),
) -> None:
    """Write name.png and name.json, and say what was found."""
    verdicts, self_checks = list(verdicts), list(self_checks)
    save_figure(figure, args.out / name, pdf=args.pdf)
    save_figure_record(
        args.out / f"{name}.json", config=config, numbers=numbers, verdicts=verdicts,
        self_checks=self_checks, made_by=made_by,
    )  # fmt: skip
    for said in (*verdicts, *self_checks):
        print(f"{name}: {said}")
