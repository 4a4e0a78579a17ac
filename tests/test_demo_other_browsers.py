"""The page in Firefox and in WebKit: it shows the numbers that Chromium and geomtoy have."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from demo_browser import PAGE
from demo_other_browsers import OTHERS, Page
from page_numbers import near_normal

from geomtoy import Network, count_regions

HARD = json.loads((PAGE.parents[1] / "geomtoy/demo/page/attention.json").read_text())["hard"]
SHOWN = (
    "#regions", "#linear-regions", "#signs", "#exact-signs", "#share", "#fit-regions", "#fit-error",
    "#along-regions", "#hard-regions", "#hard-kind", "#hard-cell", "#own-regions", "#own-whole",
)  # fmt: skip
STATES = (
    "width=9&depth=2&bias=0&seed=4&fitstep=0",
    "width=5&depth=3&grid=0.5&seed=5&domain=plane&fitstep=0&heads=8&context=64",
    "width=6&depth=2&seed=6&step=60&target=waves&fitstep=200&heads=2&context=8&sharpness=4",
)


@pytest.fixture(scope="module", params=OTHERS)
def other(request, tmp_path_factory):
    """The page in another browser; skipped where there is none."""
    with OTHERS[request.param](tmp_path_factory.mktemp(request.param)) as driver:
        yield Page(driver)


def test_it_shows_the_same_as_in_chromium(other, open_tab):
    """Also of trained networks: only operations that IEEE 754 fixes are used."""
    for state in STATES:
        tab = open_tab(state)
        other.open(state)
        for one in (other.run, tab.page.evaluate):
            one(
                "() => new Promise((done) => setTimeout(done, 1500))"
            )  # the whole plane is counted later
        shown = {selector: other.text(selector) for selector in SHOWN}
        assert shown == {selector: tab.text(selector) for selector in SHOWN}, state


def test_partitions_are_counted_as_geomtoy_counts_them(other):
    for widths, bias, seed in [((7,), 0.5, 3), ((5, 5), 0, 8)]:
        sizes, layers = (2, *widths, 1), []
        for k, (m, n) in enumerate(pairwise(sizes)):
            last = k == len(widths)
            scale = np.sqrt((1 if last else 2) / m)
            W = np.array([[scale * near_normal(seed, k, u, j + 1) for j in range(m)] for u in range(n)])
            b = np.array([0 if last else bias * near_normal(seed, k, u, 0) for u in range(n)])
            layers.append((W, b))
        other.open(f"width={widths[0]}&depth={len(widths)}&bias={bias}&seed={seed}&fitstep=0")
        count = count_regions(Network(layers))
        assert other.text("#regions") == str(count.regions)
        assert other.text("#linear-regions") == str(count.linear_regions)


def test_hard_attention_and_a_pasted_network_are_counted(other):
    other.open("heads=6&context=32&fitstep=0")
    assert other.text("#hard-regions") == str(HARD["6,32"]["regions"])
    other.run(
        """(text) => {
            document.querySelector("#own-json").value = text;
            document.querySelector("#own-read").click();
        }""",
        json.dumps(
            {"0.weight": [[1, 0], [0, 1], [1, 1]], "0.bias": [0, 0, 0.5], "2.weight": [[1, 1, 1]]}
        ),
    )
    other.settle()
    assert other.text("#own-regions") == "7"


def test_scenes_and_frames_work(other):
    other.driver.resize(1280, 800)
    other.open("fitstep=0")
    other.run("() => document.querySelector('#present').click()")
    other.run("() => dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))")
    assert other.run("() => document.querySelector('h1').checkVisibility()")
    other.open("fitstep=0", "?embed=fit")
    shown = """() => [...document.querySelectorAll("main section")]
        .filter((one) => one.checkVisibility()).map((one) => one.id)"""
    assert other.run(shown) == ["fit"]
    assert other.run("() => document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing(other):
    package = pytest.importorskip("axe_playwright_python", reason="needs axe: pip install '.[test]'")
    (source,) = Path(package.__file__).parent.rglob("axe.min.js")
    other.open("fitstep=0")
    other.run("(source) => { (0, eval)(source); }", source.read_text())
    found = other.run("async () => (await axe.run()).violations.map(({ id }) => id)")
    assert found == []
