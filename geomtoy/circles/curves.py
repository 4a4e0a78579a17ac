"""Which circles of a layer are there: those that meet a face's boundary, and those that lie inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.circles.loops import find_loops
from geomtoy.circles.search import alike
from geomtoy.circles.subject import Subject


@dataclass(frozen=True, eq=False)
class Curves:
    """The circles of a layer that meet faces: curve q is circle `circle[q]`, of `cut[q]` on `face[q]`.

    `twin[q]` is the first curve on the same circle of the same face, which stands for all of them.
    """

    face: np.ndarray
    cut: np.ndarray
    circle: np.ndarray
    twin: np.ndarray
    index: np.ndarray  # (F, n_cuts) the curve of a cut on a face, -1 if there is none

    @property
    def alone(self) -> np.ndarray:
        """(q,) whether a curve is the first on its circle."""
        found: np.ndarray = self.twin == np.arange(len(self.twin))
        return found


def find_curves(subject: Subject, signs: np.ndarray, met: np.ndarray) -> Curves:
    """The curves of a layer, twins told apart.

    Args:
        signs: (V, n) at the mesh's vertices.
        met: (F, n) whether a circle meets the boundary of a face; loops inside are added.
    """
    met = met | find_loops(subject, signs, met)
    face, cut = np.nonzero(met)
    first = subject.circles.append(subject.rows[face, cut], subject.layer, face, cut)
    circle = first + np.arange(len(face))
    index = np.full(met.shape, -1)
    index[face, cut] = np.arange(len(face))
    return Curves(face, cut, circle, _twins(subject, face, circle), index)


def _twins(subject: Subject, face: np.ndarray, circle: np.ndarray) -> np.ndarray:
    """The first curve on each curve's circle."""
    geometry, circles = subject.geometry, subject.circles
    start = np.searchsorted(face, np.arange(subject.mesh.n_faces + 1))
    twin = np.arange(len(face))
    for a, b in alike(circles.rows[circle], start).tolist():
        if twin[a] != a or twin[b] != b:
            continue
        k, h = (circles.exact(int(circle[q])) for q in (a, b))
        subject.tally.add(0, 1)
        if geometry.relation(k, h) == 3:
            twin[b] = a
    return twin
