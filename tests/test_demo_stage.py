"""The page before an audience: scenes, frames for other pages, codes, other parts of the plane."""

from __future__ import annotations

import json
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from demo_browser import PAGE
from PIL import Image

from geomtoy import count_regions, load
from geomtoy.cli import main

SCREEN = {"width": 1280, "height": 720}
IN_SIGHT = """() => {
    const seen = (one) => one.checkVisibility() && one.getBoundingClientRect().width > 0;
    const parts = ".on-stage :is(canvas.square, canvas.chart, input, select, .count)";
    return [...document.querySelectorAll(parts)].filter(seen).map((one) => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        const within = [left >= 0, right <= innerWidth, top >= 0, bottom <= innerHeight];
        return [...within, one.id || one.className];
    });
}"""


def test_every_scene_fits_the_screen_with_its_controls_and_large_type(open_tab):
    tab = open_tab("width=5&fitstep=0", viewport=SCREEN)
    normal = tab.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    tab.page.click("#present")
    titles = []
    while True:
        tab.settle()
        titles.append(tab.text("#stage-title"))
        assert tab.page.evaluate("document.activeElement.id") == "stage-title"
        parts = tab.page.evaluate(IN_SIGHT)
        assert any(name.endswith("-canvas") or "square" in name for *_, name in parts), titles[-1]
        assert [part for part in parts if not all(part[:4])] == [], titles[-1]
        assert tab.page.evaluate("document.documentElement.scrollHeight") <= SCREEN["height"]
        if not tab.page.is_enabled("#stage-forth"):
            break
        tab.page.keyboard.press("ArrowRight")
    assert len(set(titles)) == len(titles) >= 10
    assert tab.text("#stage-place") == f"{len(titles)} of {len(titles)}"
    size = tab.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert size == pytest.approx(2 * normal)
    tab.page.keyboard.press("ArrowLeft")
    assert tab.text("#stage-title") == titles[-2]
    tab.page.keyboard.press("Escape")
    tab.settle()
    assert not tab.page.is_visible("#stage-title")
    assert tab.page.is_visible("h1")
    assert tab.text("output[for=width]") == "5"  # as it was
    assert tab.page.evaluate("document.activeElement.id") == "present"


def test_arrow_keys_in_a_control_move_the_control(open_tab):
    tab = open_tab("fitstep=0", viewport=SCREEN)
    tab.page.click("#present")
    title, before = tab.text("#stage-title"), tab.page.get_attribute("#handle1", "aria-valuenow")
    tab.page.focus("#handle1")
    tab.page.keyboard.press("ArrowRight")
    tab.settle()
    assert tab.text("#stage-title") == title
    assert tab.page.get_attribute("#handle1", "aria-valuenow") != before


@pytest.mark.parametrize("section", ["partition", "workshop", "own"])
def test_a_frame_shows_one_section_and_keeps_the_state(browser, section):
    from demo_browser import Tab

    tab = Tab(browser, "width=6&depth=1&fitstep=0", query=f"?embed={section}")
    shown = "all => all.filter((one) => one.checkVisibility()).map((one) => one.id)"
    assert tab.page.eval_on_selector_all("main section", shown) == [section]
    assert not tab.page.is_visible("h1")
    assert tab.text("output[for=width]") == "6" or section != "partition"
    address = urlsplit(tab.page.get_attribute("#whole-page a", "href"))
    assert (address.query, address.fragment) == ("", "width=6&depth=1&fitstep=0")
    tab.close()
    assert tab.errors == []


def test_an_unknown_frame_shows_the_page_and_says_so(browser):
    from demo_browser import Tab

    tab = Tab(browser, "fitstep=0", query="?embed=nowhere")
    assert "no section “nowhere”" in tab.text("#notice")
    assert tab.page.is_visible("h1")
    tab.close()


def test_the_frame_to_copy_names_its_section_and_the_state(open_tab):
    tab = open_tab("width=7&fitstep=0", permissions=["clipboard-read", "clipboard-write"])
    tab.page.click("#share-panel summary")
    tab.page.select_option("#frame-section", "fit")
    tab.page.click("#copy-frame")
    tab.page.wait_for_function(
        "() => document.querySelector('#copy-frame').textContent !== 'Copy the frame'"
    )
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    address = urlsplit(copied.split('src="')[1].split('"')[0].replace("&amp;", "&"))
    assert parse_qs(address.query) == {"embed": ["fit"]}
    assert set(address.fragment.split("&")) == {"width=7", "fitstep=0"}


def read_code(tab, selector):
    zxingcpp = pytest.importorskip("zxingcpp", reason="needs zxing-cpp: pip install '.[test]'")
    picture = Image.open(BytesIO(tab.page.locator(selector).screenshot())).convert("L")
    (found,) = zxingcpp.read_barcodes(np.asarray(picture), formats=zxingcpp.BarcodeFormat.QRCode)
    return found.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_scanner_reads_the_address_from_the_code(open_tab, scheme):
    tab = open_tab("width=5&depth=3&seed=11&fitstep=0", color_scheme=scheme)
    tab.page.click("#share-panel summary")
    assert read_code(tab, "#code-canvas") == f"{PAGE.as_uri()}#width=5&depth=3&seed=11&fitstep=0"
    assert "from disk" in tab.text("#code-note")
    tab.go(f"width=9&x={'1' * 2}.{'3' * 12}&y=-2.{'7' * 12}&colour=output&fitstep=0")
    tab.page.wait_for_timeout(500)
    assert read_code(tab, "#code-canvas") == tab.page.url
    tab.page.click("#present")
    tab.page.click("#stage-code")
    assert read_code(tab, "#stage-qr canvas") == tab.page.url


def test_codes_of_all_lengths_are_read(browser):
    from importlib.resources import files

    from geomtoy.demo.modules import joined

    zxingcpp = pytest.importorskip("zxingcpp", reason="needs zxing-cpp: pip install '.[test]'")
    source = (files("geomtoy.demo") / "page/js/qr.js").read_text()
    entry = 'import { qrCode } from "./qr.js";\nglobalThis.code = qrCode;\n'
    tab = browser.new_page()
    tab.evaluate(joined({"qr.js": source, "entry.js": entry}, "entry.js"))
    sizes = set()
    for k, length in enumerate([*range(3, 859, 38), 858]):
        text = ("https://example.org/é#" + "width=12&" * 100)[: length - 1]
        rows = np.array(tab.evaluate("([text, mask]) => code(text, mask)", [text, k % 8]), np.uint8)
        picture = np.kron(np.pad(1 - rows, 4, constant_values=1), np.ones((3, 3), np.uint8)) * np.uint8(
            255
        )
        (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        assert found.text == text
        sizes.add(len(rows))
    assert len(sizes) >= 15
    assert tab.evaluate("code('y'.repeat(859))") is None
    tab.close()


def window_of(tab):
    words = tab.text("#window-text").replace("−", "-").replace(",", "").split()
    return [float(words[k]) for k in (2, 4, 7, 9)]


def test_another_part_of_the_plane_is_counted_and_kept_in_the_address_and_the_file(
    open_tab, tmp_path, capsys
):
    tab = open_tab("width=9&depth=2&seed=3&fitstep=0", viewport={"width": 1200, "height": 1000})
    home = tab.number("#regions")
    tab.page.click("#zoom-out")
    tab.page.focus("#partition-canvas")
    tab.page.keyboard.press("Shift+ArrowRight")
    tab.settle()
    assert window_of(tab) == [-1.5, 2.5, -2, 2]
    state = tab.page.evaluate("new Promise((done) => setTimeout(() => done(location.hash), 400))")
    assert {"zoom=0.5", "x=0.5"} <= set(state[1:].split("&"))
    box = tab.page.locator("#partition-canvas").bounding_box()
    tab.page.mouse.move(box["x"] + 300, box["y"] + 300)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 200, box["y"] + 350)
    tab.page.mouse.up()
    tab.settle()
    left, _, bottom, _ = window_of(tab)
    assert left > -1.5
    assert bottom > -2
    stored = load(tab.save("#partition-save", tmp_path / "net.npz"))
    np.testing.assert_allclose(stored.window[0], [left, bottom], atol=0.006)
    assert main(["count", str(tmp_path / "net.npz")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["regions"], record["linear_regions"]) == (
        tab.number("#regions"),
        tab.number("#linear-regions"),
    )
    assert f"{count_regions(stored.network).regions}" == f"{home:,}"
    tab.page.focus("#partition-canvas")
    tab.page.keyboard.press("0")
    tab.settle()
    assert tab.number("#regions") == home
    assert window_of(tab) == [-1, 1, -1, 1]


@pytest.mark.parametrize(
    "state", ["width=8&depth=2&seed=1", "width=6&depth=2&grid=1&seed=2", "width=5&bias=0"]
)
def test_on_the_whole_plane_count_and_bound_share_a_domain(open_tab, tmp_path, state):
    tab = open_tab(f"{state}&domain=plane&bar=linear&fitstep=0")
    tab.page.wait_for_function(
        "() => document.querySelector('#share').textContent.includes('whole plane;')"
    )
    network = load(tab.save("#partition-save", tmp_path / "net.npz")).network
    count, bound = count_regions(network, window=None).regions, tab.number("#bound")
    said = tab.text("#share")
    assert f"with {count:,} regions on the whole plane" in said
    assert float(said.split()[0]) == pytest.approx(100 * count / bound, rel=0.06)
    assert "the bar is linear, from 0 to the bound" in said
    drawn = tab.page.evaluate("document.querySelector('#meter').style.getPropertyValue('--share')")
    assert float(drawn.rstrip("%")) == pytest.approx(100 * count / bound, abs=1e-3)
