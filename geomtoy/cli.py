"""The command line: count, list and draw the regions of networks and blocks stored as files."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from _thread import interrupt_main
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from geomtoy.checkpoints import command as checkpoints
from geomtoy.commands import (
    MEMORY_FULL,
    compare_networks,
    count,
    draw,
    list_regions,
    say,
    verify_network,
)
from geomtoy.demo import command as demo
from geomtoy.errors import GeomtoyError
from geomtoy.places import check_window, positive, window
from geomtoy.slices import UNIT_SQUARE
from geomtoy.starting import INTERRUPTED, interrupts_raise
from geomtoy.version import VERSION

Run = Callable[[argparse.Namespace], None]

NET = "NET.npz|NET.onnx|-"
NET_HELP = "- is an npz on standard input"
MOST_HELP = "stop rather than exceed N regions"
WINDOW_HELP = (
    "corners 'x,y x,y x,y ...' of a convex polygon, 'low,high' for a square (in 1D an interval), "
    "'plane' for everything, or BOX.vnnlib, whose box may have one or two inputs that vary; "
    "by default the file's window, else [-1, 1]^2"
)

THROUGH_HELP = (
    "look at the plane through three rows of an array, which have slice coordinates (0, 0), (1, 0) and "
    "(0, 1); NAME is needed where the file holds several arrays"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it worked, 2 after a one-sentence error, 130 or 143 if interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(_with_values(given))
    limit = TimeLimit(getattr(options, "max_seconds", None))
    try:
        interrupts_raise()
        with _ended_by_signals(), limit:
            options.run(options)
    except GeomtoyError as error:
        say(error)
        return 2
    except MemoryError:
        say(MEMORY_FULL)
        return 2
    except Terminated:
        if limit.over:
            say(f"--max-seconds {limit.seconds:g} is over; nothing was written")
            return 2
        say("terminated; nothing was written")
        return 143
    except KeyboardInterrupt:
        say("interrupted; nothing was written")
        return INTERRUPTED
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader of our output has seen enough
            return 1
        say(f"cannot write the output: {error.strerror or error}")
        return 2
    return 0


def _with_values(arguments: Sequence[str]) -> list[str]:
    """Join --window to a value such as -3,3, which would be taken for an option."""
    joined: list[str] = []
    for one in arguments:
        if joined[-1:] == ["--window"]:
            joined[-1] = f"--window={one}"
        else:
            joined.append(one)
    return joined


class Terminated(BaseException):
    """The process was asked to end: whoever holds a half-written file removes it."""


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the command as an interrupt does; in other threads than the first, as ever."""

    def end(*_: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class TimeLimit:
    """Ends a command as SIGTERM does once its time is over, whatever it is at; None is no limit.

    Counting stops by itself before that, and then knows how many regions there are at least.
    """

    GRACE = 1.0
    """Seconds, or half of the limit where that is more, that counting is given to stop by itself."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds, self.over = seconds, False
        limit = min(seconds or 0.0, threading.TIMEOUT_MAX / 2)
        self._timer = threading.Timer(limit + max(self.GRACE, limit / 2), self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        if self.seconds is not None and threading.current_thread() is threading.main_thread():
            self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.over = True
        interrupt_main(signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="geomtoy", description=__doc__)
    parser.add_argument("--version", action="version", version=f"geomtoy {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    counts = _command(
        commands, "count", count, "print one JSON object a network, or soft block, with its counts"
    )
    counts.add_argument("nets", nargs="+", metavar=NET, help=NET_HELP)
    _level_options(counts, "count regions that the set meets where an output equals LEVEL, exactly")
    counts.add_argument("--no-linear", action="store_true", help="skip the count of linear regions")
    counts.add_argument(
        "--full-check",
        action="store_true",
        help="look for concurrent lines in last layers of any size (quadratic time)",
    )

    regions = _command(commands, "regions", list_regions, "write the cells of a network or block")
    regions.add_argument("net", metavar=NET, help=NET_HELP)
    regions.add_argument("--out", "-o", required=True, metavar="CELLS.geojson|CELLS.npz")

    plot = _command(commands, "plot", draw, "draw the partition of a network or block")
    plot.add_argument("net", metavar=NET, help=NET_HELP)
    plot.add_argument("--out", "-o", required=True, metavar="OUT.png|OUT.pdf|OUT.svg")
    _level_options(plot, "draw where an output equals LEVEL, exactly")

    compare = _command(
        commands, "compare", compare_networks, "print where and by how much two networks differ"
    )
    compare.add_argument("nets", nargs=2, metavar=NET, help=NET_HELP)

    about = "decide a VNN-LIB specification of one or two inputs"
    verify = commands.add_parser("verify", help=about, description=about)
    verify.set_defaults(run=verify_network)
    _budget(verify)
    verify.add_argument("net", metavar=NET, help=NET_HELP)
    verify.add_argument("spec", metavar="SPEC.vnnlib")

    checkpoints.add(commands)
    demo.add(commands)
    return parser


def _command(commands: Any, name: str, run: Run, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(run=_checked(run))
    parser.add_argument("--window", type=window, default=UNIT_SQUARE, help=WINDOW_HELP)
    parser.add_argument("--slice-through", metavar="DATA.npz[:NAME]:I,J,K", help=THROUGH_HELP)
    _budget(parser)
    parser.add_argument(
        "--max-patches", type=int, default=20_000, metavar="N", help="of a block: budget of the proof"
    )
    parser.add_argument(
        "--tolerance", type=float, default=1e-3, help="of a block: how far polylines may be from borders"
    )
    return parser


def _budget(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-regions", type=int, metavar="N", help=MOST_HELP)
    parser.add_argument("--max-seconds", type=positive, metavar="S", help="stop after so much time")
    parser.add_argument(
        "--logits",
        action="store_true",
        help="of an ONNX file: drop a last Sigmoid, Softmax or LogSoftmax",
    )


def _level_options(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--level-set", type=float, metavar="LEVEL", help=about)
    parser.add_argument("--level-of", type=int, default=0, metavar="N", help="which output, from 0")
    parser.add_argument(
        "--decision-boundary", action="store_true", help="the same for the borders between classes"
    )


def _checked(run: Run) -> Run:
    """Look at the window before anything is read."""

    def checked(options: argparse.Namespace) -> None:
        check_window(options.window)
        run(options)

    return checked


if __name__ == "__main__":
    sys.exit(main())
