"""What every view returns: counts, how they were obtained, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BlockRegions:
    """Regions of a block in one view.

    Args:
        view: what was cut into regions.
        guarantee: for what the counts are exact, in words.
        certified: whether every decision was proven.
        regions: activation regions.
        linear_regions: those with one affine map, joined; None where maps are not affine.
        cells: the partition itself.
    """

    view: str
    guarantee: str
    certified: bool
    regions: int
    linear_regions: int | None
    cells: Any
