"""Names that scripts import until each calls `geomtoy.store` and a rule of `geomtoy.verdicts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geomtoy.store import Result
from geomtoy.verdicts import MIN_SEEDS, Outcome, spread
from geomtoy.verdicts import Verdict as Said

__all__ = ["Result", "Verdict", "spread"]


def Verdict(
    claim: str,
    statistic: Mapping[str, Any],
    seeds: int,
    holds: str,
    spread: Mapping[str, Any] | None = None,
    note: str = "",
) -> Said:
    """A verdict that a script has found by itself; no one or two seeds decide it."""
    outcome = Outcome.TOO_FEW_SEEDS if 0 < seeds < MIN_SEEDS else Outcome(holds)
    return Said(claim, outcome, "See the note.", statistic, seeds, spread or {}, note)
