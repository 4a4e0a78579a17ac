"""The README's table of claims, made from the verdicts beside the figures, so that both say the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from geomtoy.errors import FileError

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- claims: made by scripts/claims.py -->", "<!-- end of claims -->"
FULL = "_full"
"""Ends the name of a figure's long run."""


def table(figures: Path) -> str:
    """One row a verdict of every figure, in the order of names; of its long run where there is one."""
    rows = ["| figure | claim | verdict | seeds |", "|---|---|---|---|"]
    for path in longest_runs(figures.glob("*.json")):
        for verdict in json.loads(path.read_text())["verdicts"]:
            name, seeds = f"[{path.stem}](figures/{path.name})", verdict["seeds"] or "none needed"
            rows.append(f"| {name} | {verdict['claim']} | **{verdict['outcome']}** | {seeds} |")
    return "\n".join(rows)


def longest_runs(paths: Iterable[Path]) -> list[Path]:
    """Files in the order of their figures' names, without NAME where there is NAME_full."""
    # NAME sorts before NAME_full, which then takes its place.
    chosen = {figure_name(path): path for path in sorted(paths)}
    return [chosen[name] for name in sorted(chosen)]


def figure_name(path: Path) -> str:
    """Name of the figure, and of its script, of a file of either run."""
    return path.stem.removesuffix(FULL)


def with_section(readme: str, begin: str, end: str, section: str) -> str:
    """The README with what stands between two markers made anew.

    Raises:
        FileError: a marker is missing or there twice.
    """
    if readme.count(begin) != 1 or readme.count(end) != 1:
        raise FileError(f"the README needs the lines {begin!r} and {end!r} once each; add them")
    before, rest = readme.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{section}\n{end}{after}"


def with_claims(readme: str, figures: Path) -> str:
    """The README with its table made anew."""
    return with_section(readme, BEGIN, END, table(figures))


def main() -> None:
    readme = ROOT / "README.md"
    readme.write_text(with_claims(readme.read_text(), ROOT / "figures"))


if __name__ == "__main__":
    main()
