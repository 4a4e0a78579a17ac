"""Results as files: arrays in NAME.npz beside NAME.json, and the numbers and verdicts of a figure."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from geomtoy.errors import FileError, SettingError

PACKAGES = ("geomtoy", "numpy", "jax", "flax", "optax")


@dataclass(frozen=True, eq=False)
class Result:
    """What was computed, from what, by which versions, in how many seconds."""

    config: dict[str, Any]
    arrays: dict[str, np.ndarray]
    versions: dict[str, str]
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """Whether a published claim holds in our runs.

    Args:
        claim: the claim in our words, with its figure.
        statistic: name -> value or values that decide it.
        seeds: number of independent runs behind the statistic.
        holds: "holds", "fails" or "mixed".
        spread: name -> how the statistic varies over the seeds.
        note: what a reader must know besides.
    Raises:
        SettingError: `holds` is another word.
    """

    claim: str
    statistic: Mapping[str, Any]
    seeds: int
    holds: str
    spread: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        if self.holds not in ("holds", "fails", "mixed"):
            raise SettingError(f"a verdict is 'holds', 'fails' or 'mixed', not {self.holds!r}")

    def __str__(self) -> str:
        return f"{self.holds}: {self.claim}"


def spread(values: Sequence[int] | Sequence[float] | np.ndarray) -> dict[str, float]:
    """Mean, standard deviation (n - 1), least and greatest of one number per seed."""
    x = np.asarray(values, float)
    return {
        "mean": float(x.mean()),
        "std": float(x.std(ddof=1)) if len(x) > 1 else 0.0,
        "min": float(x.min()),
        "max": float(x.max()),
    }


def exists(stem: Path) -> bool:
    """Whether a whole result is there; its JSON is written last."""
    return _files(stem)[1].exists()


def save(
    stem: Path, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray], seconds: float = 0.0
) -> None:
    """Write stem.npz and stem.json, each under another name until both are whole."""
    npz, text = _files(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    whole_npz, whole_text = _aside(npz), _aside(text)
    np.savez(whole_npz, allow_pickle=False, **arrays)
    record = {"config": config, "versions": versions(), "seconds": seconds, "digest": _digest(whole_npz)}
    whole_text.write_text(to_json(record), encoding="utf-8")
    text.unlink(missing_ok=True)
    whole_npz.replace(npz)
    whole_text.replace(text)


def load(stem: Path) -> Result:
    """Read a result.

    Raises:
        FileError: a file is missing or damaged, or the two files do not belong together.
    """
    npz, text = _files(stem)
    try:
        record = json.loads(text.read_text())
        if record["digest"] != _digest(npz):
            raise FileError(f"{npz} is not the file that {text.name} describes; delete both")
        with np.load(npz) as stored:
            arrays = dict(stored)
        return Result(record["config"], arrays, record["versions"], record["seconds"])
    except FileNotFoundError as error:
        raise FileError(f"{error.filename} is missing; compute the result again") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise FileError(f"{text} is not a result ({error}); delete it") from None


def cached(
    folder: Path,
    name: str,
    config: Mapping[str, Any],
    compute: Callable[[Path], Mapping[str, np.ndarray]],
) -> Result:
    """The result of `compute` for this config, from `folder` if the same versions left it there.

    Args:
        config: everything the result depends on; its hash is part of the file name.
        compute: gets a file stem for its own checkpoint, returns the arrays.
    """
    stem = folder / f"{name}-{config_hash(config)}"
    if exists(stem):
        found = load(stem)
        if found.config == plain(config) and found.versions == versions():
            return found
    checkpoint, start = stem.with_name(stem.name + "-part"), perf_counter()
    arrays = compute(checkpoint)
    save(stem, config, arrays, perf_counter() - start)
    for file in _files(checkpoint):
        file.unlink(missing_ok=True)
    return load(stem)


def save_figure_record(
    stem: Path, config: Mapping[str, Any], numbers: Mapping[str, Any], verdicts: Iterable[Verdict]
) -> None:
    """Write stem.json with floats to 12 digits: the same bytes whenever the same figure is drawn."""
    record = {"config": config, "numbers": numbers, "verdicts": [asdict(v) for v in verdicts]}
    stem.parent.mkdir(parents=True, exist_ok=True)
    text = _files(stem)[1]
    whole = _aside(text)
    whole.write_text(to_json(record, digits=12), encoding="utf-8")
    whole.replace(text)


def to_json(record: Any, digits: int = 17) -> str:
    """Sorted keys, floats to so many significant digits; 17 lose nothing.

    Raises:
        SettingError: a number is not finite, or a value has no JSON form.
    """
    try:
        return json.dumps(plain(record, digits), indent=1, sort_keys=True, allow_nan=False) + "\n"
    except (ValueError, TypeError) as error:
        raise SettingError(f"this record cannot be written as JSON: {error}") from None


def plain(value: Any, digits: int = 17) -> Any:
    """The JSON form of nested mappings, sequences, arrays and NumPy scalars."""
    if isinstance(value, Mapping):
        return {str(key): plain(item, digits) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), digits)
    if isinstance(value, list | tuple):
        return [plain(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def config_hash(config: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that change with any value of the config."""
    return sha256(to_json(config).encode()).hexdigest()[:12]


def versions() -> dict[str, str]:
    """Those of Python and of the installed packages that decide numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _files(stem: Path) -> tuple[Path, Path]:
    return stem.with_name(stem.name + ".npz"), stem.with_name(stem.name + ".json")


def _aside(path: Path) -> Path:
    """A name beside `path` for a file that is not whole yet."""
    return path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
