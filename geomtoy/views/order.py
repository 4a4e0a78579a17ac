"""From brackets of zeros to border times in proven order: one a zero, inside the window, apart."""

from __future__ import annotations

from dataclasses import replace

from flint import fmpq

from geomtoy.block_arrays import BlockArrays
from geomtoy.views.balls import sign_at
from geomtoy.views.soft_path import Bracket

HALVINGS = 80


def merge(brackets: list[Bracket]) -> list[Bracket]:
    """Joins brackets of one unit that overlap: it is monotone on both, so that they hold one zero."""
    merged: list[Bracket] = []
    for one in sorted(brackets, key=lambda b: (b.unit, b.low)):
        if merged and merged[-1].unit == one.unit and one.low <= merged[-1].high:
            merged[-1] = replace(merged[-1], high=max(one.high, merged[-1].high))
        else:
            merged.append(one)
    return merged


def inside(block: BlockArrays, brackets: list[Bracket], low: fmpq, high: fmpq) -> list[Bracket]:
    """Brackets of the zeros in the open interval (low, high), cut to it.

    A bracket that reaches over an end is decided by signs in ball arithmetic; where they stay unknown it
    is kept uncut.
    """
    touching = (one for one in brackets if low < one.high and one.low < high)
    cut = (_cut(block, one, low, high) for one in touching)
    return [one for one in cut if one is not None]


def _cut(block: BlockArrays, one: Bracket, low: fmpq, high: fmpq) -> Bracket | None:
    start, stop = max(one.low, low), min(one.high, high)
    if (start, stop) == (one.low, one.high):
        return one
    first, last = sign_at(block, one.unit, start), sign_at(block, one.unit, stop)
    if first is None or last is None:
        return one
    return Bracket(one.unit, start, stop) if first * last < 0 else None


def separate(block: BlockArrays, brackets: list[Bracket]) -> list[list[Bracket]]:
    """Groups in order of time: brackets of different groups are disjoint.

    Brackets that overlap are halved by signs in ball arithmetic, at most HALVINGS times; a group of
    several is then one time where several units are exactly zero, or zeros too close to be told apart:
    `is_one_time` says which.
    """
    for _ in range(HALVINGS):
        groups = _groups(brackets)
        tangled = [group for group in groups if not is_one_time(group)]
        if not tangled:
            break
        brackets = [
            one if is_one_time(group) else _halved(block, one) for group in groups for one in group
        ]
    return _groups(brackets)


def is_one_time(group: list[Bracket]) -> bool:
    """Whether a group is surely one border: one bracket, or brackets that are the same point."""
    return len(group) == 1 or len({t for one in group for t in (one.low, one.high)}) == 1


def is_within(group: list[Bracket], low: fmpq, high: fmpq) -> bool:
    return all(low <= one.low and one.high <= high for one in group)


def _groups(brackets: list[Bracket]) -> list[list[Bracket]]:
    groups: list[list[Bracket]] = []
    end = fmpq(0)
    for one in sorted(brackets, key=lambda b: b.low):
        if groups and one.low <= end:
            groups[-1].append(one)
            end = max(end, one.high)
        else:
            groups.append([one])
            end = one.high
    return groups


def _halved(block: BlockArrays, one: Bracket) -> Bracket:
    """The half that holds the zero; cut at 0 first, the only time at which sines are rational."""
    if one.low == one.high:
        return one
    middle = fmpq(0) if one.low < 0 < one.high else (one.low + one.high) / 2
    sign = sign_at(block, one.unit, middle)
    if sign == 0:
        return Bracket(one.unit, middle, middle)
    if sign is None:
        return one
    return (
        replace(one, low=middle)
        if sign == sign_at(block, one.unit, one.low)
        else replace(one, high=middle)
    )
