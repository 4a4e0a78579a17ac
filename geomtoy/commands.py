"""What the command line does with stored networks and blocks: count, list, draw, compare, verify."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from geomtoy.answers import compare, verify
from geomtoy.answers.records import comparison_record, level_set_record, verdict_record
from geomtoy.block_files import StoredBlock
from geomtoy.errors import FileError, GeomtoyError, SettingError, WindowError, named
from geomtoy.files import Stored, any_of
from geomtoy.importers.vnnlib import read_vnnlib
from geomtoy.loading import load_any
from geomtoy.npz import unpacked, write_npz
from geomtoy.places import moved, where
from geomtoy.progress import Progress, bar
from geomtoy.regions import (
    CellComplex,
    LevelSet,
    Pieces,
    count_regions,
    enumerate_decision_boundary,
    enumerate_level_set,
    enumerate_regions,
)
from geomtoy.regions.results.geojson import write_geojson
from geomtoy.writing import written_aside

if TYPE_CHECKING:
    from geomtoy.plots.quick import Level
    from geomtoy.views import CurvedComplex

MEMORY_FULL = "memory is full; look at a smaller window or give --max-regions"
DRAWN = (".png", ".pdf", ".svg")


def say(what: object) -> None:
    """One sentence on stderr."""
    print(f"geomtoy: {what}", file=sys.stderr)


def count(options: argparse.Namespace) -> None:
    """Count one network after another; what is wrong with one is said, and the others are counted."""
    failed = []
    for net in options.nets:
        try:
            print(json.dumps(_record(net, options)), flush=True)
        except (GeomtoyError, MemoryError) as error:
            if len(options.nets) == 1:
                raise
            say(error if isinstance(error, GeomtoyError) else f"{net}: {MEMORY_FULL}")
            failed.append(net)
    if failed:
        raise FileError(
            f"{len(failed)} of {len(options.nets)} networks not counted: {', '.join(failed)}"
        )


def _record(net: str, options: argparse.Namespace) -> dict[str, Any]:
    """What is printed about a network or a block."""
    stored = _opened(net, options)
    if isinstance(stored, StoredBlock):
        _refuse_levels(options)
        from geomtoy.views.command import count_block  # loads kernels that networks do not need

        with named(net):
            return count_block(net, moved(stored, options), options)
    start = perf_counter()
    with named(net), _layers(stored) as progress:
        count = count_regions(
            stored.network,
            **where(stored, options),
            linear=not options.no_linear,
            full_check=options.full_check,
            progress=progress,
            max_seconds=options.max_seconds,
        )
    crossed = _level_set(net, stored, options)
    return {
        "net": net,
        "regions": count.regions,
        "linear_regions": count.linear_regions,
        "certified": count.certified,
        "seconds": round(perf_counter() - start, 6),
        "signs": count.signs,
        "rational_signs": count.rational_signs,
    } | ({} if crossed is None else {"level_set": level_set_record(crossed)})


def _opened(net: str, options: argparse.Namespace) -> Stored | StoredBlock:
    """What a file or standard input holds; warnings are said in one sentence each."""
    if net == "-":
        return any_of(unpacked(BytesIO(sys.stdin.buffer.read()), "standard input"), "standard input")
    with warnings.catch_warnings(record=True, action="always") as warned:
        stored = load_any(net, logits=options.logits)
    for warning in warned:
        say(f"{net}: {warning.message}")
    return stored


def _network(net: str, options: argparse.Namespace) -> Stored:
    stored = _opened(net, options)
    if isinstance(stored, StoredBlock):
        raise FileError(f"{net} holds a transformer block and no network; give networks")
    return stored


def list_regions(options: argparse.Namespace) -> None:
    """Write the cells of a network or block."""
    out = Path(options.out)
    if out.suffix not in (".npz", ".geojson"):
        raise FileError(f"cannot write {out}: the name must end in .geojson or .npz")
    stored = _opened(options.net, options)
    if isinstance(stored, StoredBlock):
        _write_curved(_curved(stored, options), out)
        return
    found = _enumerate(stored, options)
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


def draw(options: argparse.Namespace) -> None:
    """Draw the partition of a network or block."""
    from geomtoy.plots.quick import (  # loads matplotlib, which counting does not need
        plot_curved,
        plot_regions,
    )

    out = Path(options.out)
    if out.suffix not in DRAWN:
        raise FileError(f"cannot write {out}: the name must end in {', '.join(DRAWN)}")
    if options.window is None:
        raise WindowError("the whole plane cannot be drawn; give a bounded --window")
    stored = _opened(options.net, options)
    if isinstance(stored, StoredBlock):
        _refuse_levels(options)
        plot_curved(_curved(stored, options), out)
        return
    plot_regions(_enumerate(stored, options), out, _level(stored, options))


def compare_networks(options: argparse.Namespace) -> None:
    """Print where and by how much two networks differ."""
    one, other = (_network(net, options) for net in options.nets)
    place = where(one if one.slice or one.window is not None else other, options)
    start = perf_counter()
    with named(" and ".join(options.nets)):
        found = compare(one.network, other.network, **place)
        cells = [enumerate_regions(stored.network, **place) for stored in (one, other)]
    record = comparison_record(found, *cells)
    print(json.dumps({"nets": options.nets, **record, "seconds": round(perf_counter() - start, 6)}))


def verify_network(options: argparse.Namespace) -> None:
    """Print whether a specification holds, or a counterexample."""
    stored, asked = _network(options.net, options), read_vnnlib(options.spec)
    start = perf_counter()
    with named(options.net):
        found = verify(stored.network, asked, max_regions=options.max_regions)
    record = {"net": options.net, "spec": options.spec, **verdict_record(found)}
    print(json.dumps({**record, "seconds": round(perf_counter() - start, 6)}))


def _refuse_levels(options: argparse.Namespace) -> None:
    if options.level_set is not None or options.decision_boundary:
        raise SettingError("a soft block has no level set; leave --level-set, --decision-boundary out")


def _level(stored: Stored, options: argparse.Namespace) -> Level | None:
    found = _level_set(options.net, stored, options)
    if found is None:
        return None
    from geomtoy.plots.quick import Level

    if options.decision_boundary:
        return Level("decision boundary", None, found)
    return Level(f"output {options.level_of} = {options.level_set:g}", options.level_set, found)


def _level_set(net: str, stored: Stored, options: argparse.Namespace) -> LevelSet | None:
    """The level set or decision boundary that an option asks for, if one does."""
    if options.level_set is not None and options.decision_boundary:
        raise SettingError("--level-set and --decision-boundary are two things; give one of them")
    if options.level_of and options.level_set is None:
        raise SettingError("--level-of is about --level-set; give that, too")
    with named(net):
        if options.decision_boundary:
            return enumerate_decision_boundary(stored.network, **where(stored, options))
        if options.level_set is None:
            return None
        return enumerate_level_set(
            stored.network, output=options.level_of, level=options.level_set, **where(stored, options)
        )


def _curved(stored: StoredBlock, options: argparse.Namespace) -> CurvedComplex:
    from geomtoy.views.command import enumerate_block  # loads kernels that networks do not need

    with named(options.net):
        return enumerate_block(moved(stored, options), options)


def _enumerate(stored: Stored, options: argparse.Namespace) -> CellComplex | Pieces:
    with named(options.net), _layers(stored) as progress:
        found: CellComplex | Pieces = enumerate_regions(
            stored.network,
            **where(stored, options),
            progress=progress,
            max_seconds=options.max_seconds,
        )
    return found


def _layers(stored: Stored) -> AbstractContextManager[Progress]:
    """A bar over hidden layers, on a terminal only and only for work of some seconds."""
    return bar(len(stored.network.widths), delay=2)
