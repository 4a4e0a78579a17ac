"""Joins ES modules into one script, so that a page opens from disk, where browsers refuse imports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from geomtoy.errors import FileError

IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?:async function|function|class|const) (?:(\w+)|\[([^\]]*)\])", re.MULTILINE
)
OTHER = re.compile(
    r"^\s*(?:import\b|export\b(?! (?:async function|function|class|const) )).*", re.MULTILINE
)


def joined(sources: Mapping[str, str], entry: str, others: Sequence[str] = ()) -> str:
    """One script that does what the module `entry` does.

    Each module becomes a function that is called once, after those of the modules that it imports, and
    returns what the module exports.

    Args:
        sources: text of each module by file name. Imports are `import { a, b } from "./name.js";`,
            exports stand before a function, a class or a const.
        entry: the module that starts everything.
        others: entries of scripts besides, whose modules count as used.
    Raises:
        FileError: a module is missing, unused or imported in a circle, or uses another form of import or
            export; named.
    """
    order = _in_order(sources, entry)
    unused = sorted(set(sources).difference(order, *(_in_order(sources, other) for other in others)))
    if unused:
        raise FileError(f"{unused[0]} is imported by no module; import it or delete it")
    return "const modules = {};\n" + "".join(_as_function(name, sources[name]) for name in order)


def _as_function(name: str, source: str) -> str:
    text = IMPORT.sub(r'const \1 = modules["\2"];\n', source)
    if other := OTHER.search(text):
        raise FileError(f"{name} has {other[0].strip()!r}; write it as geomtoy.demo.modules describes")
    exported = ", ".join(one or many for one, many in EXPORT.findall(text))
    body = re.sub(r"^export ", "", text, flags=re.MULTILINE).strip()
    return f'\nmodules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n'


def _in_order(sources: Mapping[str, str], entry: str) -> list[str]:
    order: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name not in sources:
            raise FileError(f"module {name} is imported but missing; add it or drop the import")
        if name in path:
            raise FileError(f"modules import one another in a circle: {' -> '.join([*path, name])}")
        path.append(name)
        for _, other in IMPORT.findall(sources[name]):
            visit(other)
        order.append(path.pop())

    visit(entry)
    return order
