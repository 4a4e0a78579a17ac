"""Network files: what is saved is what is loaded, exactly; and what is no network is refused."""

import io
import os
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import STEPS, activations, networks, slices, windows
from zoo import ZOO, random_net

from geomtoy import UNIT_SQUARE, GeomtoyError, Network, PiecewiseLinear, Slice, load, save
from geomtoy.activations import NAMED
from geomtoy.errors import FileError, NetworkError, SliceError, WindowError
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


def stored(folder, **changes):
    """A file of a small network with some arrays changed, added or (None) left out."""
    arrays = {"W1": np.eye(2), "b1": np.zeros(2), "W2": np.ones((1, 2)), "b2": np.zeros(1)}
    arrays |= {key: np.asarray(value) for key, value in changes.items() if value is not None}
    kept = {key: array for key, array in arrays.items() if changes.get(key, 0) is not None}
    np.savez(folder / "net.npz", **kept)
    return folder / "net.npz"


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
    net = load(stored(tmp_path, W1=third)).network
    assert net.layers[0][0][0, 0] == float(np.float32(1 / 3)) != 1 / 3


def test_thirds_stay_thirds_and_extreme_floats_stay_themselves(tmp_path):
    third = Network([([[Fraction(1, 3), Fraction(10**40 + 1, 10**40)]], [0])])
    W, _ = saved_and_loaded(tmp_path, third).network.layers[0]
    assert W.tolist() == [[Fraction(1, 3), Fraction(10**40 + 1, 10**40)]]
    extremes = [[5e-324, np.finfo(float).max, -0.0, np.nextafter(1, 2)]]
    W, _ = saved_and_loaded(tmp_path, Network([(extremes, [0])])).network.layers[0]
    np.testing.assert_array_equal(W, extremes)


def test_relu_needs_no_keys_and_a_known_activation_may_be_named(tmp_path):
    save(tmp_path / "net.npz", random_net(2, 3, 1, seed=0))
    with np.load(tmp_path / "net.npz") as arrays:
        assert sorted(arrays.files) == ["W1", "W2", "b1", "b2"]
    for name, act in NAMED.items():
        assert load(stored(tmp_path, act1_name=name)).network.activations == (act,)


def test_units_of_a_layer_may_differ(tmp_path):
    net = Network([(np.eye(3), [0, 0, 0]), ([[1, 2, 4]], [0])], [["abs", STEPS, "abs"]])
    assert saved_and_loaded(tmp_path, net).network.activations == net.activations
    named = stored(tmp_path, act1_unit=[5, 2], act1_5_name="abs", act1_2_name="relu")
    assert load(named).network.activations == ((NAMED["abs"], NAMED["relu"]),)


def test_an_activation_keeps_its_name_and_its_rationals(tmp_path):
    act = PiecewiseLinear(
        (Fraction(1, 3), 2), (0.1, Fraction(-1, 7), 3), value=Fraction(2, 9), name="ours"
    )
    net = Network([(np.eye(2), [0, 0]), ([[1, 2]], [0])], act)
    assert saved_and_loaded(tmp_path, net).network.activations == (act,)


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


@pytest.mark.parametrize("place", ["missing/net.npz", "file/net.npz", "folder", "n" * 300])
def test_places_that_cannot_be_written_to(tmp_path, place):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=r"cannot write .*; choose another place"):
        write_npz(tmp_path / place, {"a": np.zeros(1)})
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@pytest.mark.parametrize("window", [[(0, 0), (1, 1), (2, 2)], [(0, 0), (4, 0), (1, 1), (0, 4)], (1, 1)])
def test_bad_windows_are_not_saved(tmp_path, window):
    with pytest.raises(WindowError):
        save(tmp_path / "net.npz", random_net(2, 3, 1, seed=0), window=window)
    assert os.listdir(tmp_path) == []


# Reading what is no network

BAD = {
    "NaN": ({"W1": np.full((2, 2), np.nan)}, NetworkError, "W1 holds NaN or infinity; give finite"),
    "infinity": ({"b2": [np.inf]}, NetworkError, "b2 holds NaN or infinity"),
    "shapes": ({"W2": np.ones((1, 3))}, NetworkError, "W2 takes 3 inputs but layer 1 gives 2"),
    "a bias too long": (
        {"b1": np.ones(3)},
        NetworkError,
        r"W1 has shape \(2, 2\) and b1 has shape \(3,\)",
    ),
    "no units": ({"W1": np.ones((0, 2)), "b1": []}, NetworkError, "both non-empty"),
    "no b1": ({"b1": None}, FileError, "the key b1 is missing; a network file holds W1, b1, W2, b2"),
    "no W2": ({"W2": None}, FileError, "the key W2 is missing"),
    "a gap": ({"W4": [[1]], "b4": [1]}, FileError, "the key W3 is missing"),
    "complex": ({"W1": np.eye(2) * 1j}, NetworkError, "W1 has type complex128; give real float32"),
    "booleans": ({"W1": np.eye(2) > 0}, NetworkError, "W1 has type bool"),
    "words": (
        {"W1": [["1", "x"], ["0", "1"]]},
        FileError,
        "W1 holds text that is no fraction such as '1/3'",
    ),
    "1/0": ({"b1": ["1/0", "1"]}, FileError, "b1 holds text that is no fraction"),
    "gelu": ({"act1_name": "gelu"}, NetworkError, "'gelu' is not a known piecewise-linear function"),
    "half an activation": ({"act1_slopes": [0, 1]}, NetworkError, "the key act1_breakpoints is missing"),
    "an activation of none": (
        {"act2_name": "abs"},
        FileError,
        "act2_name says nothing about the 1 hidden",
    ),
    "a misspelt key": ({"act1_slope": [0, 1]}, FileError, "act1_slope says nothing about the 1 hidden"),
    "two kinds, one told": (
        {"act1_unit": [0, 1], "act1_0_name": "abs"},
        NetworkError,
        "the key act1_1_name is missing",
    ),
    "a kind of no unit": (
        {"act1_unit": [0, 0], "act1_0_name": "abs", "act1_1_name": "relu"},
        FileError,
        "act1_1_name says nothing",
    ),
    "kinds of three units": (
        {"act1_unit": [0, 0, 0], "act1_0_name": "abs"},
        NetworkError,
        "3 activations for the 2 units of hidden layer 1",
    ),
    "a slice without v": ({"origin": [0, 0], "u": [1, 0]}, FileError, "there is origin and u only"),
    "parallel": ({"origin": [0, 0], "u": [1, 2], "v": [2, 4]}, SliceError, "u and v are parallel"),
    "a slice of numbers": ({"origin": 0, "u": 1, "v": 2}, SliceError, "origin is not a vector"),
    "a dent": ({"window": [[0, 0], [4, 0], [1, 1], [0, 4]]}, WindowError, "the window is not convex"),
    "a flat window": ({"window": [[0, 0], [1, 1], [2, 2]]}, WindowError, "the window has no area"),
    "NaN in the window": (
        {"window": [[0, 0], [1, 0], [0, np.nan]]},
        WindowError,
        "the window holds nan",
    ),
    "a number as window": ({"window": 3.0}, WindowError, "the window is not a polygon"),
    "layers from 0": (
        {"W0": np.eye(2), "b0": np.zeros(2)},
        FileError,
        "the key W0 is not a network's: count its layers from 1",
    ),
    "layers from 0, one hidden": ({"W2": None, "b2": None, "W0": np.eye(2)}, FileError, "W0"),
    "a misspelt bias": ({"B1": np.ones(2)}, FileError, "the key B1 is not a network's, which are W1"),
    "a misspelt window": ({"windows": UNIT_SQUARE}, FileError, "the key windows is not a network's"),
    "a key of 5,000 digits": ({"W" + "1" * 5000: np.eye(2)}, FileError, r"the key W1+\.\.\.1+ is not"),
    "another digit": ({"W\u0663": np.eye(2)}, FileError, "is not a network's"),
    "a table of maxima": (
        {"max_matches": [[1]], "max_unit": [[0]]},
        NetworkError,
        "max_unit does not hold as many units as max_matches",
    ),
    "maxima of no matches": (
        {"max_matches": [-1, 2], "max_unit": [0]},
        NetworkError,
        "max_unit does not hold as many",
    ),
    "kinds in a table": (
        {"act1_unit": [[0, 0]], "act1_0_name": "abs"},
        NetworkError,
        "act1_unit is not a list of integers",
    ),
    "two names": ({"act1_name": ["abs", "relu"]}, NetworkError, "act1_name is not a name"),
    "a long name": ({"act1_name": "a" * 10**6}, NetworkError, "act1_name is not a name of at most"),
    "a huge number": ({"b1": ["1e3000000", "1"]}, FileError, "b1 holds text that is no fraction"),
    "a tiny number": ({"b1": ["1e-3000000", "1"]}, FileError, "b1 holds text that is no fraction"),
    "a long number": ({"b1": ["1" * 10**6, "1"]}, FileError, "b1 holds text that is no fraction"),
    "an overflow": ({"b1": ["1" * 5000, "1"]}, NetworkError, "in the range of float64"),
    "words as window": ({"window": [["a", "b"]]}, FileError, "window holds text that is no fraction"),
}


@pytest.mark.parametrize(("changes", "error", "sentence"), BAD.values(), ids=BAD.keys())
def test_files_that_hold_no_network_are_named(tmp_path, changes, error, sentence):
    path = stored(tmp_path, **changes)
    with pytest.raises(error, match=sentence) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def activation_keys(breakpoints, slopes, value=(0,)):
    keys = {"breakpoints": breakpoints, "slopes": slopes, "value": value, "name": "ours"}
    return {f"act1_{part}": numbers for part, numbers in keys.items()}


BAD_ACTIVATIONS = {
    "too few slopes": (
        activation_keys([0, 1], [0, 1]),
        "2 breakpoints and 2 slopes; give one slope more",
    ),
    "unsorted": (activation_keys([1, 0], [0, 1, 0]), "strictly increasing breakpoints"),
    "NaN": (activation_keys([0], [0, np.nan]), "slopes holds nan; give finite numbers"),
    "scalars": (activation_keys(0.0, 1.0), "1 breakpoints and 1 slopes"),
    "no value": (activation_keys([0], [0, 1], []), "act1_value holds 0 numbers; give one"),
    "two values": (activation_keys([0], [0, 1], [1, 2]), "act1_value holds 2 numbers; give one"),
}


@pytest.mark.parametrize(("keys", "sentence"), BAD_ACTIVATIONS.values(), ids=BAD_ACTIVATIONS.keys())
def test_activations_that_are_no_functions(tmp_path, keys, sentence):
    with pytest.raises(NetworkError, match=rf"net\.npz: .*{sentence}"):
        load(stored(tmp_path, **keys))


def npz_bytes(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy_bytes(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zip_bytes():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for key in ("W1", "b1"):
            archive.writestr(f"{key}.npy", "not an array")
    return file.getvalue()


NO_NPZ = {
    "nothing": b"",
    "text": b"W1 = [[1, 2]]\n",
    "a pickle": __import__("pickle").dumps({"W1": [[1.0]]}),
    "half an npz": npz_bytes(W1=np.eye(20), b1=np.zeros(20))[:700],
    "an npz without its end": npz_bytes(W1=np.eye(20), b1=np.zeros(20))[:-30],
    "a zip of text": zip_bytes(),
    "objects": npz_bytes(W1=np.array([[1, None]], dtype=object), b1=np.zeros(1)),
    "a bare array": npy_bytes(np.eye(2)),
    "half a bare array": npy_bytes(np.eye(2))[:100],
}


@pytest.mark.parametrize("content", NO_NPZ.values(), ids=NO_NPZ.keys())
def test_files_that_are_no_npz_are_named(tmp_path, content):
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(FileError, match="npz") as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith("write one with geomtoy.save")


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FileError, match=r"none\.npz does not exist; give the path of an npz file"):
        load(tmp_path / "none.npz")
    with pytest.raises(FileError, match="is not a readable npz file"):
        load(tmp_path)
    with pytest.raises(FileError, match=r"does not exist|not a readable"):
        load(stored(tmp_path) / "below.npz")


def npz_of(member, compression=zipfile.ZIP_STORED):
    """A file in which W1 is some bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("W1.npy", member)
        archive.writestr("b1.npy", npy_bytes(np.zeros(2)))
    return file.getvalue()


def npy_header(shape, descr="<f8", numbers=b"\0" * 32):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + numbers


HEADERS = {
    "10^12 numbers": npy_header("(1000000, 1000000)"),
    "2^64 numbers": npy_header(f"({2**64},)"),
    "2^40 letters": npy_header("(2,)", f"<U{2**29 - 1}"),
    "fewer than nothing": npy_header("(-1,)"),
    "too few": npy_header("(1, 2)"),
    "a pointer": npy_header("(4,)", "|O"),
    "no shape": npy_header("{}"),
    "brackets": npy_header("(" * 3000),
    "half a header": npy_header("(2, 2)")[:40],
    "half its length": npy_header("(2, 2)")[:9],
    "another version": b"\x93NUMPY\\9\0" + npy_header("(2, 2)")[8:],
    "a longer header": b"\x93NUMPY\2\0\xff\xff\xff\xff" + npy_header("(2, 2)")[10:],
}


@pytest.mark.parametrize("member", HEADERS.values(), ids=HEADERS.keys())
def test_headers_are_not_believed(tmp_path, member):
    path = tmp_path / "net.npz"
    path.write_bytes(npz_of(member))
    with pytest.raises(FileError, match=r"net\.npz is not a readable npz file"):
        load(path)


def test_what_unpacks_to_more_than_memory_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "net.npz"
    path.write_bytes(npz_of(npy_bytes(np.zeros((1000, 1000))), zipfile.ZIP_DEFLATED))
    assert os.path.getsize(path) < 10_000
    monkeypatch.setattr("geomtoy.npz.memory", lambda: 16e6)
    with pytest.raises(FileError, match="more than memory has room for"):
        load(path)


def test_two_arrays_of_one_name_are_refused(tmp_path):
    path = tmp_path / "net.npz"
    path.write_bytes(npz_bytes(W1=np.eye(2), b1=np.zeros(2)))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("W1.npy", npy_bytes(2 * np.eye(2)))
    with pytest.raises(FileError, match="two arrays of one name"):
        load(path)


def test_long_fractions_are_kept_and_longer_ones_refused(tmp_path):
    long = Fraction(10**4500 + 1, 10**4500)
    net = Network([([[long]], [0])])
    assert saved_and_loaded(tmp_path, net).network.layers[0][0][0, 0] == long
    with pytest.raises(FileError, match="more than 10000 digits"):
        save(tmp_path / "net.npz", Network([([[long**2]], [0])]))
    assert load(tmp_path / "net.npz").network.layers[0][0][0, 0] == long


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "net.npz")
    with pytest.raises(FileError, match="not a readable npz file"):
        load(tmp_path / "net.npz")


WHOLE = npz_bytes(
    W1=np.eye(2), b1=np.zeros(2), W2=np.array([["1", "1/3"]]), b2=[0.5], window=UNIT_SQUARE
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255), st.booleans())
def test_a_damaged_file_is_refused_or_still_holds_a_network(tmp_path, place, change, cut):
    damaged = bytearray(WHOLE)
    damaged[place] ^= change
    path = tmp_path / "net.npz"
    path.write_bytes(damaged[:place] if cut else damaged)
    assert outcome(path) in ("a network", "an error that names the file")


def members():
    """A file with every kind of key, member by member."""
    W = np.array([["1", "1/3"], ["0", "2"]])
    act = {
        "act1_breakpoints": [0.0],
        "act1_slopes": ["0", "1"],
        "act1_value": [0.0],
        "act1_name": "ours",
    }
    where = {"window": np.array(UNIT_SQUARE), "origin": np.zeros(2), "u": [1.0, 0.0], "v": [0.0, 1.0]}
    maxima = {"max_matches": [1], "max_unit": [1]}
    arrays = {"W1": W, "b1": np.zeros(2), "W2": np.ones((1, 2)), "b2": [0.5], **act, **where, **maxima}
    return {key: npy_bytes(np.asarray(value)) for key, value in arrays.items()}


MEMBERS = members()
changed_bytes = st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(MEMBERS)), changed_bytes, st.floats(0.2, 1.5))
def test_arrays_damaged_inside_a_whole_zip(tmp_path, key, changes, length):
    """Checksums fit, so every byte reaches the reader of arrays and what believes it."""
    damaged = bytearray(MEMBERS[key])
    for place, value in changes:
        damaged[int(place * len(damaged))] = value
    keep = int(length * len(damaged)) if length < 1 else len(damaged)
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(f"{name}.npy", bytes(damaged[:keep]) if name == key else content)
    assert outcome(tmp_path / "net.npz") in ("a network", "an error that names the file")


changed_arrays = st.one_of(
    st.sampled_from(["<f8", "<f4", "<f2", "<g", "<c16", "<i8", "|b1", "<U3", "|S3", "<M8[s]", "|V8"])
    .flatmap(lambda kind: st.integers(0, 3).map(lambda d: np.zeros((2,) * d, kind))),
    st.sampled_from([np.array("1/0"), np.array(["nan", "inf"]), np.array([np.nan]), np.empty((0, 2)),
                     np.array([2**64 - 1], np.uint64), np.array([1e308]), np.array([5e-324])]),
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*MEMBERS, "act1_unit", "act1_0_name", "W3", "b3", "\n"]),
                       st.one_of(st.none(), changed_arrays), min_size=1, max_size=3))  # fmt: skip
def test_arrays_of_any_kind_under_any_key(tmp_path, changes):
    contents = MEMBERS | {key: npy_bytes(array) for key, array in changes.items() if array is not None}
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        for name, content in contents.items():
            if changes.get(name, 0) is not None:
                archive.writestr(f"{name}.npy", content)
    assert outcome(tmp_path / "net.npz") in ("a network", "an error that names the file")


def outcome(path):
    try:
        return "a network" if load(path).network.d_in == 2 else "another network"
    except GeomtoyError as error:
        said = str(error)
        fine = str(path) in said and "\n" not in said and len(said) < len(str(path)) + 400
        return "an error that names the file" if fine else said


@pytest.mark.parametrize(
    ("place", "value"), [(6, 1), (8, 99), (4, 200)], ids=["encrypted", "packed", "new"]
)
def test_zip_files_of_other_kinds_are_refused(tmp_path, place, value):
    damaged = bytearray(WHOLE)
    for start in (0, WHOLE.index(b"PK\1\2") + 2):  # in the file's own header and in the directory
        damaged[start + place] = value
    path = tmp_path / "net.npz"
    path.write_bytes(damaged)
    with pytest.raises(FileError, match="is not a readable npz file"):
        load(path)


def test_a_slice_and_other_activations_survive_together(tmp_path):
    net = Network(random_net(3, 3, 3, 1, seed=1, denominator=4).layers, ["abs", STEPS])
    plane = Slice((0, Fraction(1, 3), 0), (1, 0, 0), (0, 0.1, 1))
    found = saved_and_loaded(tmp_path, net, slice=plane, window=UNIT_SQUARE)
    assert_same_network(found.network, net)
    assert found.slice == plane
