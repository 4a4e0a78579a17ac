"""What the command line does with a stored transformer block: count, list and draw its regions."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from time import perf_counter
from typing import Any

from geomtoy.block_files import StoredBlock
from geomtoy.errors import BudgetError, SliceError, WindowError
from geomtoy.slices import UNIT_SQUARE
from geomtoy.views.curved_complex import CurvedComplex
from geomtoy.views.plane import count_regions_on_plane
from geomtoy.views.plane_cells import enumerate_regions_on_plane


def count_block(net: str, stored: StoredBlock, options: Namespace) -> dict[str, Any]:
    """What is printed about a block."""
    start = perf_counter()
    found = count_regions_on_plane(stored.block, **_where(stored, options))
    _few_enough(found.at_least, options)
    return {
        "net": net,
        "view": found.view,
        "regions": found.regions,
        "certified": found.certified,
        "guarantee": found.guarantee,
        "seconds": round(perf_counter() - start, 6),
        "patches": found.evaluations,
    }


def enumerate_block(stored: StoredBlock, options: Namespace) -> CurvedComplex:
    """The regions of a block, proven."""
    found = enumerate_regions_on_plane(
        stored.block, **_where(stored, options), tolerance=options.tolerance
    )
    _few_enough(len(found), options)
    return found


def _few_enough(regions: int, options: Namespace) -> None:
    if options.max_regions is not None and regions > options.max_regions:
        raise BudgetError(f"there are more than {options.max_regions} regions; raise --max-regions")


def _where(stored: StoredBlock, options: Namespace) -> dict[str, Any]:
    if stored.plane is None:
        raise SliceError(
            "the block's file names no plane; save it with plane=..., or give --slice-through"
        )
    window = options.window
    if window is None or isinstance(window, Path):
        raise WindowError("a block is looked at in a bounded window; give four corners with --window")
    if window is UNIT_SQUARE and stored.window is not None:
        window = stored.window.tolist()
    return {
        "plane": stored.plane,
        "tokens": stored.tokens,
        "moving": stored.moving,
        "window": window,
        "max_patches": options.max_patches,
    }
