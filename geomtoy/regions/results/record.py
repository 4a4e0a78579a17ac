"""What a complex says, as the plain numbers that `geomtoy.certify` checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geomtoy.certify import Record
from geomtoy.regions.numbers.bounds import map_in_slice_errors, rounding_error
from geomtoy.regions.topology.mesh import Mesh

if TYPE_CHECKING:
    from geomtoy.regions.results.complex import CellComplex


def record(complex: CellComplex) -> Record:
    """The claims of a complex.

    Raises:
        ValueError, LookupError, ArithmeticError: its parts do not fit together.
    Cost: linear regions and float maps are computed if they are not yet.
    """
    sub, frame = complex.subdivision, complex.subdivision.frame
    _refuse_wild_ids(sub.mesh)
    _, rows, error, segment = sub.output_maps
    origin, u, v = frame.slice_vectors()
    return Record(
        network=complex.network,
        origin=origin,
        u=u,
        v=v,
        window=None if frame.unbounded else frame.corners_in_slice(),
        edges=complex.edges,
        edge_cells=complex.edge_cells,
        edge_source=np.column_stack([complex.edge_layer, complex.edge_unit]),
        edge_direction=sub.mesh.direction,
        cell_start=complex.cell_start,
        cell_corners=complex.cell_corners,
        cell_edges=sub.mesh.half >> 1,
        patterns=complex.activation_patterns,
        linear_region=complex.linear_region,
        at_infinity=complex.at_infinity,
        vertices=complex.vertices,
        vertex_error=complex.vertex_error,
        centre=frame.centre,
        scale=frame.scale,
        frame_vertices=np.column_stack([sub.mesh.x, sub.mesh.y]),
        frame_error=sub.mesh.d,
        A_omega=complex.A_omega,
        b_omega=complex.b_omega,
        **map_errors(complex),
        frame_maps=rows,
        frame_map_error=error[segment],
    )


def _refuse_wild_ids(mesh: Mesh) -> None:
    """Kernels follow these numbers without a look at the ends of arrays."""
    ids = {"half": 2 * len(mesh.tail), "tail": len(mesh.x), "head": len(mesh.x)}
    for name, end in ids.items():
        numbers = getattr(mesh, name)
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= end):
            raise ValueError(f"{name} holds a number that is not in 0..{end - 1}")
    if mesh.start[0] != 0 or mesh.start[-1] != len(mesh.half) or (np.diff(mesh.start) < 0).any():
        raise ValueError("start does not divide the boundaries")


@np.errstate(over="ignore", invalid="ignore")
def map_errors(complex: CellComplex) -> dict[str, np.ndarray]:
    """Bounds on the errors of `A_omega` and `b_omega`, (F, d_out) each.

    Maps that were not known well are rounded from the exact ones.
    """
    frame, (_, rows, error, segment) = complex.subdivision.frame, complex.subdivision.output_maps
    A, b = complex.A_omega, complex.b_omega
    centre = np.array(frame.centre, float)
    slope, offset = map_in_slice_errors(A, rows[:, 2], error[segment], centre, float(frame.scale))
    rounded = ~complex.maps_well_known
    return {
        "A_error": np.where(rounded, rounding_error(A).max(axis=2), slope),
        "b_error": np.where(rounded, rounding_error(b), offset),
    }
