"""Make figures: all, or those of --only. Options that are not in this list are a figure's own.

`--only NAME --help` lists the options of a figure. A figure refuses options that it does not know, and
an option that is given wins over the preset.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from time import perf_counter
from typing import Any

import tyro
from figure import MODULES, ROOT, Machine, make_figure, module_of

from geomtoy.errors import SettingError
from geomtoy.store import pool_for


@dataclass(frozen=True)
class Options:
    """What to make, and where.

    Args:
        only: names of figures; none are all.
        tiny: a few steps of small models, to see that all runs, as NAME_tiny.
        full: the long runs that the verdicts need, as NAME_full.
        out: folder of the figures.
        results: folder of what was computed before, the store.
        pdf: write PDFs as well.
        workers: processes that train.
        dask: address of a Dask scheduler whose workers train instead; they must find the folder of this
            script in PYTHONPATH.
    """

    only: tuple[str, ...] = ()
    tiny: bool = False
    full: bool = False
    out: Path = ROOT / "out"
    results: Path = ROOT / "results"
    pdf: bool = False
    workers: int = 2
    dask: str | None = None

    @property
    def preset(self) -> str:
        """
        Raises:
            SettingError: two are asked for.
        """
        if self.tiny and self.full:
            raise SettingError("--tiny and --full are two presets; give one")
        return "tiny" if self.tiny else "full" if self.full else "default"


FLAGS = (tyro.conf.FlagCreatePairsOff,)


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else [*argv]
    options, rest = tyro.cli(
        Options, args=argv, description=__doc__, return_unknown_args=True, config=FLAGS,
        add_help="--only" not in argv,
    )  # fmt: skip
    names = options.only or tuple(MODULES)
    configs = {name: config_of(name, options.preset, rest) for name in names}
    pool = pool_for(options.workers, options.dask)
    begin = perf_counter()
    if len(names) > 1:
        print(f"{len(names)} figures into {options.out}, the first at once:", *names, flush=True)
    for name, config in configs.items():
        start = perf_counter()
        machine = Machine(options.results, pool, progress=True)
        found = make_figure(name, config, options.preset, machine, options.out, pdf=options.pdf)
        print(*found, f"{name}: {perf_counter() - start:.1f} s", sep="\n", flush=True)
    print(f"all: {perf_counter() - begin:.1f} s")


def config_of(name: str, preset: str, argv: Sequence[str]) -> Any:
    """A figure's config of this preset, with the options that are given; others are refused.

    Raises:
        SettingError: there is no such figure, or less than 1 where the preset has a number of something.
    """
    module = module_of(name)
    default = module.PRESETS.named(preset)
    config = tyro.cli(
        type(default), args=argv, default=default, prog=f"make_figures.py --only {name}",
        description=module.__doc__, config=FLAGS,
    )  # fmt: skip
    for one in fields(config):
        given, usual = getattr(config, one.name), getattr(default, one.name)
        if isinstance(given, int) and given < 1 <= usual and not isinstance(usual, bool):
            raise SettingError(f"--{one.name.replace('_', '-')} is {given}; give at least 1")
    return config
