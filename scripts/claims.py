"""The tables of claims in the READMEs, and docs/claims.md: verdicts by today's rules on published
numbers.

Judges the numbers of every published figure again, writes the verdicts into its JSON file, and makes the
tables, the findings and the list anew, so that all say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from all_claims import LIST, claims_list, findings
from figure import MODULES, ROOT, judge
from tried import table

from geomtoy.errors import FileError
from geomtoy.store import to_json
from geomtoy.writing import written_aside

BEGIN, END = "<!-- claims: made by scripts/claims.py -->", "<!-- end of claims -->"
FINDINGS, END_FINDINGS = "<!-- findings: made by scripts/claims.py -->", "<!-- end of findings -->"
TRIED, END_TRIED = "<!-- tried: made by scripts/claims.py -->", "<!-- end of tried -->"
FULL = "_full"
"""Ends the name of a figure's long run."""
SELF_CHECKS = "What can only be false if our code is wrong is no claim; these are self-checks:"

Record = dict[str, Any]
"""A figure's JSON file."""


def judged(name: str, record: Mapping[str, Any]) -> Record:
    """A figure's record with its verdicts by today's rules."""
    verdicts, checks = judge(name, record["numbers"])
    found = {"verdicts": map(asdict, verdicts), "self_checks": map(asdict, checks)}
    return {**record, **{key: [*values] for key, values in found.items()}}


def records(figures: Path, names: Iterable[str] = MODULES) -> dict[str, Record]:
    """Name of the file -> record, in the order of figures' names; of the long run where there is one."""
    wanted = set(names)
    return {
        path.stem: json.loads(path.read_text())
        for path in longest_runs(figures.glob("*.json"))
        if figure_name(path) in wanted
    }


def tables(found: Mapping[str, Record], figures: str) -> str:
    """One row a claim, then one row a self-check.

    Args:
        found: name of a file -> record.
        figures: the way to their folder from where the table stands.
    """
    claims = ["| figure | claim | verdict | seeds |", "|---|---|---|---|"]
    checks = ["| figure | self-check | outcome | cases |", "|---|---|---|---|"]
    for name, record in found.items():
        link = f"[{name}]({figures}/{name}.json)"
        for one in record["verdicts"]:
            seeds = one["seeds"] or ("none" if one["outcome"] == "untested" else "none needed")
            claims.append(f"| {link} | {one['claim']} | **{one['outcome']}** | {seeds} |")
        for one in record["self_checks"]:
            checks.append(f"| {link} | {one['what']} | {one['outcome']} | {one['checked']:,} |")
    return "\n".join([*claims, "", SELF_CHECKS, "", *checks] if len(checks) > 2 else claims)


def longest_runs(paths: Iterable[Path]) -> list[Path]:
    """Files in the order of their figures' names, without NAME where there is NAME_full."""
    # NAME sorts before NAME_full, which then takes its place.
    chosen = {figure_name(path): path for path in sorted(paths)}
    return [chosen[name] for name in sorted(chosen)]


def figure_name(path: Path) -> str:
    """Name of the figure, and of its module, of a file of either run."""
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


def with_claims(readme: str, found: Mapping[str, Record], figures: str) -> str:
    """A README with its tables made anew, and what else it has a place for."""
    if FINDINGS in readme:
        readme = with_section(readme, FINDINGS, END_FINDINGS, findings(found))
    if TRIED in readme:
        readme = with_section(readme, TRIED, END_TRIED, table())
    return with_section(readme, BEGIN, END, tables(found, figures))


def readmes() -> dict[Path, tuple[list[str], str]]:
    """Page -> figures that it tells of, and the way from it to the folder of figures."""
    papers = {Path(__file__).parent / module.split(".")[0] for module in MODULES.values()}
    of_papers = {
        paper / "README.md": (
            [name for name, module in MODULES.items() if module.split(".")[0] == paper.name],
            "../../figures",
        )
        for paper in sorted(papers)
    }
    return {ROOT / "docs" / "verdicts.md": ([*MODULES], "../figures"), **of_papers}


def main() -> None:
    figures = ROOT / "figures"
    for path in sorted(figures.glob("*.json")):
        record = judged(figure_name(path), json.loads(path.read_text()))
        with written_aside(path) as aside:
            aside.write_text(to_json(record, digits=12), encoding="utf-8")
    for readme, (names, way) in readmes().items():
        readme.write_text(with_claims(readme.read_text(), records(figures, names), way))
    (ROOT / LIST).write_text(claims_list(records(figures)))


if __name__ == "__main__":
    main()
