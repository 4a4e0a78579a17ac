"""The page's first minute: words after pictures, counts of what is dragged, all without reading."""

from __future__ import annotations

import re

import numpy as np
import pytest
from demo_browser import PAGE

from geomtoy import Network, count_regions

STATE = "fitstep=0&countby=exact"
SPOKEN = """() => {
    const parts = [...document.querySelectorAll("header, #first")];
    return parts.map((part) => part.innerHTML).join(" ").replace(/aria-label="[^"]*"/g, "");
}"""


def test_words_are_shown_before_they_are_used(open_tab):
    html = open_tab(STATE).page.evaluate(SPOKEN)
    for word in ("unit", "bias", "affine", "ReLU", "activation regions", "linear region"):
        defined = html.index(f"<em>{word}</em>")
        earlier = re.sub(r"<[^>]*>", " ", html[:defined])
        earlier = re.sub(r"One unit, one line", "", earlier)  # the title of the scene that shows it
        assert not re.search(rf"\b{word}s?\b", earlier), word


def units(tab):
    """[w1, w2, b] of the two units, as the knobs say them."""
    texts = [tab.page.get_attribute(f"#handle{k}", "aria-valuetext") for k in (1, 2)]
    return np.array([numbers(text) for text in texts])


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+\.\d+", text.replace("−", "-").replace("- ", "-"))]


def said(tab, name):
    return int(tab.text(f"#first .scenes li:not([hidden]) [data-number={name}]"))


def scene_network(tab, scene):
    found = units(tab)[: 1 if scene == 1 else 2]
    layers = [(found[:, :2], found[:, 2]), (np.ones((1, len(found))), [0.0])]
    if scene == 4:
        bias = numbers(tab.page.get_attribute("#handle3", "aria-valuetext"))
        layers[1] = (layers[1][0], bias)
        layers.append((np.ones((1, 1)), [0.0]))
    return Network(layers)


def test_each_scene_counts_what_it_draws(open_tab):
    tab = open_tab(STATE)
    for scene in (1, 2, 3, 4):
        assert tab.text("#first-at") == f"{scene} of 4"
        assert [tab.page.is_visible(f"#handle{k}") for k in (1, 2, 3)] == [True, scene > 1, scene > 3]
        for key in ("ArrowUp", "ArrowUp", "ArrowRight"):
            tab.page.focus(f"#handle{min(scene, 2)}")
            tab.page.keyboard.press(key)
            tab.settle()
            count = count_regions(scene_network(tab, scene))
            assert said(tab, "regions") == count.regions
            if scene == 4:
                assert said(tab, "linear") == count.linear_regions
        if scene < 4:
            tab.page.click("#first-next")
            tab.settle()
            assert tab.page.evaluate("document.activeElement.tagName") == "H3"
    tab.page.click("#first-on")
    assert tab.page.evaluate("document.activeElement.id") == "partition-title"


def test_a_knob_is_dragged_and_its_line_follows(open_tab):
    tab = open_tab(f"{STATE}&scene=2", viewport={"width": 1280, "height": 900})
    tab.page.locator("#first").scroll_into_view_if_needed()
    assert "fresh" in tab.page.get_attribute("#handle1", "class")
    canvas = tab.page.locator("#first-canvas").bounding_box()
    knob = tab.page.locator("#handle1").bounding_box()
    target = (-0.6, -0.45)
    tab.page.mouse.move(knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    tab.page.mouse.down()
    goal = (
        canvas["x"] + (1 + target[0]) / 2 * canvas["width"],
        canvas["y"] + (1 - target[1]) / 2 * canvas["height"],
    )
    tab.page.mouse.move(*goal, steps=3)
    tab.page.mouse.up()
    tab.settle()
    w1, w2, b = units(tab)[0]
    assert w1 * target[0] + w2 * target[1] + b == pytest.approx(0, abs=0.02)
    assert tab.text(".scenes li:not([hidden]) .formula") == tab.page.get_attribute(
        "#handle1", "aria-valuetext"
    )
    assert "fresh" not in tab.page.get_attribute("#handle1", "class")
    assert "fresh" in tab.page.get_attribute("#handle2", "class")
    knob = tab.page.locator("#handle1").bounding_box()
    assert knob["x"] + knob["width"] / 2 == pytest.approx(goal[0], abs=2)


def test_without_reduced_motion_a_fresh_knob_pulses(browser):
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(PAGE.as_uri())
    name = "getComputedStyle(document.querySelector('#handle1')).animationName"
    assert page.evaluate(name) == "pulse"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(name) == "none"
    context.close()


def test_the_first_minute_fits_a_projector_with_its_buttons(open_tab):
    tab = open_tab(f"first&{STATE}&scene=4", viewport={"width": 1280, "height": 720})
    tab.page.eval_on_selector("#first-title", "title => title.scrollIntoView()")
    boxes = [
        tab.page.locator(name).bounding_box()
        for name in ("#first-canvas", "#first-surface", "#first-on")
    ]
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= 720 for box in boxes)
