"""What the teaching page says and draws is so: sentences, axes, colours and links against the data."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy.stats import spearmanr

from geomtoy import enumerate_regions, load


@pytest.mark.parametrize("name", ["along", "hard"])
def test_trends_are_those_of_the_table_that_is_shown(open_tab, name):
    tab = open_tab("fitstep=0")
    table = np.array(
        tab.page.eval_on_selector_all(
            f"#{name}-table td", "all => all.map((one) => Number(one.innerText))"
        )
    ).reshape(6, 6)
    by_heads = [spearmanr(np.arange(6), table[:, k]).statistic for k in range(6)]
    by_context = [spearmanr(np.arange(6), table[k]).statistic for k in range(6)]
    said = tab.text(f"#{name}-trend").replace("−", "-")
    found = [float(r) for r in re.findall(r"(-?\d\.\d\d) \(\d+\)", said)]
    np.testing.assert_allclose(found, [*by_heads, *by_context], atol=0.0051)
    ups = [int(n) for n in re.findall(r"in (\d) of 6", said)]
    assert ups == [sum(r > 0 for r in one) for one in (by_heads, by_context)]


def test_tables_say_what_they_are_of(open_tab):
    tab = open_tab("fitstep=0")
    assert "one seed (0), trained for 1,000 steps" in tab.text("#along-table caption")
    assert "one seed (0), untrained" in tab.text("#hard-table caption")


READ = """const read = (name) => {
    const canvas = document.querySelector(name);
    const sheet = new OffscreenCanvas(canvas.width, canvas.height);
    const copy = sheet.getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, canvas.width, canvas.height);
};"""
PIXELS = (
    f"""places => {{ {READ}
    const {{ data, width, height }} = read("#partition-canvas");"""
    + """
    return places.map(([x, y]) => {
        const column = Math.floor((width * (1 + x)) / 2), row = Math.floor((height * (1 - y)) / 2);
        return [...data.slice(4 * (row * width + column), 4 * (row * width + column) + 3)];
    });
}"""
)


def test_a_cell_is_shaded_by_its_affine_function(open_tab, tmp_path):
    """Within the largest cell, far from borders: warmth grows with the output along its gradient."""
    tab = open_tab("width=3&depth=1&colour=output&seed=2&fitstep=0", color_scheme="light")
    network = load(tab.save("#partition-save", tmp_path / "net.npz")).network
    cells = enumerate_regions(network)
    k = int(np.argmax(cells.cell_areas * np.linalg.norm(cells.A_omega[:, 0], axis=1)))
    middle, corners = cells.polygon(k).mean(axis=0), cells.polygon(k)
    points = np.concatenate([middle + s * (corners - middle) for s in (0, 0.3, 0.6, 0.8)])
    output = network(points).ravel()
    rgb = np.array(tab.page.evaluate(PIXELS, points.tolist()), float)
    warmth = rgb[:, 0] - rgb[:, 2]
    inside = np.abs(output) < 1
    assert np.ptp(output[inside]) > 0.2
    assert spearmanr(output[inside], warmth[inside]).statistic > 0.95
    assert tab.page.is_visible("#ramp")
    tab.go("width=3&depth=1&fitstep=0")
    assert not tab.page.is_visible("#ramp")


INK = (
    f"""name => {{ {READ}
    const {{ data, width, height }} = read(name);"""
    + """
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    const [r, g, b] = [1, 3, 5].map((k) => parseInt(accent.slice(k, k + 2), 16));
    const columns = new Set();
    for (let k = 0; k < data.length; k += 4) {
        const row = Math.floor(k / 4 / width);
        const gap = Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b);
        if (row < 0.66 * height && gap < 90 && data[k + 3] > 60) columns.add((k / 4) % width);
    }
    return columns.size / width;
}"""
)


@pytest.mark.parametrize("neurons", [16, 64])
def test_an_untrained_curve_is_drawn_over_the_whole_interval(open_tab, neurons):
    tab = open_tab(f"neurons={neurons}&fitstep=0", color_scheme="light")
    assert tab.page.evaluate(INK, "#fit-canvas") > 0.65  # circles hide the rest


def test_sliders_of_the_start_say_so_once_it_has_moved(open_tab, tmp_path):
    tab = open_tab("grid=1&bias=0&step=100&width=6&fitstep=0")
    network = load(tab.save("#partition-save", tmp_path / "net.npz")).network
    hidden = max(np.abs(b).max() for _, b in network.layers[:-1])
    said = tab.text("#start-note")
    assert float(said.partition("≈ ")[2].rstrip(".")) == pytest.approx(hidden, rel=0.05)
    assert "at step 0" in tab.text("label[for=bias]")
    assert "at step 0" in tab.text("label[for=grid]")
    tab.go("grid=1&bias=0&width=6&fitstep=0")
    assert tab.text("#start-note") == ""


def test_a_link_keeps_its_section_and_its_heading_gets_the_focus(open_tab):
    tab = open_tab("predict&width=5&fitstep=0")
    assert not tab.page.is_visible("#notice")
    assert tab.page.evaluate("document.activeElement.id") == "predict-title"
    assert tab.text("output[for=width]") == "5"
    tab.page.click("nav a[href='#fit']")
    assert tab.page.evaluate("document.activeElement.id") == "fit-title"
    tab.page.click("#copy")
    assert set(tab.page.url.partition("#")[2].split("&")) == {"fit", "width=5", "fitstep=0"}
    again = open_tab(tab.page.url.partition("#")[2])
    assert again.page.evaluate("document.activeElement.id") == "fit-title"
    assert not again.page.is_visible("#notice")


PRESSED_WHILE_TRAINING = """state => new Promise((done) => {
    location.hash = state;
    const look = () => {
        const step = document.querySelector("#counted-step").textContent;
        if (!step) return requestAnimationFrame(look);
        document.querySelector("#partition-save").click();
        done(step);
    };
    look();
})"""


def test_a_download_while_training_is_the_network_that_was_asked_for(open_tab, tmp_path):
    tab = open_tab("width=12&depth=2&fitstep=0")
    with tab.page.expect_download() as download:
        said = tab.page.evaluate(PRESSED_WHILE_TRAINING, "width=12&depth=2&fitstep=0&step=300&seed=3")
    assert re.fullmatch(r" at step \d+", said)
    assert int(said.split()[-1]) < 300
    early = tmp_path / "early.npz"
    download.value.save_as(early)
    tab.settle()
    assert tab.text("#counted-step") == ""
    final = tab.save("#partition-save", tmp_path / "final.npz")
    for (W, b), (V, c) in zip(load(early).network.layers, load(final).network.layers, strict=True):
        assert np.array_equal(W, V)
        assert np.array_equal(b, c)


def test_it_says_how_many_units_switch_in_the_square(open_tab, tmp_path):
    tab = open_tab("fitstep=0")
    for state in ("width=11&depth=1&seed=1", "width=12&depth=1&seed=1", "width=5&depth=3&seed=4"):
        tab.go(f"{state}&fitstep=0")
        network = load(tab.save("#partition-save", tmp_path / "net.npz")).network
        patterns = np.asarray(enumerate_regions(network).activation_patterns)
        switch = (patterns != patterns[0]).any(axis=0)
        ends = np.cumsum(network.widths)[:-1]
        counts = [int(one.sum()) for one in np.split(switch, ends)]
        said = re.findall(r"(\d+) of \d+", tab.text("#switching"))
        assert [int(k) for k in said] == counts


def test_the_meter_is_labelled_as_logarithmic(open_tab):
    tab = open_tab("width=16&fitstep=0")
    said = tab.text("#share")
    share = tab.number("#regions") / tab.number("#bound")
    assert float(said.split()[0]) == pytest.approx(100 * share, rel=0.06)
    assert "logarithmic" in said
    drawn = tab.page.evaluate("document.querySelector('#meter').style.getPropertyValue('--share')")
    expected = math.log(tab.number("#regions")) / math.log(tab.number("#bound"))
    assert float(drawn.rstrip("%")) == pytest.approx(100 * expected, abs=0.01)


def test_a_table_is_one_stop_of_the_tab_key_and_arrows_move_in_it(open_tab):
    tab = open_tab("fitstep=0")
    stops = (
        "all => all.filter((one) => one.tabIndex >= 0).map((one) => one.getAttribute('aria-pressed'))"
    )
    for name in ("along", "hard"):
        assert tab.page.eval_on_selector_all(f"#{name}-table button", stops) == ["true"]
    tab.page.focus("#along-table button[aria-pressed=true]")
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")
    tab.settle()
    assert (tab.text("output[for=heads]"), tab.text("output[for=context]")) == ("6", "16")
    for key in ["ArrowRight"] * 9:  # stops at the edge
        tab.page.keyboard.press(key)
    assert tab.page.evaluate("document.activeElement.closest('table').id") == "along-table"


def test_the_first_tab_stop_skips_to_the_picture(open_tab):
    tab = open_tab("fitstep=0")
    tab.page.keyboard.press("Tab")
    assert "Skip" in tab.page.evaluate("document.activeElement.textContent")
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "partition-title"


def test_on_paper_a_dark_page_is_light_with_its_meter(open_tab):
    tab = open_tab("width=8&fitstep=0", color_scheme="dark")
    corner = [[0.31 * k - 0.9, 0.17] for k in range(6)]
    assert np.mean(tab.page.evaluate(PIXELS, corner)) < 128
    tab.page.emulate_media(media="print")
    tab.settle()
    assert np.mean(tab.page.evaluate(PIXELS, corner)) > 128
    style = "getComputedStyle(document.querySelector('#meter'))"
    assert tab.page.evaluate(f"{style}.printColorAdjust || {style}.webkitPrintColorAdjust") == "exact"
    assert not tab.page.is_visible("nav")
    tab.page.emulate_media(media="screen")
    tab.settle()
    assert np.mean(tab.page.evaluate(PIXELS, corner)) < 128


def test_forced_colours_keep_meter_and_legend(open_tab):
    tab = open_tab("width=8&fitstep=0", forced_colors="active")
    parts = {"#meter": "::before", "#layers li": "::before"}
    for selector, part in parts.items():
        colour = tab.page.evaluate(
            "([name, part]) => getComputedStyle(document.querySelector(name), part).backgroundColor",
            [selector, part],
        )
        ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour != ground, selector


def test_an_exercise_is_counted_only_when_asked(open_tab):
    """Before, a picture has lines only; the count colours it."""
    tab = open_tab("fitstep=0")
    colours = (
        f"""() => {{ {READ}
        const {{ data }} = read("#six canvas");"""
        + """
        let filled = 0;
        for (let k = 3; k < data.length; k += 4) filled += data[k] > 0;
        return filled / (data.length / 4);
    }"""
    )
    assert 0.01 < tab.page.evaluate(colours) < 0.3
    tab.page.fill("#six-guess", "22")
    tab.page.press("#six-guess", "Enter")
    assert tab.page.evaluate(colours) > 0.9
