"""The page's inexact counts: what they miss and invent is so, and the exact number is geomtoy's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from geomtoy import count_regions, enumerate_regions, load

TABLE = """() => [...document.querySelectorAll("#sampled-rows tr")].map((row) =>
    [...row.cells].map((cell) => cell.innerText))"""


def table(tab):
    """Way of counting -> (regions, missed, invented)."""
    return {name: tuple(map(int, numbers)) for name, *numbers in tab.page.evaluate(TABLE)}


def patterns(network, side):
    """Different patterns at the middles of side x side pixels."""
    middle = (2 * np.arange(side) + 1) / side - 1
    points = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    on = np.concatenate(network.preactivations(points), axis=1) > 0
    return set(map(tuple, on.astype(int).tolist()))


@pytest.mark.parametrize("state", ["sampleof=halves&sampleseed=6", "sampleof=both&sampleseed=10"])
def test_pixels_are_counted_as_numpy_does(open_tab, tmp_path, state):
    """Weights and pixels are dyadic, so that floats give the sign of every preactivation."""
    tab = open_tab(f"{state}&fitstep=0")
    network = load(tab.save("#sampled-save", tmp_path / "net.npz")).network
    exact = set(map(tuple, np.asarray(enumerate_regions(network).activation_patterns).tolist()))
    rows = table(tab)
    assert rows["exactly"] == (count_regions(network).regions, 0, 0)
    for side in (16, 64):
        seen = patterns(network, side)
        assert rows[f"{side} × {side} pixels"] == (len(seen), len(exact - seen), len(seen - exact))


def test_no_way_is_right_on_thirds_and_the_numbers_add_up(open_tab):
    """What is offered as an example is one: each row but the first is wrong."""
    tab = open_tab("fitstep=0")
    rows = table(tab)
    regions = rows.pop("exactly")[0]
    assert len(rows) == 11
    for found, missed, invented in rows.values():
        assert found == regions - missed + invented
        assert missed + invented > 0


def test_floats_without_tolerance_are_right_on_random_weights_and_wrong_on_some_halves(open_tab):
    tab = open_tab("sampleof=random&fitstep=0")
    name = "floats, no tolerance"
    wrong = 0
    for seed in range(26, 30):
        tab.go(f"sampleof=random&sampleseed={seed}&fitstep=0")
        assert table(tab)[name] == table(tab)["exactly"]
        tab.go(f"sampleof=halves&sampleseed={seed}&fitstep=0")
        wrong += table(tab)[name] != table(tab)["exactly"]
    assert wrong > 0


def test_the_switch_marks_and_says_what_the_table_has(open_tab):
    tab = open_tab("countby=pixels&pixels=64&fitstep=0")
    shown = {}
    for way in ("exact", "pixels", "floats"):
        tab.page.select_option("#countby", way)
        tab.settle()
        row = dict(zip(("found", "missed", "invented"), chosen(tab), strict=True))
        assert tab.number("#sampled-count") == row["found"]
        shown[way] = tab.page.evaluate("document.querySelector('#sampled-canvas').toDataURL()")
        label = tab.page.get_attribute("#sampled-canvas", "aria-label")
        if way == "exact":
            assert "no other" in tab.text("#sampled-verdict")
            continue
        assert f"{row['missed']} marked as missed, {row['invented']} as invented" in label
        said = re.findall(r"\d+", tab.text("#sampled-verdict"))
        off = abs(row["found"] - table(tab)["exactly"][0])
        assert [int(n) for n in said] == [off, row["missed"], table(tab)["exactly"][0], row["invented"]]
    assert len(set(shown.values())) == 3
    assert tab.page.is_visible("#tolerance")
    assert not tab.page.is_visible("#pixels")


def chosen(tab):
    cells = "all => all.map((cell) => Number(cell.innerText))"
    return tab.page.eval_on_selector_all("#sampled-rows .chosen td", cells)


def test_it_counts_the_network_of_the_workshop_too(open_tab, tmp_path):
    tab = open_tab("sampleof=workshop&units1=4&units2=3&activation=abs&fitstep=0")
    network = load(tab.save("#work-save", tmp_path / "net.npz")).network
    tab.page.wait_for_timeout(400)
    assert table(tab)["exactly"][0] == count_regions(network).regions
    seen = patterns(network, 32)
    assert table(tab)["32 × 32 pixels"][0] == len(seen)
