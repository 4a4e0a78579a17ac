"""The teaching page as one HTML file: template, style, modules and precomputed results, inlined."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from geomtoy.demo.modules import joined
from geomtoy.errors import FileError
from geomtoy.writing import written_aside

LIMIT = 3_000_000
PLACE = re.compile(r"\{\{(\w+)\}\}")


def page() -> str:
    """The whole page; the same sources give the same bytes.

    Raises:
        FileError: the modules or the results do not fit together, or the page has more than `LIMIT`
            bytes.
    """
    folder = files("geomtoy.demo") / "page"
    modules = {
        one.name: one.read_text("utf-8") for one in (folder / "js").iterdir() if one.name.endswith(".js")
    }
    data = _merged(one for one in folder.iterdir() if one.name.endswith(".json"))
    contents = {
        "style": (folder / "style.css").read_text("utf-8").strip(),
        "script": joined(modules, "main.js", others=["worker.js"]).strip(),
        "worker": joined(modules, "worker.js", others=["main.js"]).strip(),
        "data": json.dumps(data, separators=(",", ":"), sort_keys=True),
        **{name: " ".join(map(str, data[name])) for name in ("heads", "contexts", "sharpness")},
    }
    template = (folder / "template.html").read_text("utf-8")
    text = PLACE.sub(lambda match: contents[match[1]], template)
    if len(text.encode()) > LIMIT:
        raise FileError(f"the page has {len(text.encode()):,} bytes; keep it under {LIMIT:,}")
    return text


def _merged(sources: Iterable[Traversable]) -> dict[str, Any]:
    """The results of all files by name; each name is in one file."""
    data: dict[str, Any] = {}
    for one in sorted(sources, key=lambda source: source.name):
        results = json.loads(one.read_text("utf-8"))
        if twice := sorted(data.keys() & results.keys()):
            raise FileError(f"{one.name} has {twice[0]}, which another file has; rename one of them")
        data |= results
    return data


def write_page(out: Path) -> None:
    """Write the page to a file, whole or not at all.

    Raises:
        FileError: the name does not end in .html, or the place cannot be written to.
    """
    if out.suffix != ".html":
        raise FileError(f"cannot write {out}: the name must end in .html")
    text = page()
    with written_aside(out) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")
