"""Npz files whose arrays are no network: an error names the file and the array."""

import numpy as np
import pytest
from npz_files import store

from geomtoy import UNIT_SQUARE, load
from geomtoy.errors import FileError, NetworkError, SliceError, WindowError

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
    path = store(tmp_path / "net.npz", **changes)
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
        load(store(tmp_path / "net.npz", **keys))
