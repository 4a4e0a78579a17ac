"""The JSON beside a figure: its numbers and verdicts, and what made them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from geomtoy.store.canonical import to_json
from geomtoy.store.runs import Runs, described
from geomtoy.writing import written_aside


def save_figure_record(
    path: Path,
    *,
    config: Mapping[str, Any],
    numbers: Mapping[str, Any],
    verdicts: Iterable[Any],
    self_checks: Iterable[Any] = (),
    made_by: Iterable[Runs | Callable[..., Any]],
) -> None:
    """Write a JSON file with floats to 12 digits: the same bytes whenever the same figure is drawn from
    the same results.

    Besides what is given it has "seconds": what the runs took, each once, on one worker.

    Args:
        config: all that was asked for.
        numbers: what the figure shows.
        verdicts, self_checks: dataclasses, see `geomtoy.verdicts`.
        made_by: the runs that it was drawn from, and the function that draws it, whose module is a
            script's; of each the digest of its code and the versions of its packages are written.
    Raises:
        FileError: the place cannot be written to.
        SettingError: a number has no JSON form.
    """
    made_by = [*made_by]
    text = to_json(
        {
            "config": config,
            "numbers": numbers,
            "verdicts": [asdict(verdict) for verdict in verdicts],
            "self_checks": [asdict(check) for check in self_checks],
            "made_by": [_of(one) for one in made_by],
            "seconds": round(_seconds([one for one in made_by if isinstance(one, Runs)])),
        },
        digits=12,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _of(one: Runs | Callable[..., Any]) -> dict[str, Any]:
    return one.made_by if isinstance(one, Runs) else described(one)


def _seconds(asked: Iterable[Runs]) -> float:
    """Of distinct results."""
    distinct = {result.path: result for runs in asked for result in runs}
    return sum(float(result.record["seconds"]) for result in distinct.values())
