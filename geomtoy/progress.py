"""Long runs say how far they are, and stop when their time is over: one mechanism for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from tqdm import tqdm

from geomtoy.errors import OutOfTimeError, SettingError

Progress = Callable[[int, int], None]
"""Called now and then with (hidden layers done, cells so far)."""


@contextmanager
def reports(
    progress: bool | Progress | None, layers: int, max_seconds: float | None, *, refines: bool = True
) -> Iterator[Progress]:
    """What a run calls as it goes on.

    Args:
        progress: True for a bar on stderr, or a function.
        max_seconds: wall-clock time from here on, looked at whenever the run reports.
        refines: whether cells are never joined again, so that those so far are a lower bound.
    Raises:
        SettingError: max_seconds is not positive.
        OutOfTimeError: the time is over.
    """
    if max_seconds is not None and not max_seconds > 0:
        raise SettingError(f"max_seconds is {max_seconds}; give more than 0, or None for no limit")
    end = None if max_seconds is None else monotonic() + max_seconds
    with bar(layers, shown=progress is True) as advance:
        listener = progress if callable(progress) else advance

        def report(layer: int, cells: int) -> None:
            listener(layer, cells)
            if end is not None and monotonic() > end and layer < layers:
                least = cells if refines else None
                raise OutOfTimeError(f"max_seconds = {max_seconds:g} is over", layer, layers, least)

        yield report


@contextmanager
def bar(layers: int, *, shown: bool | None = None, delay: float = 0.0) -> Iterator[Progress]:
    """A bar over hidden layers on stderr; with shown=None on a terminal only, after some delay."""
    disable = None if shown is None else not shown
    with tqdm(total=layers, unit="layer", disable=disable, delay=delay, leave=False) as line:

        def advance(layer: int, cells: int) -> None:
            if not line.disable:
                line.set_postfix(cells=cells, refresh=False)
                line.update(layer - line.n)

        yield advance
