"""The gallery, docs/gallery.md: every figure, with the first line of the script that draws it."""

from __future__ import annotations

import ast
from pathlib import Path

from claims import figure_name, longest_runs, with_section
from figure import MODULES, ROOT

from geomtoy.errors import FileError

BEGIN, END = "<!-- gallery: made by scripts/gallery.py -->", "<!-- end of gallery -->"
PICTURES = ("fig*.png", "film_*.gif")
COLUMNS = 2


def gallery(figures: Path, scripts: Path) -> str:
    """A table of pictures, in the order of their names and films last; of a long run where there is one.

    Raises:
        FileError: a picture has no script of its name, or the script says nothing about it.
    """
    pictures = [path for kind in PICTURES for path in longest_runs(figures.glob(kind))]
    entries = [entry(path, script_of(figure_name(path)), scripts) for path in pictures]
    rows = [entries[k : k + COLUMNS] for k in range(0, len(entries), COLUMNS)]
    lines = [[" "] * COLUMNS, ["---"] * COLUMNS, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def script_of(name: str) -> str:
    """The way from the folder of scripts to what draws a picture."""
    return MODULES.get(name, name).replace(".", "/") + ".py"


def entry(picture: Path, script: str, scripts: Path) -> str:
    """The picture above its caption, which leads to the script."""
    text = caption(scripts / script)
    return f"![{text}](../figures/{picture.name})<br>[{text}](../scripts/{script})"


def caption(script: Path) -> str:
    """First line of a script's docstring.

    Raises:
        FileError: there is no script, or no docstring.
    """
    try:
        said = ast.get_docstring(ast.parse(script.read_text()))
    except OSError:
        raise FileError(f"{script} is missing, so its picture has no caption; name it so") from None
    if not said:
        raise FileError(f"{script} has no docstring, which is its picture's caption; write one")
    return said.splitlines()[0].removesuffix(".")


def with_gallery(page: str, figures: Path, scripts: Path) -> str:
    """The page with its gallery made anew."""
    return with_section(page, BEGIN, END, gallery(figures, scripts))


def main() -> None:
    page = ROOT / "docs" / "gallery.md"
    page.write_text(with_gallery(page.read_text(), ROOT / "figures", ROOT / "scripts"))


if __name__ == "__main__":
    main()
