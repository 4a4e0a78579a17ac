"""Results are written and read back exactly; what does not hold together is refused."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from builders import random_net
from zoo import ZOO

import geomtoy
from geomtoy import Network, Segment, Slice, cli
from geomtoy.errors import FileError, GeomtoyError
from geomtoy.layers import Affine, LayerNorm
from geomtoy.regions.results.export import to_arrays

NET = random_net(2, 6, 5, 2, seed=0)


def again(tmp_path, result):
    geomtoy.save(tmp_path / "result.npz", result)
    return geomtoy.load(tmp_path / "result.npz")


def same_arrays(one, other):
    for key, array in to_arrays(one).items():
        np.testing.assert_array_equal(array, to_arrays(other)[key], err_msg=key)


@pytest.mark.parametrize("name", ZOO)
def test_a_complex_is_read_as_it_was(tmp_path, name):
    case = ZOO[name]()
    cells = geomtoy.enumerate_regions(case.network, slice=case.slice, window=case.window)
    read = again(tmp_path, cells)
    assert type(read) is type(cells)
    same_arrays(cells, read)
    assert read.certify().valid


def test_a_complex_of_fractions_on_a_slice_keeps_every_digit(tmp_path):
    third = [[Fraction(1, 3), 1, 0], [1, Fraction(-2, 7), 1]]
    net = Network([(third, [0, Fraction(1, 3)]), ([[1, 1]], [0])], "hard_tanh")
    plane = Slice((0, Fraction(1, 9), 0), (1, 0, 1), (0, 1, Fraction(1, 5)))
    window = [(0, 0), (Fraction(1, 3), 0), (0, Fraction(5, 7))]
    cells = geomtoy.enumerate_regions(net, slice=plane, window=window)
    read = again(tmp_path, cells)
    for v in range(cells.n_vertices):
        assert read.exact_vertex(v) == cells.exact_vertex(v)
    for cell in range(len(cells)):
        assert read.exact_map(cell) == cells.exact_map(cell)
    assert (read.locate([[0.1, 0.1]]) == cells.locate([[0.1, 0.1]])).all()


@pytest.mark.parametrize("window", [(-1, 1), None])
def test_pieces_are_read_as_they_were(tmp_path, window):
    pieces = geomtoy.enumerate_regions(random_net(1, 6, 4, 1, seed=2), window=window)
    read = again(tmp_path, pieces)
    same_arrays(pieces, read)
    assert read.exact_breakpoints() == pieces.exact_breakpoints()


def level_sets():
    yield geomtoy.enumerate_level_set(NET)
    yield geomtoy.enumerate_decision_boundary(NET)
    yield geomtoy.enumerate_level_set(NET, level=1e6)
    yield geomtoy.enumerate_level_set(NET, slice=Segment((-1, -1), (1, 1)))
    peak = Network([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1] * 4], [0])])
    yield geomtoy.enumerate_level_set(peak)
    yield geomtoy.enumerate_level_set(Network([([[1, 0]], [0]), ([[1]], [0])]))


@pytest.mark.parametrize("number", range(6))
def test_level_sets_are_read_as_they_were(tmp_path, number):
    found = list(level_sets())[number]
    read = again(tmp_path, found)
    assert read.points == found.points
    assert repr(read) == repr(found)
    np.testing.assert_array_equal(read.flat, found.flat)
    np.testing.assert_array_equal(read.crossed, found.crossed)
    for one, other in zip(found.polylines, read.polylines, strict=True):
        assert (one.left, one.right) == (other.left, other.right)
        assert one.exact_vertices() == other.exact_vertices()
        np.testing.assert_array_equal(one.regions, other.regions)


PLANTED = {
    "a missing array": ("mesh_tail", None),
    "an id beyond the end": ("mesh_half", lambda x: x + 10**6),
    "a negative id": ("level1_tree", lambda x: x - 100),
    "another shape": ("mesh_lines", lambda x: x[:, :1]),
    "another kind": ("mesh_x", lambda x: x.astype(int)),
    "a cut that is not there": ("line_source", lambda x: x + np.array([0, 0, 10**3])),
    "a cut beyond the last": ("level1_bits", lambda x: x | np.uint64(2**63)),
    "a tree across parents": ("level2_tree", lambda x: x * 0),
    "a level out of order": ("level1_parent", lambda x: x[::-1] * 0 - 1),
    "boundaries that overlap": ("mesh_start", lambda x: x[::-1].copy()),
    "a frame of no size": ("frame_scale", lambda x: x * 0),
    "an unknown kind": ("geomtoy_result", lambda x: np.array("Torus")),
    "no network": ("network_W1", None),
}


@pytest.mark.parametrize(("key", "change"), PLANTED.values(), ids=PLANTED.keys())
def test_what_does_not_hold_together_is_refused(tmp_path, key, change):
    path = tmp_path / "cells.npz"
    geomtoy.save(path, geomtoy.enumerate_regions(NET))
    with np.load(path) as file:
        arrays = dict(file)
    old = arrays.pop(key)
    if change is not None:
        arrays[key] = change(old)
    np.savez(path, **arrays)
    with pytest.raises(GeomtoyError, match=r"cells\.npz: "):
        geomtoy.load(path)


def test_a_planted_pattern_is_read_and_found_by_certify(tmp_path):
    path = tmp_path / "cells.npz"
    geomtoy.save(path, geomtoy.enumerate_regions(NET))
    with np.load(path) as file:
        arrays = dict(file)
    arrays["level1_bits"][0, 0] ^= np.uint64(1)
    np.savez(path, **arrays)
    assert not geomtoy.load(path).certify().valid


def test_results_are_no_networks_and_have_no_other_window(tmp_path, capsys):
    cells = geomtoy.enumerate_regions(NET)
    geomtoy.save(tmp_path / "cells.npz", cells)
    assert cli.main(["count", str(tmp_path / "cells.npz")]) == 2
    assert "holds a CellComplex and no network" in capsys.readouterr().err
    with pytest.raises(GeomtoyError, match="has its own slice and window"):
        geomtoy.save(tmp_path / "cells.npz", cells, window=(0, 1))
    with pytest.raises(GeomtoyError, match="dict is nothing that is stored"):
        geomtoy.save(tmp_path / "cells.npz", {})
    with pytest.raises(FileError, match="does not exist"):
        geomtoy.load(tmp_path / "nothing.npz")
    json.dumps(repr(cells))


def test_points_that_a_slice_goes_through_are_kept_and_shown(tmp_path):
    """By complexes of both kinds, and by files of networks; pictures mark them with letters."""
    plane = Slice.through((0, 0, 1), (1, 0, Fraction(1, 3)), (0, 2, 0))
    for network in (random_net(3, 5, 2, seed=0), behind_a_norm(seed=0)):
        for window in ((-1, 1), None):
            cells = geomtoy.enumerate_regions(network, slice=plane, window=window)
            assert again(tmp_path, cells).marks == cells.marks == plane.marks == ((0, 0), (1, 0), (0, 1))
        shown = geomtoy.enumerate_regions(network, slice=plane, window=(-2, 2)).plot()
        assert [text.get_text() for text in shown.texts] == ["p", "q", "r"]
    geomtoy.save(tmp_path / "net.npz", NET, slice=plane)
    assert geomtoy.load(tmp_path / "net.npz").slice.marks == plane.marks
    geomtoy.save(tmp_path / "net.npz", NET, slice=Slice(plane.origin, plane.u, plane.v))
    assert geomtoy.load(tmp_path / "net.npz").slice.marks == ()


def test_a_frame_whose_centre_was_moved_names_another_slice_of_the_same_inputs(tmp_path):
    plane = Slice((0, Fraction(1, 3)), (1, 1), (0, 1))
    cells = geomtoy.enumerate_regions(NET, slice=plane, window=(1, 4))
    geomtoy.save(tmp_path / "cells.npz", cells)
    with np.load(tmp_path / "cells.npz") as file:
        arrays = dict(file)
    arrays["frame_centre"] = np.array([7.0, -2.0])
    np.savez(tmp_path / "cells.npz", **arrays)
    read = geomtoy.load(tmp_path / "cells.npz")
    assert read.certify().valid
    assert read.subdivision.frame.slice() != plane
    moved, here = (
        one.subdivision.frame.slice().embed(
            np.array([one.exact_vertex(v) for v in range(one.n_vertices)])
        )
        for one in (read, cells)
    )
    assert (moved == here).all()
    assert (np.array(read.exact_map(0)[0]) == np.array(cells.exact_map(0)[0])).all()


def behind_a_norm(seed: int) -> object:
    rng = np.random.default_rng(seed)
    hidden, last = (
        Affine(rng.integers(-4, 5, size=shape) / 4, rng.integers(-4, 5, size=shape[0]) / 4)
        for shape in ((6, 3), (5, 6))
    )
    out = Affine(rng.normal(size=(2, 5)), rng.normal(size=2))
    return geomtoy.compile_layers([LayerNorm(epsilon=0.25), hidden, "relu", last, "relu", out], 3)


@pytest.mark.parametrize("window", [(-1, 1), None])
def test_a_complex_behind_a_norm_is_read_as_it_was(tmp_path, window):
    plane = Slice((0, Fraction(1, 3), 0), (1, 0, 0), (0, 1, Fraction(1, 7)))
    cells = geomtoy.enumerate_regions(behind_a_norm(seed=1), slice=plane, window=window)
    read = again(tmp_path, cells)
    assert len(read) > 10
    same_arrays(cells, read)
    assert read.certify().valid
    bounded = [v for v in range(cells.n_vertices) if np.isfinite(cells.vertices[v]).all()]
    assert [read.exact_vertex(v) for v in bounded[:5]] == [cells.exact_vertex(v) for v in bounded[:5]]
    assert read.locate((0.1, 0.2)) == cells.locate((0.1, 0.2))
    assert read.subdivision.tally == cells.subdivision.tally


ROUND = {
    "a missing array": ("edge_tail", None),
    "a vertex beyond the end": ("edge_head", lambda x: x + 10**6),
    "a face below none": ("edge_left", lambda x: x - 2),
    "a circle that is not there": ("point_circles", lambda x: x + 10**6),
    "a cut that is not there": ("circle_cut", lambda x: x + 10**3),
    "an arc with one end": ("edge_head", lambda x: np.where(x == x.max(), -1, x)),
    "half-edges that overlap": ("first_leaving", lambda x: x[::-1].copy()),
    "bits of another layer": ("level2_packed", lambda x: x[:, :0]),
    "no norm": ("network_norm_gain", None),
}


@pytest.mark.parametrize(("key", "change"), ROUND.values(), ids=ROUND.keys())
def test_a_complex_behind_a_norm_that_does_not_hold_together_is_refused(tmp_path, key, change):
    path = edited_behind_a_norm(tmp_path, key, change)
    with pytest.raises(GeomtoyError, match=r"cells\.npz: "):
        geomtoy.load(path)


def edited_behind_a_norm(folder, key, change):
    """The path of a complex in whose file one array is changed, or missing where there is no change."""
    path = folder / "cells.npz"
    plane = Slice((0, 0, 0), (1, 0, 0), (0, 1, 0))
    geomtoy.save(path, geomtoy.enumerate_regions(behind_a_norm(seed=1), slice=plane))
    with np.load(path) as file:
        arrays = dict(file)
    old = arrays.pop(key)
    if change is not None:
        arrays[key] = change(old)
    np.savez(path, **arrays)
    return path


MOVED = {
    "a vertex": ("point_where", lambda x: x + 1e-3 * np.eye(4)[0]),
    "a vertex at no place": ("point_where", lambda x: x * np.nan),
    "a circle": ("circle_rows", lambda x: x * 1.5),
    "another circle": ("edge_circle", lambda x: x[::-1].copy()),
    "the other crossing": ("point_branch", lambda x: -x),
    "no crossing": ("point_branch", lambda x: x * 0),
}


@pytest.mark.parametrize(("key", "change"), MOVED.values(), ids=MOVED.keys())
def test_a_complex_behind_a_norm_that_was_moved_is_read_and_found_by_certify(tmp_path, key, change):
    path = edited_behind_a_norm(tmp_path, key, change)
    assert geomtoy.load(path).certify().numbers
