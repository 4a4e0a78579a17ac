"""Computes the attention section of the teaching page: geomtoy/demo/page/attention.json (seconds).

One untrained block, of which fewer heads or tokens are the first of more: with hard attention its exact
counts, which the page counts again; with softmax its certified borders at some sharpnesses. A count that
is not certified stops the script. Polylines are rounded to the grid of `demo_data`, for drawing only.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from demo_data import CONTEXTS, GRID, HEADS, SEED, packed
from figure import ROOT
from geometric_perspective.planes import (
    D_HEAD,
    D_MODEL,
    HIDDEN,
    REACH,
    WINDOW,
    partition,
    random_case,
)
from tqdm import tqdm

from geomtoy.views import CurvedComplex, enumerate_regions_on_plane
from geomtoy.writing import written_aside

SOFT_HEADS, SOFT_CONTEXTS, SHARPNESS = (1, 2, 4), (4, 8, 16), (1, 2, 4, 8, 16)
TOLERANCE = 0.01


def main(out: Path = ROOT / "geomtoy/demo/page/attention.json") -> None:
    """
    Args:
        out: the file.
    """
    pairs = list(product(HEADS, CONTEXTS))
    soft = list(product(SOFT_HEADS, SOFT_CONTEXTS))
    data = {
        "block": stored_block(),
        "hard": {f"{H},{C}": hard_counts(H, C) for H, C in tqdm(pairs, unit="partition")},
        "sharpness": SHARPNESS,
        "soft": {f"{H},{C}": soft_records(H, C) for H, C in tqdm(soft, unit="block")},
    }
    with written_aside(out) as aside:
        aside.write_text(json.dumps(data, separators=(",", ":"), sort_keys=True) + "\n")


def stored_block() -> dict[str, Any]:
    """The largest block in float64; W_O as drawn, before it is divided by sqrt(heads x head size)."""
    block, tokens, plane = random_case(SEED, 16, max(CONTEXTS))
    n, W_O = max(HEADS), 8 * block.W_O  # it was divided by sqrt(16 * 4), without rounding
    (W1, b1), (W2, b2) = block.mlp.float_layers
    arrays = {
        "Q": block.W_Q[:n],
        "K": block.W_K[:n],
        "V": block.W_V[:n],
        "O": W_O[:n],
        "W1": W1,
        "b1": b1,
        "W2": W2,
        "b2": b2,
        "tokens": tokens,
        "plane": [plane.u, plane.v, plane.origin],
    }
    shape = {"d": D_MODEL, "f": D_HEAD, "hidden": HIDDEN}
    return shape | {
        "arrays": {name: packed(np.asarray(one, float).ravel(), "<f8") for name, one in arrays.items()}
    }


def hard_counts(n_heads: int, context: int) -> dict[str, int]:
    cells = partition(random_case(SEED, n_heads, context))
    return {"regions": len(cells), "attention": len(cells.polygons)}


def soft_cells(n_heads: int, context: int, sharpness: float) -> CurvedComplex:
    """With the scores times a number; as the own key is masked, hard attention is the limit."""
    block, tokens, plane = random_case(SEED, n_heads, context)
    return enumerate_regions_on_plane(
        replace(block, hard=False, scale=float(sharpness)),
        plane,
        tokens=tokens,
        self_key="masked",
        window=WINDOW,
        tolerance=TOLERANCE,
    )


def soft_records(n_heads: int, context: int) -> dict[str, Any]:
    return {str(s): soft_record(n_heads, context, s) for s in SHARPNESS}


def soft_record(n_heads: int, context: int, sharpness: float) -> dict[str, Any]:
    """Every edge once, as a polyline; the cells as closed ways along half-edges."""
    found = soft_cells(n_heads, context, sharpness)
    arcs = [found.arc(edge) for edge in range(found.n_edges)]
    cycles = [found.half_edges(cell) for cell in range(found.n_cells)]
    rounded = np.rint((np.concatenate(arcs) + REACH) / (2 * REACH) * GRID).clip(0, GRID)
    return {
        "regions": found.n_cells,
        "sizes": packed(np.array([len(arc) for arc in arcs]), "<u2"),
        "xy": packed(rounded, "<u2"),
        "border": packed(found.edge_layer, "<u1"),
        "cycles": packed(np.array([len(one) for one in cycles]), "<u1"),
        "lengths": packed(np.array([len(way) for one in cycles for way in one]), "<u2"),
        "ways": packed(np.concatenate([way for one in cycles for way in one]), "<u2"),
        "patterns": packed(found.activation_patterns @ (1 << np.arange(HIDDEN)), "<u2"),
    }


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
