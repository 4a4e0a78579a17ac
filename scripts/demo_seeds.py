"""Puts the published counts of several seeds, with their verdicts, into the teaching page.

Reads the JSON files of figures and writes geomtoy/demo/page/seeds.json; run it when they change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from figure import ROOT

from geomtoy.writing import written_aside


@dataclass(frozen=True)
class Table:
    """Counts (heads, contexts, seeds) of a published figure.

    Args:
        title: what is counted.
        figure: name of the figure.
        path: names in its numbers that lead to the counts.
        statistic: what its verdicts name the exponent of these counts; None where they judge others.
        said: what the claims that judge these counts have in common.
    """

    title: str
    figure: str
    path: tuple[str, ...]
    statistic: str | None = None
    said: str = ""


PLANES = "fig5c_planes_full", "exponent of proven regions"
TABLES = (
    Table("soft, along time, trained", "fig5_regions_grid_full", ("along time, trained",),
          "exponent of regions along time, proven"),
    Table("soft, along time, untrained", "fig5_regions_grid_full", ("along time, initial",)),
    Table("soft, query on a plane, trained", PLANES[0], ("regions", "query"), PLANES[1],
          "where the query moves"),
    Table("soft, whole context on a plane, trained", PLANES[0], ("regions", "context"), PLANES[1],
          "where all tokens move"),
    Table("soft, query on a plane through three queries, trained", "fig_soft_regions_full", ("softmax",),
          "exponent of regions, softmax"),
    Table("hard, the same blocks and planes", "fig_soft_regions_full", ("hard attention",),
          "exponent of regions, hard attention"),
    Table("soft, query on a plane, untrained", "fig_hard_attention_full", ("regions with softmax",),
          "exponent of regions with softmax"),
    Table("hard, the same blocks and planes, untrained", "fig_hard_attention_full", ("regions",),
          "exponent of regions"),
)  # fmt: skip


def main(out: Path = ROOT / "geomtoy/demo/page/seeds.json") -> None:
    """
    Args:
        out: the file.
    """
    data = {"seeds": [record(table) for table in TABLES]}
    with written_aside(out) as aside:
        aside.write_text(json.dumps(data, separators=(",", ":"), sort_keys=True) + "\n")


def record(table: Table) -> dict[str, Any]:
    """What the page needs of a table: counts as they were published, and what was judged of them."""
    published = json.loads((ROOT / f"figures/{table.figure}.json").read_text())
    numbers = published["numbers"]
    counts: Any = numbers
    for name in table.path:
        counts = counts[name]
    return {
        "title": table.title,
        "figure": table.figure,
        "heads": numbers["heads"],
        "contexts": numbers["contexts"],
        "counts": counts,
        "verdicts": [
            verdict(one, one["spread"][table.statistic])
            for one in published["verdicts"]
            if table.statistic in one["spread"] and table.said in one["claim"]
        ],
    }


def verdict(published: dict[str, Any], spread: dict[str, Any]) -> dict[str, Any]:
    return {
        "claim": published["claim"],
        "outcome": published["outcome"],
        "seeds": published["seeds"],
        "rule": published["rule"],
        "mean": spread["mean"],
        "interval": spread["95% interval"],
    }


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
