"""What a complex claims, as plain numbers, and the outcome of checking it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.network import Network
from geomtoy.slices import Point, Vector


@dataclass(frozen=True)
class Certificate:
    """Outcome of each check: None where it passed, else one sentence about the first failure.

    Checks that rest on one that failed are not made and not listed.
    """

    checks: dict[str, str | None]

    @property
    def valid(self) -> bool:
        return all(failure is None for failure in self.checks.values())

    def __str__(self) -> str:
        if self.valid:
            return f"certified: {', '.join(self.checks)}"
        return "; ".join(f"{name} fails: {why}" for name, why in self.checks.items() if why)


@dataclass(frozen=True, eq=False)
class Record:
    """All that a complex of V vertices, E edges and F cells says and `certify` believes or refutes.

    Coordinates (s, t) are those of the slice: x = origin + s u + t v. Edges run from their first
    vertex to their second, cells counter-clockwise; edge i of a cell leaves its corner i.

    Args:
        window: corners, counter-clockwise; None for the square of half side R as R -> infinity.
        edge_cells: (E, 2) left and right, -1 for none.
        edge_source: (E, 2) hidden layer (from 1) and unit that make an edge; 0 and the number of the
            window's side.
        edge_direction: (E,) +1 where the unit of an edge grows from the left cell to the right one.
        patterns: (F, n) piece of each unit or winner of each maximum.
        vertices, vertex_error: (V, 2) and (V,), beside the last rounding; the direction of a vertex at
            infinity.
        centre, scale: slice = centre + scale * frame.
        frame_vertices, frame_error: (V, 2) and (V,), in the frame.
        A_omega, b_omega, A_error, b_error: (F, d_out, 2), (F, d_out), (F, d_out), (F, d_out).
        frame_maps, frame_map_error: (F, 3, d_out) and (F, d_out), in the frame.
    """

    network: Network
    origin: Vector
    u: Vector
    v: Vector
    window: tuple[Point, ...] | None
    edges: np.ndarray
    edge_cells: np.ndarray
    edge_source: np.ndarray
    edge_direction: np.ndarray
    cell_start: np.ndarray
    cell_corners: np.ndarray
    cell_edges: np.ndarray
    patterns: np.ndarray
    linear_region: np.ndarray
    at_infinity: np.ndarray
    vertices: np.ndarray
    vertex_error: np.ndarray
    centre: Point
    scale: object
    frame_vertices: np.ndarray
    frame_error: np.ndarray
    A_omega: np.ndarray
    b_omega: np.ndarray
    A_error: np.ndarray
    b_error: np.ndarray
    frame_maps: np.ndarray
    frame_map_error: np.ndarray

    @property
    def n_vertices(self) -> int:
        return len(self.vertices)

    @property
    def n_cells(self) -> int:
        return len(self.cell_start) - 1

    @property
    def corner_cell(self) -> np.ndarray:
        """Cell of each entry of `cell_corners`."""
        cells: np.ndarray = np.repeat(np.arange(self.n_cells), np.diff(self.cell_start))
        return cells

    @property
    def next_corner(self) -> np.ndarray:
        """Position of the corner that follows each one around its cell."""
        follow = np.arange(1, len(self.cell_corners) + 1)
        follow[self.cell_start[1:] - 1] = self.cell_start[:-1]
        return follow

    @property
    def inner_edges(self) -> np.ndarray:
        return np.flatnonzero((self.edge_cells >= 0).all(axis=1))
