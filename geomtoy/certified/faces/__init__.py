"""Faces of a proven arrangement of curves: the planar graph, its faces, their signs, areas, borders.

From what `curves.arrange` has proven to what is handed out:
- `chains`: arcs in order along each curve, and where on it a point lies, as an interval
- `stops`: crossings and ends of curves in proven order, sharpened where they were not told apart
- `graph`: vertices, edges, the order around a vertex, cycles
- `probe`: all zeros on a vertical line; the signs of all functions at a point
- `trace`: polylines with a proven distance from the curves
- `build`: joins these; the only one that others call
"""

from geomtoy.certified.faces.build import Faces, build_faces
from geomtoy.certified.faces.probe import signs_at

__all__ = ["Faces", "build_faces", "signs_at"]
