"""What every figure is: a config of each size, numbers that are drawn, and verdicts on these numbers.

A figure is a module `PAPER/NAME.py` with

- `PRESETS`, its typed configs;
- `make(config, machine)`, which asks the machine for the runs that it needs and returns a `Drawn`;
- `verdicts(numbers)`, and where it has some `self_checks(numbers)`: rules on the numbers as they stand
  in its JSON file, so that what is published can be judged again without a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import numpy as np
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from PIL import Image

from geomtoy.errors import SettingError
from geomtoy.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, paper_style, save_figure
from geomtoy.store import Pool, Runs, in_process, run, save_figure_record, to_json
from geomtoy.verdicts import SelfCheck, Verdict

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    path.stem: f"{path.parent.name}.{path.stem}"
    for path in sorted(Path(__file__).parent.glob("*/fig*.py"))
}
"""Name of a figure -> its module."""

C = TypeVar("C")
LINES = (BLUE, ORANGE, GREEN, PURPLE, GREY, "black", "white")
"""Colours that no reduced palette leaves out."""
Numbers = dict[str, Any]
"""What a figure shows, as JSON keeps it: names are text, arrays are lists."""


@dataclass(frozen=True)
class Presets(Generic[C]):
    """The configs of a figure.

    Args:
        tiny: a few steps of small models: whether all runs.
        default: minutes.
        full: what the verdicts need; None where that is the default.
    """

    tiny: C
    default: C
    full: C | None = None

    def named(self, preset: str) -> C:
        """Of "tiny", "default" or "full"."""
        config: C | None = getattr(self, preset)
        return self.default if config is None else config

    def suffix(self, preset: str) -> str:
        """What a figure's name ends with, so that no preset writes over another."""
        return "" if self.named(preset) == self.default else f"_{preset}"


@dataclass
class Machine:
    """Where runs are computed, and the store that keeps them.

    Attributes:
        asked: all runs that were asked for.
    """

    store: Path
    pool: Pool = in_process
    progress: bool = False
    asked: list[Runs] = field(default_factory=list)

    def run(
        self,
        task: Callable[[Any], Mapping[str, Any]],
        configs: Sequence[Any],
        cost: Callable[[Any], float],
    ) -> Runs:
        """Results in the order of the configs, see `geomtoy.store.run`."""
        runs = run(task, configs, self.store, pool=self.pool, cost=cost, progress=self.progress)
        self.asked.append(runs)
        return runs

    def run_seeds(
        self, task: Callable[[Any], Mapping[str, Any]], settings: Mapping[str, Any], seeds: int
    ) -> dict[str, Runs]:
        """The runs of each setting, one a seed: name -> runs.

        Args:
            settings: name -> a config that has its seed at `config.fit.seed` and its `cost`.
        """
        configs = [
            replace(one, fit=replace(one.fit, seed=seed))
            for one in settings.values()
            for seed in range(seeds)
        ]
        runs = self.run(task, configs, lambda config: config.cost)
        return {name: runs[k * seeds : (k + 1) * seeds] for k, name in enumerate(settings)}


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture, and the numbers in it.

    Args:
        colours: that the picture is reduced to, for a third of the bytes where there are thousands of
            small cells; None keeps all.
    """

    figure: Figure
    numbers: Mapping[str, Any]
    colours: int | None = None


def module_of(name: str) -> ModuleType:
    """The module of a figure.

    Raises:
        SettingError: there is no figure of that name.
    """
    if name not in MODULES:
        raise SettingError(f"there is no figure {name!r}; there are {', '.join(MODULES)}")
    return import_module(MODULES[name])


def as_kept(numbers: Mapping[str, Any]) -> Numbers:
    """Numbers as they are read back from a figure's JSON file."""
    kept: Numbers = json.loads(to_json(numbers, digits=12))
    return kept


def judge(name: str, numbers: Numbers) -> tuple[list[Verdict], list[SelfCheck]]:
    """The verdicts on a figure's numbers, and its self-checks."""
    module = module_of(name)
    checks: Callable[[Numbers], list[SelfCheck]] = getattr(module, "self_checks", lambda numbers: [])
    return module.verdicts(numbers), checks(numbers)


def make_figure(
    name: str, config: Any, preset: str, machine: Machine, out: Path, *, pdf: bool = False
) -> Iterable[str]:
    """Write a figure and its JSON file; returns what was found, line by line."""
    module = module_of(name)
    stem = out / f"{name}{module.PRESETS.suffix(preset)}"
    with paper_style():
        drawn: Drawn = module.make(config, machine)
        png, *_ = save_figure(drawn.figure, stem, pdf=pdf)
    if drawn.colours is not None:
        reduce_colours(png, drawn.colours)
    verdicts, checks = judge(name, as_kept(drawn.numbers))
    save_figure_record(
        stem.with_name(f"{stem.name}.json"),
        config={"preset": preset, **fields_of(config)},
        numbers=drawn.numbers,
        verdicts=verdicts,
        self_checks=checks,
        made_by=[*machine.asked, module.make],
    )
    return [f"{stem.name}: {one}" for one in (*verdicts, *checks)]


def reduce_colours(picture: Path, colours: int) -> None:
    """Write a PNG again with a palette, without dithering; lines keep the colours of our style."""
    with Image.open(picture) as image:
        whole, resolution = image.convert("RGB"), image.info["dpi"]
    lines = np.round(255 * to_rgba_array(LINES)[:, :3]).astype(int).ravel().tolist()
    common = whole.quantize(colours - len(LINES)).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*lines, *common])
    reduced = whole.quantize(palette=palette, dither=Image.Dither.NONE)
    reduced.save(picture, optimize=True, dpi=resolution)


def fields_of(config: Any) -> dict[str, Any]:
    """A dataclass as a mapping."""
    if not is_dataclass(config) or isinstance(config, type):
        raise SettingError(f"a figure's config is a dataclass, not {type(config).__name__}")
    return asdict(config)
