"""All checks of a record, in an order in which each may rest on those before."""

from __future__ import annotations

import numpy as np

from geomtoy.certify import floats, geometry, topology
from geomtoy.certify.borders import borders, sources
from geomtoy.certify.linear import linear_regions
from geomtoy.certify.record import Certificate, Record
from geomtoy.certify.walk import Walk


def certify(record: Record) -> Certificate:
    """Check a complex without the code that made it; what is proven stands in `geomtoy.certify`.

    structure: arrays have their shapes, and numbers their ranges.
    boundaries: edges close up around each cell, and each borders the cells that it names.
    sides: those cells are on its left and right as it says, and its direction is that of its unit.
    euler: V - E + F = 1.
    window: vertices lie in it, and edges without a second cell run around it once.
    convexity: each cell turns left at every corner (or, where maxima merged cells, goes straight on).
    patterns: all differ, and units are on the recorded pieces on the whole of each cell.
    sources: the unit that an edge names switches on it.
    linear_regions: labels are those of the components of cells with one exact map.
    vertices, maps: floats are as near to the exact numbers as their bounds say.

    Exactness: exact. Cost: O(sum of n_l n_{l-1}) integer products a cell, O(sum of n_l) a vertex.
    """
    checks: dict[str, str | None] = {"structure": topology.structure(record)}
    if checks["structure"]:
        return Certificate(checks)
    checks["boundaries"] = topology.boundaries(record)
    if checks["boundaries"]:
        return Certificate(checks)
    checks |= {"sides": topology.edge_sides(record), "euler": topology.euler(record)}
    found = borders(record)
    if isinstance(found, str):
        return Certificate({**checks, "patterns": found})
    n_sides = 4 if record.window is None else len(record.window)
    checks["window"] = topology.outline(record, n_sides)
    if checks["window"]:
        return Certificate(checks)
    walk = Walk(record, found)
    exact = walk.run()
    checks["window"] = geometry.inside(record, found, exact.places, walk.sides)
    checks["convexity"] = geometry.convexity(record, exact.places)
    checks["patterns"] = exact.beyond or _repeated(record)
    checks["sources"] = sources(record, found)
    checks["linear_regions"] = linear_regions(record, exact.outputs)
    checks["vertices"] = floats.vertices(record, exact.places)
    checks["maps"] = floats.maps(record, exact.outputs, exact.scale)
    return Certificate(checks)


def _repeated(record: Record) -> str | None:
    distinct = len(np.unique(record.patterns, axis=0))
    return None if distinct == record.n_cells else "two cells have the same activation pattern"
