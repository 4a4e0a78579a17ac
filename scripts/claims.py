"""The README's table of claims, made from the verdicts beside the figures, so that both say the same."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- claims: made by scripts/claims.py -->", "<!-- end of claims -->"


def table(figures: Path) -> str:
    """One row a verdict of every figures/*.json, in the order of the names."""
    rows = ["| figure | claim | verdict | seeds |", "|---|---|---|---|"]
    for path in sorted(figures.glob("*.json")):
        for verdict in json.loads(path.read_text())["verdicts"]:
            name, seeds = f"[{path.stem}](figures/{path.name})", verdict["seeds"] or "none needed"
            rows.append(f"| {name} | {verdict['claim']} | **{verdict['holds']}** | {seeds} |")
    return "\n".join(rows)


def with_claims(readme: str, figures: Path) -> str:
    """The README with its table made anew."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table(figures)}\n{END}{after}"


def main() -> None:
    readme = ROOT / "README.md"
    readme.write_text(with_claims(readme.read_text(), ROOT / "figures"))


if __name__ == "__main__":
    main()
