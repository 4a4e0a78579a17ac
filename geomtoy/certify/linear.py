"""Linear regions: components of cells across edges on whose two sides the exact map is one."""

from __future__ import annotations

import numpy as np
from flint import fmpz
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geomtoy.certify.record import Record


def linear_regions(record: Record, outputs: list[tuple[fmpz, ...]]) -> str | None:
    """Whether labels are those of the components, 0, 1, ... in the order of first cells."""
    number: dict[tuple[fmpz, ...], int] = {}
    of_cell = np.array([number.setdefault(rows, len(number)) for rows in outputs])
    one, other = record.edge_cells[record.inner_edges].T
    same = of_cell[one] == of_cell[other]
    graph = coo_array((np.ones(same.sum()), (one[same], other[same])), shape=(record.n_cells,) * 2)
    _, label = connected_components(graph, directed=False)
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    wrong = np.flatnonzero(rank[inverse] != record.linear_region)
    return f"cell {wrong[0]} is in another linear region" if len(wrong) else None
