"""The page in Firefox, driven by Marionette: it shows the numbers that Chromium and geomtoy have."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from demo_browser import PAGE, SECTIONS
from test_demo_page import near_normal

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


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    """Firefox without a screen, the page open, its network cut off; skipped where there is none."""
    marionette = pytest.importorskip(
        "marionette_driver.marionette", reason="needs Marionette: pip install '.[test]'"
    )
    program = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
    if program is None:
        pytest.skip("needs Firefox: apt-get install firefox-esr")
    log = tmp_path_factory.mktemp("firefox") / "log"
    offline = {"network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9}
    driver = marionette.Marionette(bin=program, headless=True, prefs=offline, gecko_log=str(log))
    driver.start_session()
    try:
        driver.timeout.script = 120
        yield Page(driver)
    finally:
        driver.cleanup()


class Page:
    def __init__(self, driver):
        self.driver = driver

    def open(self, state, query=""):
        self.driver.navigate("about:blank")
        self.driver.navigate(f"{PAGE.as_uri()}{query}#{state}")
        self.settle()

    def run(self, script, *arguments):
        """Result of a promise or a value."""
        promise = f"Promise.resolve(({script})(...arguments))"
        wrapped = f"const done = arguments[arguments.length - 1]; {promise}.then(done)"
        return self.driver.execute_async_script(wrapped, script_args=arguments, sandbox=None)

    def settle(self):
        self.run(
            """async (names) => {
                const busy = (id) => document.getElementById(id)?.getAttribute("aria-busy") !== "false";
                do await new Promise((next) => setTimeout(next, 50)); while (names.some(busy));
                await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
            }""",
            [*SECTIONS, "own-canvas"],
        )

    def text(self, selector):
        return self.run("(name) => document.querySelector(name).innerText", selector)


def test_both_browsers_show_the_same(firefox, open_tab):
    """Also of trained networks: only operations that IEEE 754 fixes are used."""
    for state in STATES:
        tab = open_tab(state)
        firefox.open(state)
        for one in (firefox.run, tab.page.evaluate):
            one(
                "() => new Promise((done) => setTimeout(done, 1500))"
            )  # the whole plane is counted later
        shown = {selector: firefox.text(selector) for selector in SHOWN}
        assert shown == {selector: tab.text(selector) for selector in SHOWN}, state


def test_partitions_are_counted_as_geomtoy_counts_them(firefox):
    for widths, bias, seed in [((7,), 0.5, 3), ((5, 5), 0, 8)]:
        sizes, layers = (2, *widths, 1), []
        for k, (m, n) in enumerate(pairwise(sizes)):
            last = k == len(widths)
            scale = np.sqrt((1 if last else 2) / m)
            W = np.array([[scale * near_normal(seed, k, u, j + 1) for j in range(m)] for u in range(n)])
            b = np.array([0 if last else bias * near_normal(seed, k, u, 0) for u in range(n)])
            layers.append((W, b))
        firefox.open(f"width={widths[0]}&depth={len(widths)}&bias={bias}&seed={seed}&fitstep=0")
        count = count_regions(Network(layers))
        assert firefox.text("#regions") == str(count.regions)
        assert firefox.text("#linear-regions") == str(count.linear_regions)


def test_hard_attention_and_a_pasted_network_are_counted(firefox):
    firefox.open("heads=6&context=32&fitstep=0")
    assert firefox.text("#hard-regions") == str(HARD["6,32"]["regions"])
    firefox.run(
        """(text) => {
            document.querySelector("#own-json").value = text;
            document.querySelector("#own-read").click();
        }""",
        json.dumps(
            {"0.weight": [[1, 0], [0, 1], [1, 1]], "0.bias": [0, 0, 0.5], "2.weight": [[1, 1, 1]]}
        ),
    )
    firefox.settle()
    assert firefox.text("#own-regions") == "7"


def test_scenes_and_frames_work(firefox):
    firefox.driver.set_window_rect(width=1280, height=800)
    firefox.open("fitstep=0")
    firefox.run("() => document.querySelector('#present').click()")
    firefox.run("() => dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))")
    assert firefox.run("() => document.querySelector('h1').checkVisibility()")
    firefox.open("fitstep=0", "?embed=fit")
    shown = """() => [...document.querySelectorAll("main section")]
        .filter((one) => one.checkVisibility()).map((one) => one.id)"""
    assert firefox.run(shown) == ["fit"]
    assert firefox.run("() => document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing(firefox):
    package = pytest.importorskip("axe_playwright_python", reason="needs axe: pip install '.[test]'")
    (source,) = Path(package.__file__).parent.rglob("axe.min.js")
    firefox.open("fitstep=0")
    firefox.run("(source) => { (0, eval)(source); }", source.read_text())
    found = firefox.run("async () => (await axe.run()).violations.map(({ id }) => id)")
    assert found == []
