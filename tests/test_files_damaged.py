"""Files that are no npz, damaged ones and dangerous ones: refused, or still read as a network."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from npz_files import npy_bytes, npz_bytes, store

from geomtoy import UNIT_SQUARE, GeomtoyError, load
from geomtoy.errors import FileError


def zipped(members, compression=zipfile.ZIP_STORED):
    """A zip file with these bytes under these keys."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for key, content in members.items():
            archive.writestr(f"{key}.npy", content)
    return file.getvalue()


NO_NPZ = {
    "nothing": b"",
    "text": b"W1 = [[1, 2]]\n",
    "a pickle": pickle.dumps({"W1": [[1.0]]}),
    "half an npz": npz_bytes(W1=np.eye(20), b1=np.zeros(20))[:700],
    "an npz without its end": npz_bytes(W1=np.eye(20), b1=np.zeros(20))[:-30],
    "a zip of text": zipped({"W1": "not an array", "b1": "not an array"}),
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
        load(store(tmp_path / "net.npz") / "below.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "net.npz")
    with pytest.raises(FileError, match="not a readable npz file"):
        load(tmp_path / "net.npz")


def test_two_arrays_of_one_name_are_refused(tmp_path):
    path = tmp_path / "net.npz"
    path.write_bytes(npz_bytes(W1=np.eye(2), b1=np.zeros(2)))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("W1.npy", npy_bytes(2 * np.eye(2)))
    with pytest.raises(FileError, match="two arrays of one name"):
        load(path)


# What a file says of itself


def npy_header(shape, descr="<f8", numbers=b"\0" * 32):
    """An npy file of version 1.0 that says what it likes of its shape and type."""
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
    "another version": b"\x93NUMPY\x09\0" + npy_header("(2, 2)")[8:],
    "a longer header": b"\x93NUMPY\2\0\xff\xff\xff\xff" + npy_header("(2, 2)")[10:],
}


@pytest.mark.parametrize("member", HEADERS.values(), ids=HEADERS.keys())
def test_headers_are_not_believed(tmp_path, member):
    path = tmp_path / "net.npz"
    path.write_bytes(zipped({"W1": member, "b1": npy_bytes(np.zeros(2))}))
    with pytest.raises(FileError, match=r"net\.npz is not a readable npz file"):
        load(path)


def test_what_unpacks_to_more_than_memory_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "net.npz"
    path.write_bytes(zipped({"W1": npy_bytes(np.zeros((1000, 1000)))}, zipfile.ZIP_DEFLATED))
    assert os.path.getsize(path) < 10_000
    monkeypatch.setattr("geomtoy.npz.memory", lambda: 16e6)
    with pytest.raises(FileError, match="more than memory has room for"):
        load(path)


# Damage anywhere


def outcome(path):
    """What comes of reading a file; an error must be one short sentence that names it."""
    try:
        return "a network" if load(path).network.d_in == 2 else "another network"
    except GeomtoyError as error:
        said = str(error)
        fine = str(path) in said and "\n" not in said and len(said) < len(str(path)) + 400
        return "an error that names the file" if fine else said


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
    path = tmp_path / "net.npz"
    path.write_bytes(zipped(MEMBERS | {key: bytes(damaged[:keep])}))
    assert outcome(path) in ("a network", "an error that names the file")


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
    kept = {key: content for key, content in MEMBERS.items() if key not in changes}
    changed = {key: npy_bytes(array) for key, array in changes.items() if array is not None}
    path = tmp_path / "net.npz"
    path.write_bytes(zipped(kept | changed))
    assert outcome(path) in ("a network", "an error that names the file")
