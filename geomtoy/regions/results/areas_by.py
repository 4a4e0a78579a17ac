"""Areas by what cells belong to; classes need an enumeration of their own."""

from __future__ import annotations

from typing import Any

from geomtoy.errors import SettingError
from geomtoy.regions.results.areas import By, exact_areas, summed
from geomtoy.regions.results.complex import CellComplex
from geomtoy.regions.results.output_cuts import refine_by_class


def areas_by(complex: CellComplex, by: By, exact: bool) -> Any:
    """See `CellComplex.areas`."""
    if by == "class":
        return _class_areas(complex, exact)
    if by not in ("cell", "linear_region"):
        raise SettingError(f"areas by {by!r} are not known; ask by 'cell', 'linear_region' or 'class'")
    cells: Any = exact_areas(complex) if exact else complex.cell_areas
    if by == "cell":
        return cells
    return summed(cells, complex.linear_region, complex.n_linear_regions)


def _class_areas(complex: CellComplex, exact: bool) -> Any:
    frame = complex.subdivision.frame
    window = None if frame.unbounded else frame.corners_in_slice()
    refined = refine_by_class(complex.network, frame.slice(), window, None)
    cells: Any = exact_areas(refined.complex) if exact else refined.complex.cell_areas
    return summed(cells, refined.winner, max(complex.network.d_out, 2))
