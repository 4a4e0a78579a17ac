"""The teaching page in a real browser: exact counts, linked views, state in the address, no network."""

from __future__ import annotations

import json
import math
from itertools import product

import numpy as np
import pytest
from page_numbers import near_normal

from geomtoy import count_regions, load
from geomtoy.cli import main
from geomtoy.theory import serra_upper_bound

LOW, HIGH = -2 * math.pi, 2 * math.pi

SETTINGS = [
    {"width": w, "depth": d, "bias": b, "grid": g, "seed": s}
    for (w, d), (b, g), s in product(
        [(3, 1), (6, 2), (4, 4)], [(0.5, 0), (0, 0), (0, 1), (0.5, 0.5)], [1, 2]
    )
] + [
    {"width": 24, "depth": 1, "bias": 1, "grid": 0.0625, "seed": 3},
    {"width": 16, "depth": 2, "bias": 0.5, "grid": 0, "seed": 4},
    {"width": 16, "depth": 2, "bias": 0, "grid": 0.25, "seed": 5},
    {"width": 12, "depth": 3, "bias": 0, "grid": 0, "seed": 6},
    {"width": 1, "depth": 4, "bias": 0.5, "grid": 1, "seed": 7},
    {"width": 20, "depth": 2, "bias": 1.5, "grid": 1, "seed": 8},
    {"width": 8, "depth": 2, "seed": 9, "step": 40},
    {"width": 8, "depth": 3, "bias": 0, "seed": 10, "step": 5, "target": "waves"},
    {"width": 6, "depth": 2, "grid": 0.5, "seed": 11, "step": 100, "target": "saddle"},
    {"width": 5, "depth": 1, "bias": 0, "grid": 1, "seed": 12, "step": 15},
]
"""Generic ones, zero biases, coarse weights (twins, parallel and concurrent lines), and trained ones."""


def as_hash(setting):
    return "&".join(f"{name}={value}" for name, value in setting.items())


def counted(tab, path):
    """(regions, linear regions) that the page shows, and the file that it gives away."""
    tab.save("#partition-save", path)
    return tab.number("#regions"), tab.number("#linear-regions")


def test_it_opens_from_disk_and_has_something_to_say(open_tab):
    tab = open_tab()
    assert tab.number("#regions") > 1
    assert "exactly" in tab.text("#hero-caption")
    assert not tab.page.is_visible("#notice")


def test_counts_equal_those_of_the_command_line(open_tab, tmp_path, capsys):
    shown, in_whole_numbers = [], 0
    for k, setting in enumerate(SETTINGS):
        if k % 20 == 0:  # browsers hold back the downloads of a page that gives away too many
            tab = open_tab("fitstep=0")
        tab.go(as_hash(setting | {"fitstep": 0}))
        shown.append(counted(tab, tmp_path / f"{k}.npz"))
        in_whole_numbers += tab.number("#exact-signs")
        widths = [setting["width"]] * setting["depth"]
        assert tab.number("#bound") == serra_upper_bound(widths, 2)
        assert load(tmp_path / f"{k}.npz").network.widths == tuple(widths)
    assert main(["count", *(str(tmp_path / f"{k}.npz") for k in range(len(SETTINGS)))]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(shown) == len(SETTINGS) >= 30
    assert shown == [(one["regions"], one["linear_regions"]) for one in records]
    assert any(regions > linear for regions, linear in shown)
    assert in_whole_numbers > 100


def test_the_file_holds_the_numbers_that_the_seed_gives(open_tab, tmp_path):
    tab = open_tab("width=3&depth=2&bias=0.7&seed=5&fitstep=0")
    layers = load(tab.save("#partition-save", tmp_path / "net.npz")).network.layers
    for k, (W, b) in enumerate(layers):
        scale = math.sqrt((1 if k == 2 else 2) / W.shape[1])
        for u, j in np.ndindex(W.shape):
            assert W[u, j] == scale * near_normal(5, k, u, j + 1)
        assert b.tolist() == [0 if k == 2 else 0.7 * near_normal(5, k, u, 0) for u in range(len(b))]


def test_pieces_of_fitted_networks_are_counted_exactly(open_tab, tmp_path, capsys):
    tab = open_tab("fitstep=0")
    ends = [LOW + (HIGH - LOW) * k / 16 for k in range(17)]
    for k, (neurons, step) in enumerate([(1, 0), (5, 1000), (16, 200), (64, 60)]):
        tab.go(f"neurons={neurons}&fitstep={step}&fitseed={k + 1}")
        network = load(tab.save("#fit-save", tmp_path / f"{k}.npz")).network
        bins = [count_regions(network, window=ends[j : j + 2]).regions for j in range(16)]
        assert tab.number("#fit-regions") == count_regions(network, window=(LOW, HIGH)).regions
        label = tab.page.get_attribute("#fit-canvas", "aria-label")
        assert label.split(": ")[1] == ", ".join(map(str, bins))
    assert main(["count", str(tmp_path / "3.npz")]) == 0
    assert json.loads(capsys.readouterr().out)["regions"] == tab.number("#fit-regions")


START = {
    "step": "", "target": "step=50", "fitheads": "model=block", "heads": "", "context": "",
    "tolerance": "countby=floats",
}  # fmt: skip
LOOK = """id => {
    const section = document.getElementById(id).closest("section");
    const pictures = [...section.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
    return pictures.join() + section.innerText;
}"""
MOVE = """id => {
    const control = document.getElementById(id);
    const next = (control.selectedIndex + 1) % control.length;
    if (control.tagName === "SELECT") control.selectedIndex = next;
    else control.value = control.value === control.max ? control.min : control.max;
    control.dispatchEvent(new Event("input", { bubbles: true }));
}"""
HIDE_VALUES = """() => {
    for (const output of document.querySelectorAll("output")) output.style.display = "none";
}"""


def test_each_control_changes_its_view(open_tab):
    tab = open_tab("fitstep=20")
    visible = "[data-state]:not([type=hidden])"
    names = tab.page.eval_on_selector_all(visible, "all => all.map((one) => one.id)")
    assert len(names) >= 15
    tab.page.evaluate(HIDE_VALUES)
    names.remove("rate")  # of steps to come
    for name in names:
        tab.go(START.get(name, "fitstep=20"))
        before = tab.page.evaluate(LOOK, name)
        tab.page.evaluate(MOVE, name)
        tab.settle()
        assert tab.page.evaluate(LOOK, name) != before, name


def test_a_copied_link_restores_everything(open_tab):
    tab = open_tab()
    tab.page.focus("#width")
    tab.page.keyboard.press("ArrowRight")
    tab.page.focus("#bias")
    tab.page.keyboard.press("Home")
    tab.page.focus("#step")
    for _ in range(3):
        tab.page.keyboard.press("ArrowRight")
    tab.page.focus("#heads")
    tab.page.keyboard.press("End")
    tab.page.select_option("#model", "block")
    tab.page.select_option("#target", "saddle")
    tab.settle()
    tab.page.click("#copy")
    state = tab.page.url.partition("#")[2]
    assert set(state.split("&")) == {
        "width=13",
        "bias=0",
        "step=15",
        "heads=8",
        "model=block",
        "target=saddle",
    }
    other = open_tab(state)
    for selector in (
        "#regions",
        "#linear-regions",
        "#signs",
        "#fit-regions",
        "#along-regions",
        "#hard-regions",
    ):
        assert other.text(selector) == tab.text(selector)
    values = "all => all.map((one) => one.value)"
    same = [one.page.eval_on_selector_all("[data-state]", values) for one in (tab, other)]
    assert same[0] == same[1]


BAD = {
    "width=99": "width",
    "width=": "width",
    "depth=1.5": "depth",
    "seed=7e0": "seed",
    "heads=5": "heads",
    "model=lstm": "model",
    "colour=%E0%A4%A": "colour",
    "nonsense": "nonsense",
}


def test_bad_state_gives_a_notice_and_the_default(open_tab):
    tab = open_tab("width=5&fitstep=0")
    for state, named in BAD.items():
        tab.go(f"{state}&bias=1.2&fitstep=0")
        assert tab.page.is_visible("#notice")
        assert named in tab.text("#notice")
        assert tab.text("output[for=width]") == "12"
        assert tab.text("output[for=bias]") == "1.2"  # what can be taken is taken
        tab.page.click("#notice button")
        assert not tab.page.is_visible("#notice")
    opened = open_tab("width=99&fitstep=0")
    assert opened.page.is_visible("#notice")
    assert opened.number("#regions") > 1


def test_pointing_at_a_cell_tells_its_pattern_and_map(open_tab, tmp_path):
    tab = open_tab("width=7&depth=2&fitstep=0", viewport={"width": 1200, "height": 1000})
    network = load(tab.save("#partition-save", tmp_path / "net.npz")).network
    tab.page.locator("#partition-canvas").scroll_into_view_if_needed()
    box = tab.page.locator("#partition-canvas").bounding_box()
    for x, y in [(0.13, 0.61), (-0.72, -0.34), (0.55, -0.8)]:
        fraction_x, fraction_y = (1 + x) / 2, (1 - y) / 2
        tab.page.mouse.move(box["x"] + fraction_x * box["width"], box["y"] + fraction_y * box["height"])
        tab.settle()
        point = np.array([[x, y]])
        on = np.concatenate(network.preactivations(point), axis=1)[0] > 0
        dots = "".join(tab.text("#cell .pattern").split())
        assert [dot == "●" for dot in dots] == on.tolist()
        a, b, c = signed_numbers(tab.text("#cell dd >> nth=1").partition("≈")[2])
        assert a * x + b * y + c == pytest.approx(network(point).item(), abs=2e-3)


def signed_numbers(formula):
    """[a, b, c] of "−0.1 x + 0.2 y − 0.3"."""
    text = formula.replace("−", "-").replace("- ", "-").replace("+ ", "")
    return [float(word) for word in text.split() if word not in "xy"]


def test_the_keyboard_reaches_cells_and_all_controls(open_tab):
    tab = open_tab()
    tab.page.focus("#partition-canvas")
    seen = set()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        tab.page.keyboard.press(key)
        tab.settle()
        seen.add(tab.text("#cell"))
    assert len(seen) >= 3
    tab.page.keyboard.press("Escape")
    tab.settle()
    assert "arrow keys" in tab.text("#cell")
    tab.page.focus("#hard-canvas")
    tab.page.keyboard.press("ArrowDown")
    tab.settle()
    assert "head 1 → token" in tab.text("#hard-cell")
    unlabelled = "all => all.filter((one) => one.labels.length === 0).map((one) => one.id)"
    assert tab.page.eval_on_selector_all("main input:not([type=hidden]), main select", unlabelled) == []
    unnamed = "all => all.filter((one) => !one.getAttribute('aria-label')).map((one) => one.id)"
    assert tab.page.eval_on_selector_all("canvas", unnamed) == []
    unreachable = "all => all.filter((one) => one.tabIndex < 0 && !one.closest('td')).length"
    assert tab.page.eval_on_selector_all("main input, main select, main button", unreachable) == 0


def test_a_pattern_keeps_its_colour_while_the_network_trains(open_tab, tmp_path):
    side = np.linspace(-0.95, 0.95, 60)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    commonest = [
        majority_colours(
            open_tab(f"width=4&depth=2&fitstep=0&step={step}"), points, tmp_path / f"{step}.npz"
        )
        for step in (0, 10)
    ]
    both = set(commonest[0]) & set(commonest[1])
    assert len(both) >= 5
    assert all(commonest[0][pattern] == commonest[1][pattern] for pattern in both)


PIXELS = """points => {
    const { width, height } = document.querySelector("#partition-canvas");
    const context = document.querySelector("#partition-canvas").getContext("2d");
    const { data } = context.getImageData(0, 0, width, height);
    return points.map(([x, y]) => {
        const column = Math.floor((width * (1 + x)) / 2);
        const row = Math.floor((height * (1 - y)) / 2);
        return data.slice(4 * (row * width + column), 4 * (row * width + column) + 3).join();
    });
}"""


def majority_colours(tab, points, path):
    """Pattern -> the commonest colour of its pixels, for patterns of enough of the points."""
    network = load(tab.save("#partition-save", path)).network
    patterns = np.concatenate(network.preactivations(points), axis=1) > 0
    by_pattern: dict[tuple[bool, ...], list[str]] = {}
    for pattern, colour in zip(patterns, tab.page.evaluate(PIXELS, points.tolist()), strict=True):
        by_pattern.setdefault(tuple(pattern), []).append(colour)
    return {
        pattern: max(set(found), key=found.count)
        for pattern, found in by_pattern.items()
        if len(found) >= 40
    }


def test_training_plays_to_the_end_and_stops(open_tab):
    tab = open_tab("width=2&depth=1&step=570&fitstep=0")
    tab.page.click("#play")
    tab.page.wait_for_function("() => document.querySelector('#play').textContent === 'Train'")
    assert tab.text("output[for=step]") == "600"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen_in_light_and_dark(open_tab, scheme):
    tab = open_tab("step=5&fitstep=10", color_scheme=scheme)
    background = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(background.split("(")[1].split(",")[0])
    pixels = tab.page.evaluate(PIXELS, [[0.31 * k - 0.9, 0.17] for k in range(6)])
    shades = [int(value) for pixel in pixels for value in pixel.split(",")]
    assert (red < 60) == (np.mean(shades) < 128) == (scheme == "dark")
    for width in (360, 800, 1400):
        tab.page.set_viewport_size({"width": width, "height": 800})
        tab.settle()
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        box = tab.page.locator("#partition-canvas").bounding_box()
        assert box["width"] == pytest.approx(box["height"], abs=1)
        card = tab.page.locator("#exercises article").first.bounding_box()["width"]
        assert card > 0.8 * width if width < 700 else card < width
