"""Meshes of two subdivisions, compared entry by entry."""

import numpy as np

TOPOLOGY = ("tail", "head", "line", "direction", "start", "half", "lines")


def assert_same_meshes(one, other):
    for name in TOPOLOGY:
        np.testing.assert_array_equal(getattr(one.mesh, name), getattr(other.mesh, name), name)
