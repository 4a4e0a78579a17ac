"""The notebooks run as programs, say true things, and judge answers rightly."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from importlib import import_module, util
from itertools import pairwise
from math import comb
from pathlib import Path

import numpy as np
import pytest

from geomtoy import Slice, count_regions
from geomtoy.models.gaussian import gaussian_network

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NAMES = ("what_is_a_region", "depth_and_folding", "attention_and_regions")
OPEN, RIGHT = "<strong>Open.</strong>", "<strong>Right.</strong>"


@pytest.fixture(scope="module", autouse=True)
def notebooks_on_path():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(NOTEBOOKS))
        yield


@pytest.fixture(scope="module")
def exercises(notebooks_on_path):
    return import_module("exercises")


@pytest.fixture(scope="module")
def as_shipped(notebooks_on_path):
    """Text that each notebook shows before anybody answers, and what its cells define."""
    return {name: run(NOTEBOOKS / f"{name}.py") for name in NAMES}


def run(path: Path):
    spec = util.spec_from_file_location(path.stem, path)
    module = util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, path.stem, module)  # where marimo finds a notebook's functions
        spec.loader.exec_module(module)
        outputs, names = module.app.run()
    return "".join(out.text for out in outputs if out is not None), names


def right_answers(name: str, names: dict) -> list[str]:
    """As a learner would write them."""
    if name == "what_is_a_region":
        lines, cones = 1 + 6 + comb(6, 2), 2 * 6
        return [str(lines), str(cones), "([[1, 0], [1, 0], [1, 0]], [0, 1, 2])", "[1, -2, 0]"]
    if name == "depth_and_folding":
        return [str(2**10), str(2**5 - 1), "[3, -6, 6]"]
    between = np.convolve(names["along"].borders, [0.5, 0.5])[1:-1]
    return ["0", str(2 * 9), "1", str((float(between[0]), float(between[2])))]


def answered(name: str, answers: list[str], folder: Path) -> Path:
    """A copy of a notebook in which a learner has written something in place of each None."""
    left = iter(answers)
    text = (NOTEBOOKS / f"{name}.py").read_text()
    places = re.compile(r"^    answer_.*", re.MULTILINE)
    text = places.sub(lambda line: re.sub(r"\bNone\b", lambda _: next(left), line[0]), text)
    assert not list(left)
    (folder / f"{name}.py").write_text(text)
    return folder / f"{name}.py"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_short_and_open_exercises_do_not_fail(name, as_shipped):
    assert len((NOTEBOOKS / f"{name}.py").read_text().splitlines()) < 120
    text, names = as_shipped[name]
    assert "You will see" in text
    assert text.count(OPEN) == len(right_answers(name, names))
    assert RIGHT not in text


@pytest.mark.parametrize("name", NAMES)
def test_right_answers_are_accepted_in_place(name, as_shipped, tmp_path):
    answers = right_answers(name, as_shipped[name][1])
    text, _ = run(answered(name, answers, tmp_path))
    assert text.count(RIGHT) == len(answers)
    assert all(len(said.split()) > 5 for said in re.findall(rf"{RIGHT}([^<]*)", text))  # it says why
    assert OPEN not in text


def test_opened_in_the_editor_a_notebook_runs():
    manager = import_module("marimo._config.manager").get_default_config_manager
    for name in NAMES:
        settings = manager(current_path=str(NOTEBOOKS / f"{name}.py")).get_config()
        assert settings["runtime"]["auto_instantiate"] is True


def test_what_hints_show_is_the_answer(as_shipped):
    """One hidden layer without biases in the square makes as many regions as on the whole plane."""
    assert (
        f"On the <em>whole plane</em> there are {as_shipped['what_is_a_region'][1]['whole'].regions}"
        in (as_shipped["what_is_a_region"][0])
    )
    net = gaussian_network((2, 6, 1), seed=0, bias_scale=0)
    assert count_regions(net).regions == count_regions(net, window=None).regions == 12


def test_every_notebook_is_tested():
    assert {path.stem for path in NOTEBOOKS.glob("*.py")} == {*NAMES, "exercises"}


def test_a_cell_has_one_map_and_the_count_is_that_of_a_fine_grid(as_shipped):
    names = as_shipped["what_is_a_region"][1]
    np.testing.assert_allclose(names["by_map"], names["by_network"], rtol=1e-12)
    x = np.linspace(-1, 1, 801)
    grid = np.column_stack([g.ravel() for g in np.meshgrid(x, x)])
    patterns = np.hstack(names["net"].preactivations(grid)) > 0
    assert len(np.unique(patterns @ 2 ** np.arange(patterns.shape[1]))) == len(names["cells"])


def test_folds_make_powers_of_two_at_dyadic_places_and_a_sample_misses_some(as_shipped):
    text, names = as_shipped["depth_and_folding"]
    k = names["folds"].value
    assert names["pieces"].exact_breakpoints() == [Fraction(i, 2**k) for i in range(1, 2**k)]
    assert len(names["cells"]) == 4**k
    assert names["seen"] <= 1000 < names["true"] == 2**12
    assert str([2**layer for layer in range(k)]) in text
    fifths = names["fifths"]
    assert fifths[Fraction].regions == fifths[Fraction].linear_regions == 5**4
    assert fifths[float].linear_regions == pieces_of_rounded_fifths(4) != 5**4


def pieces_of_rounded_fifths(folds: int) -> int:
    """Pieces of the zigzag of floats, followed from corner to corner in rational arithmetic alone."""
    joints = [Fraction(k / 5) for k in range(5)]
    weights = [5, -10, 10, -10, 10]

    def zigzag(y):
        return sum(w * max(Fraction(0), y - j) for w, j in zip(weights, joints, strict=True))

    graph = [(Fraction(0), Fraction(0)), (Fraction(1), Fraction(1))]  # corners of the identity
    for _ in range(folds):
        corners = [graph[0]]
        for (x0, y0), (x1, y1) in pairwise(graph):
            inner = [] if y0 == y1 else [(x0 + (j - y0) * (x1 - x0) / (y1 - y0), j) for j in joints]
            corners += [*sorted((x, y) for x, y in inner if x0 < x < x1), (x1, y1)]
        graph = [(x, zigzag(y)) for x, y in corners]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(graph)]
    return 1 + sum(one != other for one, other in pairwise(slopes))


def test_regions_along_time_are_proven_and_seen_on_a_fine_grid(as_shipped):
    names = as_shipped["attention_and_regions"][1]
    along, block = names["along"], names["block"]
    assert along.certified
    t = np.linspace(-2 * np.pi, 2 * np.pi, 40_001)
    on = block.preactivations(t) > 0
    assert 1 + (on[1:] != on[:-1]).any(axis=1).sum() <= along.regions
    assert names["sampled"].regions <= along.regions
    assert np.sqrt(np.mean((block(t) - np.sin(t)) ** 2)) < 0.1
    step = 10 * along.error + 1e-9
    units = np.arange(len(along.units)), along.units
    before, after = (block.preactivations(along.borders + s)[units] for s in (-step, step))
    assert (before * after < 0).all()


def test_hard_cells_choose_the_greatest_score_at_random_queries(as_shipped):
    names = as_shipped["attention_and_regions"][1]
    cells, block, still = names["cut"].cells, names["hard"], np.array(names["still"])
    plane: Slice = names["plane"]
    for point in np.random.default_rng(0).uniform(-2, 2, (40, 2)):
        (found,) = [k for k, piece in enumerate(cells.pieces) if piece.locate(point[None])[0] >= 0]
        query = plane.embed(point[None])[0]
        scores = np.einsum("d,hdf,hef,te->ht", query, block.W_Q, block.W_K, still)
        np.testing.assert_array_equal(cells.choices[found], scores.argmax(axis=1))


def refused(exercises, as_shipped):
    """Each check with settings, answers that it has to refuse, and a word of what it says then."""
    folding, attention = import_module("depth_and_folding"), as_shipped["attention_and_regions"][1]
    first, time = attention["along"].borders[0], {"block": attention["block"], "regions": 3}
    hard = {"block": attention["hard"], "tokens": attention["still"], "plane": attention["plane"]}
    crossing, twins = (((1, 0), (0, 1), (1, 1)), (0, 0, -1)), (((1, 0), (1, 0)), (0, 1))
    layer = {"layer": tuple(map(np.array, crossing))}
    yield exercises.six_lines, {}, {21: "crosses", "many": "crosses"}
    yield exercises.six_lines, {"bias_scale": 0}, {22: "all lines meet"}
    yield (
        exercises.three_units,
        {"regions": 4},
        {crossing: "Regions: 7", twins: "shapes chain", 4: "pair"},
    )
    yield exercises.unread_unit, layer, {(1, 1, 1): "Linear regions: 7", (1, 1): "shapes chain"}
    yield exercises.ten_folds, {"sawtooth": folding.sawtooth}, {20: "twice"}
    yield exercises.one_layer_instead, {"net": folding.sawtooth(5)}, {32: "n points"}
    yield (
        exercises.fold_in_three,
        {"zigzag": folding.zigzag},
        {(30, -60, 60): "slopes", (3, -3, 3): "slopes", "up": "slopes"},
    )
    yield exercises.even_attention, {"heads": 2, "context": 20}, {40: "compared"}
    yield exercises.greatest_dimension, {"heads": 2}, {20: "sum to 1"}
    yield exercises.without_queries, hard, {10: "of equals"}
    yield exercises.interval, time, {(first - 1e-3, first + 1e-3): "Regions: 2", (1, 0): "increasing"}


def test_wrong_answers_are_refused_with_what_to_look_at(exercises, as_shipped):
    for check, settings, answers in refused(exercises, as_shipped):
        assert check(None, **settings).startswith(exercises.OPEN)
        for answer, word in answers.items():
            said = check(answer, **settings)
            assert said.startswith(exercises.WRONG), (check.__name__, answer)
            assert word in said, (check.__name__, answer)
