"""VNN-LIB files, version 1: a box of inputs, and inequalities of outputs that must not hold in it.

A file asserts what a counterexample satisfies. It is read into cases, each a box and inequalities that
hold together; a counterexample is one of any case. Numbers are the rationals that their decimals are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any

from geomtoy.errors import FileError
from geomtoy.slices import Segment, Slice

Vector = tuple[Fraction, ...]
Form = dict[str, Fraction]
"""A linear form: coefficients by variable, the constant under ""."""

MOST_CASES = 10_000
"""Conjunctions of disjunctions multiply."""
DEEPEST = 100
LARGEST_EXPONENT = 10_000


@dataclass(frozen=True)
class Inequality:
    """coefficients . y <= bound, for outputs y (d_out,)."""

    coefficients: Vector
    bound: Fraction


@dataclass(frozen=True)
class Case:
    """Counterexamples with low <= x <= high, (d_in,) each, for which all inequalities hold."""

    low: Vector
    high: Vector
    inequalities: tuple[Inequality, ...]

    def where(self) -> dict[str, Any]:
        """The box as `slice` and `window` of `count_regions` and its like, where one or two inputs vary.

        Raises:
            FileError: none varies, or more than two.
        """
        free = [k for k, (a, b) in enumerate(zip(self.low, self.high, strict=True)) if a < b]
        if len(free) not in (1, 2):
            raise FileError(f"{len(free)} inputs of the box vary; fix all but one or two of them")
        if len(free) == 1:
            flat = len(self.low) == 1
            window = (self.low[0], self.high[0]) if flat else (0, 1)
            return {"slice": None if flat else Segment(self.low, self.high), "window": window}
        (a, b), (c, d) = ((self.low[k], self.high[k]) for k in free)
        origin = tuple(Fraction(0) if k in free else x for k, x in enumerate(self.low))
        u, v = (tuple(Fraction(k == one) for k in range(len(self.low))) for one in free)
        plane = None if len(self.low) == 2 else Slice(origin, u, v)
        return {"slice": plane, "window": ((a, c), (b, c), (b, d), (a, d))}


@dataclass(frozen=True)
class Specification:
    """What must not happen to a network with d_in inputs and d_out outputs: any of the cases."""

    d_in: int
    d_out: int
    cases: tuple[Case, ...]

    def where(self) -> dict[str, Any]:
        """Where to look, as `Case.where`, if all cases have one box.

        Raises:
            FileError: they have not, or more than two inputs vary.
        """
        if len({(case.low, case.high) for case in self.cases}) != 1:
            raise FileError(f"{len(self.cases)} cases have not one box; look at each case")
        return self.cases[0].where()


def read_vnnlib(path: str | Path) -> Specification:
    """The specification in a file.

    Raises:
        FileError: there is no such file, or it says what is no box with linear inequalities of outputs;
            the message names the file and the term.
    """
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        raise FileError(f"{path} does not exist; give the path of a VNN-LIB file") from None
    except (OSError, UnicodeDecodeError):
        raise FileError(f"{path} is not a readable VNN-LIB file") from None
    try:
        return _specification(text)
    except FileError as error:
        raise FileError(f"{path}: {error}") from None


def _specification(text: str) -> Specification:
    names: set[str] = set()
    alternatives: list[list[Form]] = [[]]
    for command in _expressions(text):
        match command:
            case ["declare-const", str(name), "Real"] if re.fullmatch(r"[XY]_[0-9]{1,6}", name):
                names.add(name)
            case ["assert", term]:
                alternatives = _both(alternatives, _cases(term, names))
            case _:
                raise FileError(f"{_shown(command)} is not known; give declare-const and assert")
    d_in, d_out = (_count(kind, names) for kind in "XY")
    cases = [_case(forms, d_in, d_out) for forms in alternatives]
    return Specification(d_in, d_out, tuple(case for case in cases if case is not None))


def _count(kind: str, names: set[str]) -> int:
    """How many variables of a kind there are, numbered from 0."""
    numbers = {int(name[2:]) for name in names if name[0] == kind}
    if not numbers or numbers != set(range(len(numbers))):
        raise FileError(f"the variables {kind}_0, {kind}_1, ... are not declared without a gap")
    return len(numbers)


def _expressions(text: str) -> Iterator[Any]:
    """Terms in parentheses as lists, one after another."""
    stack: list[list[Any]] = [[]]
    for token in re.findall(r"[()]|[^\s()]+", re.sub(r";.*", "", text)):
        if token == "(":
            stack.append([])
        elif token != ")":
            stack[-1].append(token)
        elif len(stack) > 1:
            done = stack.pop()
            stack[-1].append(done)
        if len(stack) > DEEPEST:
            raise FileError(f"terms stand more than {DEEPEST} deep")
    if len(stack) > 1:
        raise FileError("a parenthesis is not closed")
    yield from stack[0]


def _cases(term: Any, names: set[str]) -> list[list[Form]]:
    """A term as a disjunction of conjunctions of forms that are <= 0."""
    match term:
        case ["and", *parts]:
            return reduce(_both, (_cases(part, names) for part in parts), [[]])
        case ["or", *parts]:
            return [case for part in parts for case in _cases(part, names)]
        case [("<=" | ">=") as relation, left, right]:
            low, high = (left, right) if relation == "<=" else (right, left)
            return [[_sum([_form(low, names), _times(_form(high, names), Fraction(-1))])]]
    raise FileError(f"{_shown(term)} is not known; give <=, >=, and, or")


def _both(first: list[list[Form]], second: list[list[Form]]) -> list[list[Form]]:
    if len(first) * len(second) > MOST_CASES:
        raise FileError(f"there are more than {MOST_CASES} cases")
    return [a + b for a, b in product(first, second)]


def _form(term: Any, names: set[str]) -> Form:
    match term:
        case str() if term in names:
            return {term: Fraction(1)}
        case str():
            return {"": _number(term)}
        case ["+", *parts]:
            return _sum([_form(part, names) for part in parts])
        case ["-", part]:
            return _times(_form(part, names), Fraction(-1))
        case ["-", part, *others]:
            forms = [_form(other, names) for other in others]
            return _sum([_form(part, names), *(_times(form, Fraction(-1)) for form in forms)])
        case ["*", first, second]:
            a, b = _form(first, names), _form(second, names)
            if b.keys() == {""}:
                a, b = b, a
            if a.keys() == {""}:
                return _times(b, a[""])
    raise FileError(f"{_shown(term)} is not a linear term of declared variables")


def _number(text: str) -> Fraction:
    """A decimal as the rational that it is."""
    found = re.fullmatch(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([-+]?[0-9]{1,9}))?", text)
    if not found or abs(int(found[1] or 0)) > LARGEST_EXPONENT or len(text) > LARGEST_EXPONENT:
        raise FileError(f"{_shown(text)} is neither a declared variable nor a number")
    return Fraction(text)


def _sum(forms: list[Form]) -> Form:
    names = [name for form in forms for name in form]
    return {name: sum((form.get(name, Fraction(0)) for form in forms), Fraction(0)) for name in names}


def _times(form: Form, factor: Fraction) -> Form:
    return {name: factor * number for name, number in form.items()}


def _case(forms: list[Form], d_in: int, d_out: int) -> Case | None:
    """None if its box is empty."""
    lows: dict[str, Fraction] = {}
    highs: dict[str, Fraction] = {}
    inequalities = []
    for form in forms:
        bound = -form.get("", Fraction(0))
        linear = {name: number for name, number in form.items() if name and number}
        if all(name[0] == "Y" for name in linear):
            coefficients = tuple(linear.get(f"Y_{k}", Fraction(0)) for k in range(d_out))
            inequalities.append(Inequality(coefficients, bound))
            continue
        if len(linear) > 1:
            raise FileError(f"{' and '.join(linear)} stand in one inequality; inputs have bounds only")
        ((name, factor),) = linear.items()
        limit = bound / factor
        if factor > 0:
            highs[name] = min(limit, highs.get(name, limit))
        else:
            lows[name] = max(limit, lows.get(name, limit))
    low, high = (_vector(bounds, side, d_in) for bounds, side in ((lows, "below"), (highs, "above")))
    empty = any(a > b for a, b in zip(low, high, strict=True))
    return None if empty else Case(low, high, tuple(inequalities))


def _vector(bounds: dict[str, Fraction], side: str, d_in: int) -> Vector:
    for k in range(d_in):
        if f"X_{k}" not in bounds:
            raise FileError(f"input X_{k} has no bound {side}; assert one")
    return tuple(bounds[f"X_{k}"] for k in range(d_in))


def _shown(term: Any) -> str:
    text = term if isinstance(term, str) else f"({' '.join(map(str, term))})"
    return repr(text if len(text) < 60 else text[:57] + "...")
