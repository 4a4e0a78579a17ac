"""What a result was made by: a digest of the project's code behind a task, and packages' versions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from geomtoy.errors import SettingError
from geomtoy.store.imports import Imports, source_of

STARTED = time.time()
SCRIPT = ("__main__", "__mp_main__")
"""Names of a module that is run as a program, and of the same in a process that it has started."""

NUMERIC = {
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "numba": ("numba",),
    "flint": ("python-flint",),
    "shapely": ("shapely",),
    "jax": ("jax", "jaxlib"),
    "flax": ("flax",),
    "optax": ("optax",),
    "torch": ("torch",),
    "transformers": ("transformers",),
}
"""Packages whose releases can change a number, by the name under which they are imported."""


@dataclass(frozen=True)
class Origin:
    """The module that a task is in: its name when it is imported, and its file on this machine."""

    module: str
    file: Path


@dataclass(frozen=True)
class Provenance:
    """What decides a task's numbers besides its config.

    Args:
        code: digest of the project's modules that the task's module imports, at any depth; comments,
            docstrings and layout do not change it.
        packages: versions of the packages of `NUMERIC` that these modules import.
    """

    code: str
    packages: tuple[tuple[str, str], ...]


def origin(task: Callable[..., Any]) -> Origin:
    """Where a task is defined, the same if its module is run as a program.

    Raises:
        SettingError: it is no function of a module's own level, or its module has no file.
    """
    module = sys.modules.get(getattr(task, "__module__", ""))
    name = getattr(task, "__qualname__", "")
    file = getattr(module, "__file__", None)
    if module is None or file is None or not name.isidentifier() or not hasattr(module, name):
        raise SettingError(
            f"{task!r} cannot be found by a worker; give a function of a module's own level"
        )
    return Origin(_name(module, Path(file).resolve()), Path(file).resolve())


def name_of(task: Callable[..., Any]) -> str:
    """In full, the same if its module is run as a program."""
    return f"{origin(task).module}.{task.__qualname__}"


@cache
def imports_of(where: Origin) -> Imports:
    return Imports(where.module, where.file)


@cache
def provenance(where: Origin) -> Provenance:
    """Of a task with this origin, as the sources were when this was first asked in this process.

    Exactness: imports are read from the sources; one under a name that is made while running, and data
    files, are not seen.
    """
    imports, hashed = imports_of(where), sha256()
    for name in sorted(imports.files):
        hashed.update(f"{name}\n{source_of(imports.files[name])}\n".encode())
    packages = [name for top in sorted(imports.outside) for name in NUMERIC.get(top, ())]
    return Provenance(hashed.hexdigest()[:16], tuple((name, _version(name)) for name in packages))


@cache
def in_this_process(where: Origin) -> Provenance:
    """What a worker runs, which may be on another machine: as its sources were at its first task, when
    it loads them. Later changes do not reach it, and workers that start after them are told apart.

    Raises:
        SettingError: a source was changed between the start of this process and its first task.
    """
    module = sys.modules.get(where.module)
    here = getattr(module, "__file__", None)
    found = where if here is None else Origin(where.module, Path(here).resolve())
    for file in imports_of(found).files.values():
        if file.stat().st_mtime > STARTED:
            raise SettingError(f"{file} was changed while this process ran; start it again")
    return provenance(found)


def _name(module: ModuleType, file: Path) -> str:
    """The name under which others import a module."""
    if module.__name__ not in SCRIPT:
        return module.__name__
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.name not in SCRIPT:
        return str(spec.name)
    parts, folder = [file.stem], file.parent
    while (folder / "__init__.py").is_file():
        parts, folder = [folder.name, *parts], folder.parent
    return ".".join(parts)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
