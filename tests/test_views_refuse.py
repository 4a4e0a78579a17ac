"""What is no block, no plane or no surface is refused in a sentence by every view of a block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from soft_blocks import block, place

from geomtoy import Network, Segment, save, views
from geomtoy.block_files import StoredBlock
from geomtoy.errors import NetworkError, SliceError
from geomtoy.views.mlp_input import reachable_window

WINDOW = [(0, 0), (1, 0), (0, 1)]
ON_PLANES = {
    "count": lambda one, still, plane: views.count_regions_on_plane(one, plane, tokens=still),
    "cells": lambda one, still, plane: views.enumerate_regions_on_plane(one, plane, tokens=still),
    "hard": lambda one, still, plane: views.enumerate_hard_attention(harder(one), still, plane),
    "frozen": lambda one, still, plane: views.enumerate_frozen(one, still, -1, plane),
    "MLP": lambda one, _, plane: views.enumerate_mlp_input(one, plane, WINDOW),
    "reachable": lambda one, still, plane: reachable_window(one, still, plane),
}
OTHERS = {
    "along": lambda one, *_: views.count_regions_along(one, (0, 1)),
    "estimate": lambda one, *_: views.estimate_regions_along(one, (0, 1)),
    "changes": lambda one, *_: views.estimate_pattern_changes(one, (0, 1)),
    "surface": lambda one, *_: views.count_regions_on_surface(
        one, views.TokenSurface(np.ones((3, 2, 4)))
    ),
    "amplitude": lambda one, *_: views.TokenSurface.time_and_amplitude(one),
}


def harder(one):
    return replace(one, hard=True) if hasattr(one, "hard") else one


def each(cases):
    return pytest.mark.parametrize("view", cases.values(), ids=cases)


@each(ON_PLANES | OTHERS)
@pytest.mark.parametrize("kind", ["Network", "StoredBlock"])
def test_what_is_no_block(view, kind):
    plane, still = place(block(0), 0, "query")
    other = {"Network": Network([(np.eye(4), np.zeros(4))]), "StoredBlock": StoredBlock(block(0))}[kind]
    with pytest.raises(
        NetworkError, match=rf"^{kind} is no BlockArrays; take .*load_block\(path\)\.block"
    ):
        view(other, still, plane)


@each(ON_PLANES)
def test_what_is_no_plane(view):
    plane, still = place(block(0), 0, "query")
    for other in ((plane.origin, plane.u, plane.v), Segment(plane.origin, plane.u), None):
        sentence = f"a plane is a geomtoy.Slice, no {type(other).__name__}; make one"
        with pytest.raises(SliceError, match=f"^{sentence}$"):
            view(block(0), still, other)


def test_what_is_no_surface():
    plane, _ = place(block(0), 0, "query")
    with pytest.raises(SliceError, match=r"a surface is a geomtoy\.views\.TokenSurface, no Slice"):
        views.count_regions_on_surface(block(0), plane)


def test_what_is_no_plane_is_not_saved(tmp_path):
    for what, where in ((block(0), "plane"), (Network([(np.eye(4), np.zeros(4))]), "slice")):
        with pytest.raises(SliceError, match="no tuple"):
            save(tmp_path / "saved.npz", what, **{where: (np.zeros(4), np.eye(4)[0], np.eye(4)[1])})
    assert not list(tmp_path.iterdir())
