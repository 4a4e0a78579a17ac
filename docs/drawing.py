"""docs/design.png: one layer cuts two cells, with the words of docs/design.md beside what they mean."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from geomtoy import UNIT_SQUARE, Network
from geomtoy.regions.engine.cutting import Cutting, cut_layer
from geomtoy.regions.engine.meetings import Meetings, find_meetings
from geomtoy.regions.engine.run import Enumeration, resolve_window
from geomtoy.regions.topology.mesh import Mesh

OUT = Path(__file__).parent / "design.png"
CUT, POINT, MEETING = "#0072b2", "#d55e00", "#009e73"


def example() -> Network:
    """One unit bends; two pass x + 4 and y + 4 on, which is > 0 on the window.

    The second layer's units see those three. The last is a twin of the first, four lines are concurrent.
    """
    first = np.array([[1, 0.25], [1, 0], [0, 1]]), np.array([0.25, 4, 4])
    W = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 1], [0, 1, -1], [2, 0, 1], [0, 2, 0]])
    b = np.array([-0.3, 0.2, -0.1, -0.5, -0.15, -0.6]) - W[:, 1:] @ [4, 4]
    return Network([first, (W, b), (np.ones((1, len(b))), [0])])


def second_layer() -> tuple[Mesh, Cutting, Meetings]:
    """The mesh after the first layer, how the second cuts it, and where chords meet."""
    network = example()
    run = Enumeration(network, None, resolve_window(network, None, UNIT_SQUARE)[0], None)
    mesh, maps = run.through(1, None)
    cutting = cut_layer(run.subject, mesh, 2, maps)
    return mesh, cutting, find_meetings(cutting, run.subject)


def edge_points(mesh: Mesh, cutting: Cutting) -> np.ndarray:
    """Where cuts meet edges (points, 2), in the order of the vertices that are made of them."""
    found = cutting.edge_points
    leads = ~found.order.tied
    edge = np.repeat(np.arange(len(mesh.tail)), np.diff(found.start))[leads]
    lines = cutting.lines[found.member[found.order.order[leads]], :3]
    places = np.column_stack([mesh.x, mesh.y])
    tail, head = places[mesh.tail[edge]], places[mesh.head[edge]]
    here, there = ((lines[:, :2] * end).sum(axis=1) + lines[:, 2] for end in (tail, head))
    return tail + (here / (here - there))[:, None] * (head - tail)


def meeting_places(cutting: Cutting, meetings: Meetings) -> np.ndarray:
    """Where chords meet (points, 2)."""
    two = cutting.lines[meetings.lines - cutting.first_line, :3]
    return np.linalg.solve(two[..., :2], -two[..., 2:])[..., 0]


def chord_ends(mesh: Mesh, cutting: Cutting) -> list[tuple[np.ndarray, bool]]:
    """Both ends (2, 2) of each chord, and whether it has twins."""
    places = np.concatenate([np.column_stack([mesh.x, mesh.y]), edge_points(mesh, cutting)])
    chords, found = cutting.chords, []
    for c in range(len(chords.cells)):
        border = chords.border_vertex[chords.border_start[c] : chords.border_start[c + 1]]
        for k in range(chords.start[c], chords.start[c + 1]):
            ends = places[border[[chords.first[k], chords.last[k]]]]
            found.append((ends, bool(chords.next_twin[chords.crossing[k]] >= 0)))
    return found


def draw() -> None:
    """Write docs/design.png."""
    mesh, cutting, meetings = second_layer()
    figure, axes = plt.subplots(figsize=(7.4, 5), layout="constrained")
    for edge in range(len(mesh.tail)):
        ends = [mesh.tail[edge], mesh.head[edge]]
        axes.plot(mesh.x[ends], mesh.y[ends], color="black", lw=2.5 if mesh.line[edge] >= 4 else 1.2)
    for ends, twin in chord_ends(mesh, cutting):
        axes.plot(*ends.T, color=CUT, lw=3.5 if twin else 1.4, zorder=1)
    axes.scatter(*edge_points(mesh, cutting).T, s=42, color=POINT, zorder=3)
    axes.scatter(*meeting_places(cutting, meetings).T, s=55, marker="s", color=MEETING, zorder=3)
    for height, (text, place) in words(mesh, cutting, meetings):
        axes.annotate(
            text, place, xytext=(1.1, height), va="center", fontsize=9.5,
            arrowprops={"arrowstyle": "->", "color": "0.35", "shrinkB": 4, "relpos": (0, 0.5)},
        )  # fmt: skip
    axes.set(xlim=(-1.02, 2.05), ylim=(-1.03, 1.03), aspect="equal")
    axes.set_axis_off()
    figure.savefig(OUT, dpi=110, metadata={"Software": None})


def words(
    mesh: Mesh, cutting: Cutting, meetings: Meetings
) -> list[tuple[float, tuple[str, np.ndarray]]]:
    """Height and text of each word, and what its arrow shows."""
    ends = chord_ends(mesh, cutting)
    twins = next(both for both, twin in ends if twin)
    chord = max((both for both, twin in ends if not twin), key=lambda both: np.ptp(both[:, 1]))
    points = edge_points(mesh, cutting)
    sizes, met = np.bincount(meetings.incidence.chord_point), meeting_places(cutting, meetings)
    many, two = int(sizes.argmax()), int(sizes.argmin())
    edge = int(np.flatnonzero(mesh.line >= 4)[0])
    bent = np.array([axis[[mesh.tail[edge], mesh.head[edge]]] for axis in (mesh.x, mesh.y)]) @ [0.1, 0.9]
    texts = [
        ("edge of the mesh, on the line\nof a unit of the first layer", bent),
        ("twins: two cuts on one chord", np.array([0.25, 0.75]) @ twins),
        ("point: where cuts meet an edge", points[np.lexsort(points[:, ::-1].T)[-1]]),
        (f"meeting of {sizes[many]} chords,\n{sizes[many] * (sizes[many] - 1) // 2} pairs",
         met[many]),
        ("chord: where a cut crosses a cell\n(that cut and cell: a crossing)",
         np.array([0.3, 0.7]) @ chord[chord[:, 0].argsort()]),
        ("meeting of one pair", met[two]),
    ]  # fmt: skip
    return list(zip([0.85, 0.65, 0.45, 0.1, -0.3, -0.62], texts, strict=True))


if __name__ == "__main__":
    draw()
