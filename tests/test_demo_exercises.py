"""The page's exercises: answers are those of theorems, wrong ones get a reason and another try."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO

import pytest

from geomtoy.theory import arrangement_regions, central_arrangement_regions

ALL, FIVE, THREE = (arrangement_regions(n, 2) for n in (6, 5, 3))
ANSWERS = {
    "six": ALL,
    "zero": central_arrangement_regions(6, 2),
    "grating": ALL - 3,  # three pairs that do not cross
    "triple": ALL - 1,  # a triangle less
    "twins": FIVE,
    "opposite": 2,
    "deaf": FIVE,
    "bend": 3,
    "silent": THREE,
    "fold": 2**3,
    "flat": 2**3 - 1,
    "queries": 1,
}


@pytest.fixture(scope="module")
def shared(browser):
    from demo_browser import Tab

    tab = Tab(browser, "fitstep=0")
    yield tab
    tab.close()
    assert tab.errors == []


GUESSES = """([name, numbers]) => {
    const find = (one) => document.querySelector(`#${name}${one}`);
    const [field, answer] = ["-guess", " .answer"].map(find);
    return numbers.map((number) => {
        field.value = number;
        field.form.requestSubmit();
        return answer.textContent;
    });
}"""


def guess(tab, name, number):
    tab.page.fill(f"#{name}-guess", str(number))
    tab.page.press(f"#{name}-guess", "Enter")
    return tab.text(f"#{name} .answer")


def test_there_are_twelve(shared):
    assert shared.page.eval_on_selector_all("article", "all => all.map((one) => one.id)") == list(
        ANSWERS
    )
    assert shared.text("#solved") == "12 exercises."


def test_a_wrong_guess_gets_a_reason_and_not_the_answer(shared):
    """Of every likely mistake another one; of others which way to go and the hint."""
    for name, answer in ANSWERS.items():
        shared.page.click(f"#{name} .hint")
        hint = shared.text(f"#{name} .answer").removeprefix("Think: ")
        numbers = [number for number in range(65) if number != answer]
        said = {one.partition(". ")[2] for one in shared.page.evaluate(GUESSES, [name, numbers])}
        known = {one for one in said if not one.startswith("That is too")}
        assert len(known) >= (1 if name in ("queries", "opposite") else 2), name
        assert {one.removeprefix(f"That is too {way}. ") for one in said for way in ("few", "many")} >= {
            hint
        }
        assert not any(re.search(rf"\b{answer}\b", one) for one in said if answer > 3), name
        assert shared.text(f"#{name} .answer").startswith("Not 64. ")
    assert shared.text("#solved") == "12 exercises."


def test_then_the_right_answer_is_accepted_with_its_reason(shared):
    for k, (name, answer) in enumerate(ANSWERS.items(), 1):
        said = guess(shared, name, answer)
        assert said.startswith(f"{answer}. Right. "), name
        assert len(said.split()) > 8
        assert shared.text("#solved") == f"{k} of 12 found."


def test_nothing_typed_asks_for_a_number_and_show_tells(open_tab):
    tab = open_tab("fitstep=0")
    tab.page.click("#fold form button >> nth=0")
    assert tab.text("#fold .answer") == "Put a number first."
    tab.page.click("#fold .show")
    assert tab.text("#fold .answer").startswith("8. Each fold")
    assert tab.text("#solved") == "12 exercises."


def test_the_same_in_python(shared, tmp_path, monkeypatch):
    shared.go("heads=1&context=8&fitstep=0")
    shared.save("#block-save", tmp_path / "block.npz")
    monkeypatch.chdir(tmp_path)
    for name, answer in ANSWERS.items():
        shared.page.click(f"#{name} summary")
        said = StringIO()
        with redirect_stdout(said):
            exec(compile(shared.page.inner_text(f"#{name} pre"), name, "exec"), {})
        if name == "queries":
            assert said.getvalue() == "1 attention cells\n"
        elif name not in ("bend", "flat"):  # which ask for something else than a count
            key = "linear_regions" if name in ("deaf", "fold") else "regions"
            assert re.search(rf"\b{key}={answer},", said.getvalue()), name
