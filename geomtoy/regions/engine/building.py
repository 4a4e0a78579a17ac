"""The mesh that a layer's cuts make: edges and cells from chords and the points where they meet."""

from __future__ import annotations

import numpy as np

from geomtoy.regions.engine.cutting import Cutting
from geomtoy.regions.engine.meetings import Meetings
from geomtoy.regions.engine.vertices import place_vertices
from geomtoy.regions.lines import Lines
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.topology import faces as fc
from geomtoy.regions.topology.mesh import Mesh


def build_layer(mesh: Mesh, cutting: Cutting, meetings: Meetings, book: Lines) -> tuple[Mesh, Level]:
    """The new mesh, and the level of its cells."""
    chords, inc, points = cutting.chords, meetings.incidence, cutting.points
    sub_first = points.edge_start[:-1] + np.arange(len(mesh.tail))
    first_edge = len(mesh.tail) + int(points.edge_start[-1])
    room = len(chords.first) + len(inc.chord_point)
    tail, head, line, direction = edges = fc.edge_pieces(mesh, points, room)
    point_lines = cutting.edge_points.vertices(mesh, cutting.first_line)
    first_meeting = points.first_vertex + len(point_lines)
    fc.chord_segments(chords, inc, cutting.first_line, first_meeting, first_edge, *edges)
    family = fc.Family(
        *fc.trace(
            mesh,
            sub_first,
            cutting.crossings.positive,
            chords,
            cutting.crossings.cut,
            inc,
            meetings.children,
            first_edge,
        )
    )
    lines = np.concatenate([mesh.lines, point_lines, meetings.lines])
    x, y, w, d = _places(mesh, lines, book)
    parent = np.repeat(np.arange(len(meetings.children)), meetings.children)
    level = Level(parent, family.bits, family.tree)
    return Mesh(x, y, w, d, lines, tail, head, line, direction, family.start, family.half), level


def _places(mesh: Mesh, lines: np.ndarray, book: Lines) -> tuple[np.ndarray, ...]:
    """x, y, w, d of all vertices, of which those of the mesh come first."""
    places = tuple(np.empty(len(lines)) for _ in range(4))
    known = len(mesh.x)
    for new, old in zip(places, (mesh.x, mesh.y, mesh.w, mesh.d), strict=True):
        new[:known] = old
    place_vertices(lines[known:], book.n_infinite, book.rows, known, places)
    return places
