"""What is said of a claim after looking, and what must be so unless our code is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Of a claim.

    HOLDS: every part of it is shown to be true. FAILS: every part is shown to be false. MIXED: parts
    differ, or the evidence does not decide. UNTESTED: there is no evidence. TOO_FEW_SEEDS: there is
    some, of fewer independent runs than a verdict needs.
    """

    HOLDS = "holds"
    FAILS = "fails"
    MIXED = "mixed"
    UNTESTED = "untested"
    TOO_FEW_SEEDS = "too few seeds"


@dataclass(frozen=True)
class Verdict:
    """Whether a published claim holds in our runs; made by the rules of `geomtoy.verdicts`.

    Args:
        claim: in our words, with its figure, and with the margin if it says that things are alike.
        outcome: see `Outcome`.
        rule: what decided, in a sentence.
        statistic: part of the claim -> the number that decides it, mean over seeds.
        seeds: independent runs behind the part that has the fewest; 0 where nothing is random.
        spread: part of the claim -> how its number varies over the seeds.
        note: what a reader must know besides.
    """

    claim: str
    outcome: Outcome
    rule: str
    statistic: Mapping[str, Any]
    seeds: int
    spread: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def __str__(self) -> str:
        return f"{self.outcome}: {self.claim}"


@dataclass(frozen=True)
class SelfCheck:
    """What can only be false if our code is wrong, such as a bound that is never exceeded: no claim.

    Args:
        what: must be so, in a sentence.
        outcome: "passes", "fails", or "untested" where nothing was looked at.
        checked, violations: in how many cases it was looked at, and not so.
    """

    what: str
    outcome: str
    checked: int
    violations: int

    def __str__(self) -> str:
        return f"self-check {self.outcome} in {self.checked} cases: {self.what}"


def self_check(what: str, *, checked: int, violations: int) -> SelfCheck:
    """Passes if it was looked at and never violated."""
    outcome = "untested" if checked == 0 else "fails" if violations else "passes"
    return SelfCheck(what, outcome, int(checked), int(violations))
