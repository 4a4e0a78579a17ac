"""Results and counts in other processes: after a fork, and through pickle."""

import pickle

import numpy as np
import pytest
from builders import random_net

from geomtoy import (
    CellComplex,
    Network,
    Pieces,
    enumerate_decision_boundary,
    enumerate_level_set,
    enumerate_regions,
)  # fmt: skip

RESULTS = {
    "plane": lambda: enumerate_regions(random_net(2, 5, 4, 2, seed=0, denominator=3)),
    "unbounded": lambda: enumerate_regions(random_net(2, 5, 4, 2, seed=0, denominator=3), window=None),
    "line": lambda: enumerate_regions(random_net(1, 5, 4, 2, seed=0, denominator=3)),
    "whole line": lambda: enumerate_regions(random_net(1, 5, 4, 2, seed=0), window=None),
}


def asked(found: CellComplex | Pieces) -> list:
    """Much of what a result can say, so that everything it remembers is filled."""
    cells = found.complex if isinstance(found, Pieces) else found
    ends = np.flatnonzero(~cells.at_infinity)[:3].tolist()
    places = [0.0, 0.25] if isinstance(found, Pieces) else [(0.0, 0.25)]
    return [
        cells.vertices.tolist(), cells.areas().tolist(), cells.A_omega.tolist(), cells.b_omega.tolist(),
        cells.edge_unit.tolist(), cells.linear_region.tolist(), cells.activation_patterns.tolist(),
        [cells.exact_vertex(v) for v in ends], cells.exact_map(0), found.locate(places).tolist(),
        found.certify().valid, len(found), found.n_linear_regions,
    ]  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_pickled_before_and_after_they_are_asked(name):
    found = RESULTS[name]()
    fresh = pickle.loads(pickle.dumps(found))
    said = asked(found)
    full = pickle.loads(pickle.dumps(found))
    assert asked(fresh) == said
    assert asked(full) == said


@pytest.mark.parametrize("width", [1, 2])
def test_level_sets_are_pickled(width):
    net = Network(random_net(width, 5, 4, 3, seed=1, denominator=3).layers)
    for enumerate_set in (enumerate_level_set, enumerate_decision_boundary):
        found = enumerate_set(net)
        again = pickle.loads(pickle.dumps(found))
        assert [line.exact_vertices() for line in again.polylines] == [
            line.exact_vertices() for line in found.polylines
        ]
        assert again.points == found.points
        assert again.n_components == found.n_components
