"""One list of all claims of the papers, with what is known of each: docs/claims.md; READMEs' findings.

What a figure judges has its verdicts' outcomes as status; `claims.toml` says which figure that is, and
why the rest is not judged. Nothing is decided here.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from figure import MODULES

from geomtoy.errors import FileError

SOURCE = Path(__file__).with_name("claims.toml")
ONE_RUN = "one run"
UNJUDGED = ("in the code", ONE_RUN, "not attempted", "impossible here")
LIST = Path("docs/claims.md")
INTRODUCTION = """# All claims

Every claim, theorem, figure and table of the papers, in our words, those included that are not attempted
or impossible here. Made by `scripts/claims.py` from `scripts/claims.toml` and the verdicts in
`figures/*.json`: a verdict is never written by hand, and what was run once has none. What the outcomes
mean is in the README; a claim may be judged in several parts. For the second, third and fourth paper the
list follows what we know of their statements, and figures there are not numbered.
"""
IN_EVERY_SEED = "It is so in every seed"
"""How the rule begins whose numbers are truth values, see `geomtoy.verdicts.agreement`."""
MOST_PARTS = 4
"""Of a verdict, that are named one by one."""

Record = Mapping[str, Any]
Records = Mapping[str, Record]
"""Name of a published file -> a figure's JSON."""
Entry = Mapping[str, Any]


def papers(source: Path = SOURCE) -> list[dict[str, Any]]:
    """The papers with their claims.

    Raises:
        FileError: a claim has neither figures that exist nor a status that is known with its reason.
    """
    found: list[dict[str, Any]] = tomllib.loads(source.read_text())["paper"]
    for paper in found:
        for entry in paper["claims"]:
            _require_sound(entry, f"{source.name}: {paper['id']}, {entry['where']}")
    return found


def _require_sound(entry: Entry, where: str) -> None:
    unknown = [name for name in entry.get("figures", ()) if name not in MODULES]
    if unknown:
        raise FileError(f"{where}: there is no figure {unknown[0]!r}; name one that there is")
    judged, told = "figures" in entry, entry.get("status") in UNJUDGED and "why" in entry
    if judged == told:
        raise FileError(
            f"{where}: give figures, or a status ({', '.join(UNJUDGED)}) with why, and not both"
        )
    if (entry.get("status") == ONE_RUN) != ("record" in entry):
        raise FileError(f"{where}: give what was run once a record of its numbers, and nothing else one")


def claims_list(found: Records, source: Path = SOURCE) -> str:
    """The text of docs/claims.md.

    Args:
        found: published records, of the long run where there is one.
    """
    return "\n".join([INTRODUCTION, *(_section(paper, found) for paper in papers(source))])


def _section(paper: Mapping[str, Any], found: Records) -> str:
    lines = [
        f"## {paper['title']}",
        "",
        f"[arXiv {paper['id']}](https://arxiv.org/abs/{paper['id']}), "
        f"[scripts/{paper['folder']}](../scripts/{paper['folder']}/README.md)",
        "",
        "| where | what it says | status | why, or how to settle it |",
        "|---|---|---|---|",
    ]
    listed: set[str] = set()
    for entry in paper["claims"]:
        judged = _judged_by(entry, found)
        listed |= {one["claim"] for _, one in judged}
        status, why = _status(entry, judged)
        lines.append(f"| {entry['where']} | {entry['says']} | {status} | {why} |")
    beside = [
        (name, one) for name, one in _of_folder(paper["folder"], found) if one["claim"] not in listed
    ]
    if beside:
        lines += ["", "Judged beside these, checks and findings of our own:", ""]
        lines += [f"- {_short(one)}: {one['claim']} ({_link(name)})" for name, one in beside]
    return "\n".join([*lines, ""])


def _judged_by(entry: Entry, found: Records) -> list[tuple[str, Record]]:
    """(file, verdict or self-check) of an entry."""
    return [
        (name, one)
        for name, record in found.items()
        if name.removesuffix("_full") in entry.get("figures", ())
        for one in _claims(record)
        if one["claim"].startswith(entry.get("about", ""))
    ]


def _claims(record: Record) -> list[Record]:
    """Verdicts, and self-checks in the same form."""
    checks = [{**one, "claim": one["what"], "seeds": 0} for one in record["self_checks"]]
    return [*record["verdicts"], *checks]


def _of_folder(folder: str, found: Records) -> list[tuple[str, Record]]:
    modules = {name: MODULES[name.removesuffix("_full")] for name in found}
    return [
        (name, one)
        for name, record in found.items()
        if modules[name].startswith(f"{folder}.")
        for one in record["verdicts"]
    ]


def _status(entry: Entry, judged: Iterable[tuple[str, Record]]) -> tuple[str, str]:
    if "figures" not in entry:
        command = f": `{entry['command']}`" if "command" in entry else ""
        return str(entry["status"]), _why(entry).removesuffix(".") + (command or ".")
    by_file: dict[str, list[Record]] = {}
    for name, one in judged:
        by_file.setdefault(name, []).append(one)
    if not by_file:
        names = " ".join(entry["figures"])
        return (
            "nothing published",
            f"No run is published; `python scripts/make_figures.py --full --only {names}`",
        )
    outcomes = [_short(one) for many in by_file.values() for one in many]
    return "; ".join(dict.fromkeys(outcomes)), ", ".join(map(_link, by_file))


def _why(entry: Entry) -> str:
    """The reason, with numbers from what was run once."""
    if "record" not in entry:
        return str(entry["why"])
    record = json.loads((SOURCE.parent / entry["record"]).read_text())
    return str(entry["why"].format(**record))


def _short(one: Record) -> str:
    """ "**holds** (5 seeds)", "self-check passes"."""
    if "what" in one:
        return f"self-check {one['outcome']}"
    seeds = f" ({one['seeds']} seeds)" if one["seeds"] else ""
    return f"**{one['outcome']}**{seeds}"


def _link(name: str) -> str:
    return f"[{name}](../figures/{name}.json)"


def findings(found: Records) -> str:
    """Each verdict in two sentences: what is so, and how sure it is."""
    return "\n".join(finding(one) for record in found.values() for one in record["verdicts"])


def finding(one: Record) -> str:
    """What is claimed and found, then seeds, numbers and the least that a reader must know."""
    said = {
        "holds": "It holds in our runs",
        "fails": "It fails in our runs",
        "mixed": "Our runs confirm it in part, or do not decide it",
        "untested": "Our runs say nothing of it",
        "too few seeds": "We have too few seeds to say",
    }[one["outcome"]]
    seeds = f"{one['seeds']} seeds, " if one["seeds"] else ""
    share = "share of them in which it is so: " if one["rule"].startswith(IN_EVERY_SEED) else ""
    numbers = _numbers(one["statistic"], one["spread"])
    sure = f" How sure: {seeds}{share}{numbers}." if numbers else ""
    return f"- *{one['claim']}.* {said}.{sure}"


def _numbers(statistic: Mapping[str, Any], spread: Mapping[str, Any]) -> str:
    """Means, and in brackets the least and greatest seed; of many parts those with the extreme means."""
    known = {part: value for part, value in statistic.items() if value is not None}
    chosen = list(known)
    if len(known) > MOST_PARTS:
        ordered = sorted(known, key=lambda part: float(known[part]))
        chosen = [ordered[0], ordered[-1]]
    texts = [f"{part}: {_number(known[part], spread.get(part, {}))}" for part in chosen]
    return (f"of {len(known)} parts the extremes, " if len(chosen) < len(known) else "") + "; ".join(
        texts
    )


def _number(mean: Any, spread: Mapping[str, Any]) -> str:
    if isinstance(mean, bool):
        return "so" if mean else "not so"
    low, high = spread.get("min"), spread.get("max")
    around = "" if low is None or low == high else f" [{low:.3g} to {high:.3g}]"
    return f"{mean:.3g}{around}"
