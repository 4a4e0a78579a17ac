"""VNN-LIB files are read exactly, and their boxes are windows."""

from fractions import Fraction

import numpy as np
import pytest

import geomtoy
from geomtoy.errors import FileError
from geomtoy.importers.vnnlib import Inequality, read_vnnlib

DECLARED = """; a comment (with parentheses
(declare-const X_0 Real)
(declare-const X_1 Real) (declare-const X_2 Real)
(declare-const Y_0 Real) (declare-const Y_1 Real)
"""
BOX = """
(assert (<= X_0 0.1)) (assert (>= X_0 -0.1))
(assert (and (>= X_1 .5) (<= X_1 5e-1)))
(assert (<= 0 X_2)) (assert (<= X_2 1)) (assert (<= X_2 2))
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "spec.vnnlib").write_text(text)
        return read_vnnlib(tmp_path / "spec.vnnlib")

    return read


def test_decimals_are_rationals_and_bounds_are_a_box(read):
    spec = read(DECLARED + BOX + "(assert (<= Y_0 Y_1))")
    (case,) = spec.cases
    assert (spec.d_in, spec.d_out) == (3, 2)
    assert case.low == (Fraction(-1, 10), Fraction(1, 2), 0)
    assert case.high == (Fraction(1, 10), Fraction(1, 2), 1)
    assert case.inequalities == (Inequality((Fraction(1), Fraction(-1)), Fraction(0)),)


def test_disjunctions_are_cases(read):
    term = "(or (and (>= Y_0 1) (<= Y_1 0.5)) (<= (+ (* 2 Y_0) (- Y_1) 1) (- 3)) (<= (- Y_0 Y_1) 0))"
    cases = read(DECLARED + BOX + f"(assert {term})").cases
    assert [[(i.coefficients, i.bound) for i in case.inequalities] for case in cases] == [
        [((-1, 0), -1), ((0, 1), Fraction(1, 2))],
        [((2, -1), -4)],
        [((1, -1), 0)],
    ]
    split = BOX + "(assert (or (and (<= X_0 0) (<= Y_0 0)) (and (>= X_0 0) (<= Y_0 1)) (<= X_0 -1)))"
    assert [(case.low[0], case.high[0]) for case in read(DECLARED + split).cases] == [
        (Fraction(-1, 10), 0),
        (0, Fraction(1, 10)),
    ]


def test_a_box_is_a_window(read):
    rng = np.random.default_rng(0)
    net = geomtoy.Network([(rng.normal(size=(9, 3)), rng.normal(size=9)), (np.ones((1, 9)), [0])])
    where = read(DECLARED + BOX + "(assert (<= Y_0 0))").where()
    plane = geomtoy.Slice((0, 0.5, 0), (1, 0, 0), (0, 0, 1))
    tenth = Fraction(1, 10)
    corners = [(-tenth, 0), (tenth, 0), (tenth, 1), (-tenth, 1)]
    assert geomtoy.count_regions(net, **where) == geomtoy.count_regions(net, slice=plane, window=corners)
    along = read(DECLARED + BOX + "(assert (>= X_2 1)) (assert (<= Y_0 0))").where()
    ends = geomtoy.Segment((-tenth, 0.5, 1), (tenth, 0.5, 1))
    assert geomtoy.count_regions(net, **along) == geomtoy.count_regions(net, slice=ends, window=(0, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(assert (< X_0 1))", r"'\(< X_0 1\)' is not known; give <=, >=, and, or"),
        ("(check-sat)", r"'\(check-sat\)' is not known; give declare-const and assert"),
        ("(assert (<= X_9 1))", "'X_9' is neither a declared variable nor a number"),
        ("(assert (<= X_0 1e99999))", "'1e99999' is neither"),
        ("(assert (<= (* Y_0 Y_1) 1))", r"'\(\* Y_0 Y_1\)' is not a linear term"),
        ("(assert (<= X_0 X_1))", "X_0 and X_1 stand in one inequality"),
        ("(assert (<= X_0 1)", "a parenthesis is not closed"),
        ("(" * 200, "more than 100 deep"),
        ("(assert (<= X_0 1))", "input X_0 has no bound below; assert one"),
        (
            "(assert (or (<= Y_0 0) (<= Y_0 1) (<= Y_0 2) (<= Y_0 3)))" * 9,
            "more than 10000 cases",
        ),
    ],
)
def test_what_is_not_known_is_named(read, text, message):
    with pytest.raises(FileError, match=rf"spec\.vnnlib: .*{message}"):
        read(DECLARED + text)


def test_boxes_that_are_no_window_are_refused(read):
    wide = BOX.replace(".5)", "0.4)").replace("5e-1", "0.5")
    with pytest.raises(FileError, match="3 inputs of the box vary; fix all but one or two"):
        read(DECLARED + wide).where()
    with pytest.raises(FileError, match="declared without a gap"):
        read("(declare-const X_1 Real)")
