"""The commands compare and verify: two networks, or a network and its specification."""

import numpy as np
import pytest
from command_line import records, refused, run

from geomtoy import Network, save

SPEC = """(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real)
(assert (and (<= X_0 1) (>= X_0 -1) (<= X_1 1) (>= X_1 -1)))
(assert (>= Y_0 {bound}))
"""


@pytest.fixture
def corner(tmp_path):
    """relu(x) + relu(y), and the same but for 2^-50 of it; at most 2 in the square."""
    for name, last in (("a", [[1, 1]]), ("b", [[1, 1 + 2.0**-50]])):
        save(tmp_path / f"{name}.npz", Network([(np.eye(2), [0, 0]), (last, [0])]))
    return tmp_path


def test_compare_says_where_two_networks_differ(corner, capsys):
    a, b = (corner / f"{name}.npz" for name in "ab")
    assert run("compare", a, b) == 0
    [record] = records(capsys)
    assert not record["equal"]
    assert record["differ_on_share"] == 0.5
    assert record["exactly"]["greatest_difference"] == f"-1/{2**50}"
    assert record["patterns"] == {"kept": 4, "appeared": 0, "vanished": 0}
    assert run("compare", a, a, "--window", "0,0 1,0 1,1") == 0
    assert records(capsys)[0]["equal"]


def test_verify_decides_on_the_bound(corner, capsys):
    for bound, result in (("2", "violated"), ("2.0000000000000000000001", "holds")):
        (corner / "spec.vnnlib").write_text(SPEC.format(bound=bound))
        assert run("verify", corner / "a.npz", corner / "spec.vnnlib") == 0
        [record] = records(capsys)
        assert record["result"] == result
        if result == "violated":
            assert (record["counterexample"], record["outputs"]) == (["1", "1"], ["2"])


def test_what_cannot_be_compared_or_verified_is_said_in_a_sentence(corner, capsys):
    one, three = corner / "a.npz", corner / "three.npz"
    save(three, Network([(np.eye(3), [0, 0, 0])]))
    assert "3 outputs" in refused(capsys, "compare", one, three)
    (corner / "spec.vnnlib").write_text(SPEC.format(bound=1))
    assert "give a pair that fits" in refused(capsys, "verify", three, corner / "spec.vnnlib")
    assert "none.vnnlib does not exist" in refused(capsys, "verify", one, corner / "none.vnnlib")
