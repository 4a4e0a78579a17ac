"""Network files: what is saved is what is loaded, exactly, and a file is written whole or not at all."""

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from builders import random_net
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from npz_files import store
from strategies import STEPS, activations, networks, slices, windows
from zoo import ZOO

from geomtoy import UNIT_SQUARE, Network, PiecewiseLinear, Slice, load, npz, save
from geomtoy.activations import NAMED
from geomtoy.errors import FileError, WindowError
from geomtoy.npz import write_npz
from geomtoy.writing import written_aside

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


def assert_same_network(one, other):
    assert one.activations == other.activations
    for (W, b), (V, c) in zip(one.layers, other.layers, strict=True):
        np.testing.assert_array_equal(W, V)
        np.testing.assert_array_equal(b, c)


def corners(window):
    return {tuple(Fraction(z) for z in np.atleast_1d(point)) for point in window}


def saved_and_loaded(folder, network, **where):
    save(folder / "net.npz", network, **where)
    return load(folder / "net.npz")


# Round trips


@in_one_folder
@given(networks(2, 3, 4, 2, act=st.tuples(activations, activations)))
def test_networks_of_rationals_and_all_activations(tmp_path, net):
    assert_same_network(saved_and_loaded(tmp_path, net).network, net)


@pytest.mark.parametrize("name", ZOO)
def test_every_animal_of_the_zoo(tmp_path, name):
    animal = ZOO[name]()
    found = saved_and_loaded(tmp_path, animal.network, window=animal.window)
    assert_same_network(found.network, animal.network)
    assert corners(found.window) == corners(animal.window)


@in_one_folder
@given(slices(4), windows)
def test_slices_and_windows(tmp_path, plane, window):
    found = saved_and_loaded(tmp_path, random_net(4, 3, 1, seed=0), slice=plane, window=window)
    assert found.slice == plane
    assert corners(found.window) == corners(window)


@pytest.mark.parametrize("window", [(-1, 1), (Fraction(1, 3), 2.5)])
def test_windows_of_a_line(tmp_path, window):
    found = saved_and_loaded(tmp_path, random_net(1, 3, 1, seed=0), window=window)
    assert tuple(found.window) == window


def test_nothing_is_said_about_the_slice_and_the_window_unless_given(tmp_path):
    found = saved_and_loaded(tmp_path, random_net(2, 3, 1, seed=0))
    assert found.slice is None
    assert found.window is None


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
def test_numbers_keep_their_value(tmp_path, kind):
    W, b = (100 * np.random.default_rng(0).normal(size=(3, 2))).astype(kind), np.arange(3).astype(kind)
    net = saved_and_loaded(tmp_path, Network([(W, b)])).network
    np.testing.assert_array_equal(net.layers[0][0], W)
    assert net.layers[0][0].dtype == np.float64


def test_float32_files_written_by_others(tmp_path):
    third = np.full((2, 2), 1 / 3, np.float32)
    net = load(store(tmp_path / "net.npz", W1=third)).network
    assert net.layers[0][0][0, 0] == float(np.float32(1 / 3)) != 1 / 3


def test_thirds_stay_thirds_and_extreme_floats_stay_themselves(tmp_path):
    third = Network([([[Fraction(1, 3), Fraction(10**40 + 1, 10**40)]], [0])])
    W, _ = saved_and_loaded(tmp_path, third).network.layers[0]
    assert W.tolist() == [[Fraction(1, 3), Fraction(10**40 + 1, 10**40)]]
    extremes = [[5e-324, np.finfo(float).max, -0.0, np.nextafter(1, 2)]]
    W, _ = saved_and_loaded(tmp_path, Network([(extremes, [0])])).network.layers[0]
    np.testing.assert_array_equal(W, extremes)


def test_long_fractions_are_kept_and_longer_ones_refused(tmp_path):
    long = Fraction(10**4500 + 1, 10**4500)
    net = Network([([[long]], [0])])
    assert saved_and_loaded(tmp_path, net).network.layers[0][0][0, 0] == long
    with pytest.raises(FileError, match="more than 10000 digits"):
        save(tmp_path / "net.npz", Network([([[long**2]], [0])]))
    assert load(tmp_path / "net.npz").network.layers[0][0][0, 0] == long


def test_relu_needs_no_keys_and_a_known_activation_may_be_named(tmp_path):
    save(tmp_path / "net.npz", random_net(2, 3, 1, seed=0))
    with np.load(tmp_path / "net.npz") as arrays:
        assert sorted(arrays.files) == ["W1", "W2", "b1", "b2"]
    for name, act in NAMED.items():
        assert load(store(tmp_path / "net.npz", act1_name=name)).network.activations == (act,)


def test_units_of_a_layer_may_differ(tmp_path):
    net = Network([(np.eye(3), [0, 0, 0]), ([[1, 2, 4]], [0])], [["abs", STEPS, "abs"]])
    assert saved_and_loaded(tmp_path, net).network.activations == net.activations
    named = store(tmp_path / "net.npz", act1_unit=[5, 2], act1_5_name="abs", act1_2_name="relu")
    assert load(named).network.activations == ((NAMED["abs"], NAMED["relu"]),)


def test_an_activation_keeps_its_name_and_its_rationals(tmp_path):
    act = PiecewiseLinear(
        (Fraction(1, 3), 2), (0.1, Fraction(-1, 7), 3), value=Fraction(2, 9), name="ours"
    )
    net = Network([(np.eye(2), [0, 0]), ([[1, 2]], [0])], act)
    assert saved_and_loaded(tmp_path, net).network.activations == (act,)


def test_a_slice_and_other_activations_survive_together(tmp_path):
    net = Network(random_net(3, 3, 3, 1, seed=1, denominator=4).layers, ["abs", STEPS])
    plane = Slice((0, Fraction(1, 3), 0), (1, 0, 0), (0, 0.1, 1))
    found = saved_and_loaded(tmp_path, net, slice=plane, window=UNIT_SQUARE)
    assert_same_network(found.network, net)
    assert found.slice == plane


def test_any_name_may_be_given_to_a_file(tmp_path):
    save(tmp_path / "a net", random_net(2, 3, 1, seed=0))
    assert os.listdir(tmp_path) == ["a net"]
    assert load(str(tmp_path / "a net")).network.widths == (3,)


# Writing


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    net = random_net(2, 3, 1, seed=0)
    save(tmp_path / "net.npz", net)

    def savez(file, **_):
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "net.npz", random_net(2, 4, 1, seed=1))
    assert os.listdir(tmp_path) == ["net.npz"]
    assert_same_network(load(tmp_path / "net.npz").network, net)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    save(tmp_path / "net.npz", random_net(2, 3, 1, seed=0))

    def savez(file, **_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(FileError, match=r"cannot write .*net\.npz: No space left on device; choose"):
        save(tmp_path / "net.npz", random_net(2, 4, 1, seed=1))
    assert os.listdir(tmp_path) == ["net.npz"]


def test_another_name_is_used_until_all_is_written(tmp_path):
    with written_aside(tmp_path / "out.txt") as aside:
        aside.write_text("part")
        assert aside.parent == tmp_path
        assert not (tmp_path / "out.txt").exists()
    assert os.listdir(tmp_path) == ["out.txt"]


def test_of_two_who_write_one_path_at_once_the_last_is_kept_whole(tmp_path):
    """In one process, as its threads do: no number of a process tells them apart."""
    path = tmp_path / ("n" * 251 + ".txt")
    with written_aside(path) as last, last.open("w") as slow:
        slow.write("slow")
        with written_aside(path) as first:
            first.write_text("quick, and longer")
        assert path.read_text() == "quick, and longer"
    assert path.read_text() == "slow"
    assert os.listdir(tmp_path) == [path.name]


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    save(tmp_path / "net.npz", random_net(2, 3, 1, seed=0))

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(npz, "open", refused, raising=False)
    with pytest.raises(FileError, match=r"net\.npz may not be read by you; change its permissions"):
        load(tmp_path / "net.npz")


@pytest.mark.parametrize("place", ["missing/net.npz", "file/net.npz", "folder", "n" * 300])
def test_places_that_cannot_be_written_to(tmp_path, place):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=r"cannot write .*; choose another place"):
        write_npz(tmp_path / place, {"a": np.zeros(1)})
    with pytest.raises(FileError, match=r"cannot write \.: it is a folder; choose another place"):
        write_npz(Path(), {"a": np.zeros(1)})
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@pytest.mark.parametrize("window", [[(0, 0), (1, 1), (2, 2)], [(0, 0), (4, 0), (1, 1), (0, 4)], (1, 1)])
def test_bad_windows_are_not_saved(tmp_path, window):
    with pytest.raises(WindowError):
        save(tmp_path / "net.npz", random_net(2, 3, 1, seed=0), window=window)
    assert os.listdir(tmp_path) == []
