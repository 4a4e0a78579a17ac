"""Which of the project's modules a module imports, at any depth, read from their sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

GEOMTOY = Path(__file__).resolve().parents[1]
KEEPS = "geomtoy.store"
"""What only keeps results and decides where they are computed is no part of what made them."""
INSTALLED = ("site-packages", "dist-packages")


class Import(NamedTuple):
    """`import module` (name is None), or `from module import name`."""

    module: str
    name: str | None


class Imports:
    """Everything that a module imports, directly or not.

    A package that only hands on names of others, as geomtoy itself does, stands for the modules that
    the names come from: who imports `geomtoy.Network` does not depend on all of geomtoy. An import of
    a name that is made while running is not seen; a name that cannot be found stands for its whole
    package.

    Args:
        module, file: where to begin.
    Attributes:
        files: module -> source file, of geomtoy and of the folder that the first module lies in.
        outside: first names of all other modules, such as "numpy".
    """

    def __init__(self, module: str, file: Path) -> None:
        top = module.split(".")[0]
        self._root, self._top = file.parents[module.count(".") + (file.name == "__init__.py")], top
        self.files: dict[str, Path] = {}
        self.outside: set[str] = set()
        self._seen: set[Import] = set()
        self._include(module, file)

    def _include(self, module: str, file: Path) -> None:
        """A module as a whole, with all that it imports."""
        if module in self.files or file in self.files.values() or changes_no_number(module):
            return
        self.files[module] = file
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for found in imports_in(tree_of(file), package):
            self._follow(found)

    def _follow(self, found: Import) -> None:
        if found in self._seen:
            return
        self._seen.add(found)
        file = self._file(found.module)
        if file is None:
            self.outside.add(found.module.split(".")[0])
            return
        self._packages_around(found.module)
        if found.name is None or file.name != "__init__.py":
            self._include(found.module, file)
        else:
            self._from_package(found.module, file, found.name)

    def _from_package(self, package: str, file: Path, name: str) -> None:
        """What `name` of a package is: a module in it, a name handed on, or defined there."""
        inner = self._file(f"{package}.{name}")
        handed_on = [one for bound, one in bindings(tree_of(file), package) if bound == name]
        if inner is not None:
            self._follow(Import(f"{package}.{name}", None))
        for one in handed_on:
            self._follow(one)
        if not only_hands_on(tree_of(file)):
            self._include(package, file)
        if inner is None and not handed_on and name not in defined_in(tree_of(file)):
            self._include(package, file)
            for module, source in modules_below(package, file.parent):
                self._include(module, source)

    def _packages_around(self, module: str) -> None:
        """Importing a module runs the packages that it lies in."""
        parts = module.split(".")
        for k in range(1, len(parts)):
            package = ".".join(parts[:k])
            file = self._file(package)
            if file is not None and not only_hands_on(tree_of(file)):
                self._include(package, file)

    def _file(self, module: str) -> Path | None:
        """Source of a module of the project."""
        top, *rest = module.split(".")
        if top == "geomtoy":
            stem = GEOMTOY.joinpath(*rest)
        elif top == self._top or not set(INSTALLED) & set(self._root.parts):
            stem = self._root.joinpath(top, *rest)
        else:
            return None
        places = (stem.with_name(stem.name + ".py"), stem / "__init__.py")
        return next((place for place in places if place.is_file()), None)


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def source_of(file: Path) -> str:
    """What a file says to Python: without comments, docstrings and layout."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            kept = [statement for statement in node.body if not is_text(statement)]
            node.body = kept or [ast.Pass()]
    return ast.unparse(tree)


def imports_in(tree: ast.Module, package: str) -> Iterator[Import]:
    """All of a module's, those within functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (one for _, one in _from(node, package))


def bindings(tree: ast.Module, package: str) -> Iterator[tuple[str, Import]]:
    """Names that a module's own level binds by `from ... import`, and what they are."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from _from(node, package)


def changes_no_number(module: str) -> bool:
    """Whether it keeps results, or draws them when asked: `geomtoy.picture` is the door to all plots."""
    return f"{module}.".startswith((f"{KEEPS}.", "geomtoy.picture."))


NO_CODE = (["__all__"], ["__version__"])


def only_hands_on(tree: ast.Module) -> bool:
    """Whether a module has nothing of its own but `from ... import`, text and names of `NO_CODE`."""
    return all(
        isinstance(node, ast.ImportFrom) or is_text(node) or _assigned(node) in NO_CODE
        for node in tree.body
    )


def defined_in(tree: ast.Module) -> set[str]:
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, named)} | {
        name for node in tree.body for name in _assigned(node)
    }


def modules_below(package: str, folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*.py")):
        inner = file.relative_to(folder).with_suffix("").parts
        yield ".".join((package, *(part for part in inner if part != "__init__"))), file


def is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _assigned(node: ast.stmt) -> list[str]:
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _from(node: ast.ImportFrom, package: str) -> Iterator[tuple[str, Import]]:
    """Bound name and import, of each name of a `from ... import`; a star is the whole module."""
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    module = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        yield alias.asname or alias.name, Import(module, None if alias.name == "*" else alias.name)
