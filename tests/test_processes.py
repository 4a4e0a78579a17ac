"""Results and counts in other processes: after a fork, and through pickle."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from zoo import random_net

from geomtoy import (
    CellComplex,
    Network,
    Pieces,
    enumerate_decision_boundary,
    enumerate_level_set,
    enumerate_regions,
)  # fmt: skip

FORKED = """
import os, signal
from geomtoy import count_regions
from geomtoy.models.gaussian import gaussian_network
from geomtoy.regions import threads
threads.WORTH = 0
os.sched_getaffinity = lambda _: {0, 1}
net = gaussian_network((2, 8, 6, 1), seed=0)
before = count_regions(net)
child = os.fork()
if not child:
    signal.alarm(30)  # a pool without threads waits for ever
    os._exit(0 if count_regions(net) == before else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_count_after_a_fork():
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


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
