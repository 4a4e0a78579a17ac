"""The command line: count, list and draw the regions of networks and blocks stored as files."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from geomtoy.answers import compare, verify
from geomtoy.answers.records import comparison_record, verdict_record
from geomtoy.block_files import StoredBlock
from geomtoy.checkpoints import command as checkpoints
from geomtoy.demo import command as demo
from geomtoy.errors import (
    FileError,
    GeomtoyError,
    SettingError,
    SliceError,
    WindowError,
)
from geomtoy.files import Stored, any_of
from geomtoy.importers.vnnlib import read_vnnlib
from geomtoy.loading import load_any, load_network
from geomtoy.npz import read_npz, unpacked, write_npz
from geomtoy.progress import Progress, bar
from geomtoy.regions import (
    CellComplex,
    Pieces,
    count_regions,
    enumerate_decision_boundary,
    enumerate_level_set,
    enumerate_regions,
)
from geomtoy.regions.results.geojson import write_geojson
from geomtoy.slices import UNIT_SQUARE, Slice, convex_window, interval
from geomtoy.version import VERSION
from geomtoy.writing import written_aside

if TYPE_CHECKING:
    from geomtoy.plots.quick import Level
    from geomtoy.views import CurvedComplex

Run = Callable[[argparse.Namespace], None]

MEMORY_FULL = "memory is full; look at a smaller window or give --max-regions"

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
    try:
        with _ended_by_signals():
            options.run(options)
    except GeomtoyError as error:
        _say(error)
        return 2
    except MemoryError:
        _say(MEMORY_FULL)
        return 2
    except Terminated:
        _say("terminated; nothing was written")
        return 143
    except KeyboardInterrupt:
        _say("interrupted; nothing was written")
        return 130
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader of our output has seen enough
            return 1
        _say(f"cannot write the output: {error.strerror or error}")
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


def _say(what: object) -> None:
    print(f"geomtoy: {what}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="geomtoy", description=__doc__)
    parser.add_argument("--version", action="version", version=f"geomtoy {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    count = _command(
        commands, "count", _count, "print one JSON object a network, or soft block, with its counts"
    )
    count.add_argument("nets", nargs="+", metavar="NET.npz|NET.onnx|-", help="- is an npz on stdin")
    count.add_argument("--no-linear", action="store_true", help="skip the count of linear regions")
    count.add_argument(
        "--full-check",
        action="store_true",
        help="with --no-linear, look for concurrent lines in layers of any size (quadratic time)",
    )

    regions = _command(commands, "regions", _regions, "write the cells of a network or block")
    regions.add_argument("net", metavar="NET.npz|NET.onnx")
    regions.add_argument("--out", "-o", required=True, metavar="CELLS.geojson|CELLS.npz")

    plot = _command(commands, "plot", _plot, "draw the partition of a network or block")
    plot.add_argument("net", metavar="NET.npz|NET.onnx")
    plot.add_argument("--out", "-o", required=True, metavar="OUT.png|OUT.pdf")
    plot.add_argument(
        "--level-set", type=float, metavar="LEVEL", help="draw where an output equals LEVEL, exactly"
    )
    plot.add_argument("--level-of", type=int, default=0, metavar="N", help="which output, from 0")

    plot.add_argument(
        "--decision-boundary", action="store_true", help="draw the borders between classes, exactly"
    )

    compare = _command(commands, "compare", _compare, "print where and by how much two networks differ")
    compare.add_argument("nets", nargs=2, metavar="NET.npz|NET.onnx")

    about = "decide a VNN-LIB specification of one or two inputs"
    verify = commands.add_parser("verify", help=about, description=about)
    verify.set_defaults(run=_verify)
    verify.add_argument("--max-regions", type=int, metavar="N", help=MOST_HELP)
    verify.add_argument("net", metavar="NET.npz|NET.onnx")
    verify.add_argument("spec", metavar="SPEC.vnnlib")

    checkpoints.add(commands)
    demo.add(commands)
    return parser


def _command(commands: Any, name: str, run: Run, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(run=_checked(run))
    parser.add_argument("--window", type=_window, default=UNIT_SQUARE, help=WINDOW_HELP)
    parser.add_argument("--slice-through", metavar="DATA.npz[:NAME]:I,J,K", help=THROUGH_HELP)
    parser.add_argument("--max-regions", type=int, metavar="N", help=MOST_HELP)
    parser.add_argument(
        "--max-patches", type=int, default=20_000, metavar="N", help="of a block: budget of the proof"
    )
    parser.add_argument(
        "--tolerance", type=float, default=1e-3, help="of a block: how far polylines may be from borders"
    )
    return parser


def _window(text: str) -> Any:
    """Corners, an interval, the path of a box, or None for the whole plane, from an option's text."""
    if text == "plane":
        return None
    if text.endswith(".vnnlib"):
        return Path(text)
    try:
        points = [tuple(float(z) for z in point.split(",")) for point in text.split()]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of corners 'x,y x,y x,y'") from None
    return points[0] if len(points) == 1 else points


def _checked(run: Run) -> Run:
    """Look at the window before anything is read."""

    def checked(options: argparse.Namespace) -> None:
        _check_window(options.window)
        run(options)

    return checked


def _check_window(window: Any) -> None:
    if window is not None and window is not UNIT_SQUARE and not isinstance(window, Path):
        with _named("argument --window"):
            (convex_window if isinstance(window, list) else interval)(window)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say in errors which file or argument they are about."""
    try:
        yield
    except GeomtoyError as error:
        raise type(error)(f"{name}: {error}") from None


def _count(options: argparse.Namespace) -> None:
    """Count one network after another; what is wrong with one is said, and the others are counted."""
    failed = []
    for net in options.nets:
        try:
            print(json.dumps(_record(net, options)), flush=True)
        except (GeomtoyError, MemoryError) as error:
            if len(options.nets) == 1:
                raise
            _say(error if isinstance(error, GeomtoyError) else f"{net}: {MEMORY_FULL}")
            failed.append(net)
    if failed:
        raise FileError(
            f"{len(failed)} of {len(options.nets)} networks not counted: {', '.join(failed)}"
        )


def _record(net: str, options: argparse.Namespace) -> dict[str, Any]:
    """What is printed about a network or a block."""
    stored = _from_stdin() if net == "-" else load_any(net)
    if isinstance(stored, StoredBlock):
        from geomtoy.views.command import count_block  # loads kernels that networks do not need

        with _named(net):
            return count_block(net, _moved(stored, options), options)
    start = perf_counter()
    with _named(net), _layers(stored) as progress:
        count = count_regions(
            stored.network,
            **_where(stored, options),
            linear=not options.no_linear,
            full_check=options.full_check,
            progress=progress,
        )
    return {
        "net": net,
        "regions": count.regions,
        "linear_regions": count.linear_regions,
        "certified": count.certified,
        "seconds": round(perf_counter() - start, 6),
        "signs": count.signs,
        "rational_signs": count.rational_signs,
    }


def _from_stdin() -> Stored | StoredBlock:
    return any_of(unpacked(BytesIO(sys.stdin.buffer.read()), "standard input"), "standard input")


def _regions(options: argparse.Namespace) -> None:
    out = Path(options.out)
    if out.suffix not in (".npz", ".geojson"):
        raise FileError(f"cannot write {out}: the name must end in .geojson or .npz")
    curved = _curved(options)
    if curved is not None:
        _write_curved(curved, out)
        return
    found = _enumerate(options)
    if out.suffix == ".npz":
        from geomtoy.regions.results.export import to_arrays  # loads shapely and networkx

        write_npz(out, to_arrays(found))
        return
    if isinstance(found, Pieces):
        raise WindowError("pieces of a line are no polygons; write them to a name ending in .npz")
    with written_aside(out) as aside, open(aside, "w", encoding="utf-8") as file:
        write_geojson(found, file)


def _write_curved(found: CurvedComplex, out: Path) -> None:
    from geomtoy.views import curved_export

    if out.suffix == ".npz":
        write_npz(out, curved_export.to_arrays(found))
        return
    with written_aside(out) as aside:
        aside.write_text(json.dumps(curved_export.to_geojson(found)))


def _plot(options: argparse.Namespace) -> None:
    from geomtoy.plots.quick import (  # loads matplotlib, which counting does not need
        plot_curved,
        plot_regions,
    )

    out = Path(options.out)
    if out.suffix not in (".png", ".pdf"):
        raise FileError(f"cannot write {out}: the name must end in .png or .pdf")
    if options.window is None:
        raise WindowError("the whole plane cannot be drawn; give a bounded --window")
    curved = _curved(options)
    if curved is not None:
        plot_curved(curved, out)
        return
    marks = () if options.slice_through is None else _through(options.slice_through).marks
    plot_regions(_enumerate(options), out, _level(options), marks)


def _compare(options: argparse.Namespace) -> None:
    one, other = (load_network(net) for net in options.nets)
    where = _where(one, options) if one.slice or one.window is not None else _where(other, options)
    start = perf_counter()
    with _named(" and ".join(options.nets)):
        found = compare(one.network, other.network, **where)
        cells = [enumerate_regions(stored.network, **where) for stored in (one, other)]
    record = comparison_record(found, *cells)
    print(json.dumps({"nets": options.nets, **record, "seconds": round(perf_counter() - start, 6)}))


def _verify(options: argparse.Namespace) -> None:
    stored = load_network(options.net)
    start = perf_counter()
    with _named(options.net):
        found = verify(stored.network, options.spec, max_regions=options.max_regions)
    record = {"net": options.net, "spec": options.spec, **verdict_record(found)}
    print(json.dumps({**record, "seconds": round(perf_counter() - start, 6)}))


def _level(options: argparse.Namespace) -> Level | None:
    if options.level_set is None and not options.decision_boundary:
        return None
    if options.level_set is not None and options.decision_boundary:
        raise SettingError("--level-set and --decision-boundary are two drawings; give one of them")
    from geomtoy.plots.quick import Level

    stored = load_network(options.net)
    with _named(options.net):
        if options.decision_boundary:
            borders = enumerate_decision_boundary(stored.network, **_where(stored, options))
            return Level("decision boundary", None, borders)
        found = enumerate_level_set(
            stored.network, output=options.level_of, level=options.level_set, **_where(stored, options)
        )
    return Level(f"output {options.level_of} = {options.level_set:g}", options.level_set, found)


def _curved(options: argparse.Namespace) -> CurvedComplex | None:
    """The regions of a stored block; None where the file holds a network."""
    stored = load_any(options.net)
    if not isinstance(stored, StoredBlock):
        return None
    from geomtoy.views.command import enumerate_block

    if getattr(options, "level_set", None) is not None or getattr(options, "decision_boundary", False):
        raise SettingError("a soft block has no level set; leave --level-set, --decision-boundary out")
    with _named(options.net):
        return enumerate_block(_moved(stored, options), options)


def _moved(stored: StoredBlock, options: argparse.Namespace) -> StoredBlock:
    """A block on the plane that an option asks for, if one does."""
    if options.slice_through is None:
        return stored
    return replace(stored, plane=_through(options.slice_through))


def _enumerate(options: argparse.Namespace) -> CellComplex | Pieces:
    stored = load_network(options.net)
    with _named(options.net), _layers(stored) as progress:
        found: CellComplex | Pieces = enumerate_regions(
            stored.network, **_where(stored, options), progress=progress
        )
    return found


def _where(stored: Stored, options: argparse.Namespace) -> dict[str, Any]:
    window, slice = options.window, stored.slice
    if isinstance(window, Path):
        return {**read_vnnlib(window).where(), "max_regions": options.max_regions}
    if window is UNIT_SQUARE and stored.window is not None:
        window = stored.window
    if options.slice_through is not None:
        slice = _through(options.slice_through)
    return {"slice": slice, "window": window, "max_regions": options.max_regions}


def _through(text: str) -> Slice:
    """The plane through three rows of an array in a file."""
    found = re.fullmatch(r"(.+?\.npz)(?::([^:]+))?:([0-9]{1,9}),([0-9]{1,9}),([0-9]{1,9})", text)
    if found is None:
        raise SliceError(f"argument --slice-through: {text!r} is not DATA.npz[:NAME]:I,J,K")
    path, name, *rows = found.groups()
    arrays = read_npz(Path(path))
    name = next(iter(arrays), "") if name is None and len(arrays) == 1 else name
    if name not in arrays:
        raise SliceError(f"{path} holds {', '.join(arrays)}; write {path}:NAME:{','.join(rows)}")
    if arrays[name].ndim < 2 or max(map(int, rows)) >= len(arrays[name]):
        raise SliceError(
            f"{path}: {name} has shape {arrays[name].shape}, without row {max(map(int, rows))}"
        )
    with _named(path):
        return Slice.through(*(arrays[name][int(row)] for row in rows))


def _layers(stored: Stored) -> AbstractContextManager[Progress]:
    """A bar over hidden layers, on a terminal only and only for work of some seconds."""
    return bar(len(stored.network.widths), delay=2)


if __name__ == "__main__":
    sys.exit(main())
