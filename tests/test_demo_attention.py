"""The page's attention section: counted, drawn and said as geomtoy proved and published it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from page_numbers import run, the_program

from geomtoy import load_block
from geomtoy.demo.modules import joined
from geomtoy.views import enumerate_hard_attention

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "geomtoy/demo/page"
ATTENTION = json.loads((PAGE / "attention.json").read_text())
WINDOW = [(-3, -3), (3, -3), (3, 3), (-3, 3)]

CORE = (
    "attention_block", "attention_values", "dyadic", "enumerate", "filter", "geometry", "hard_attention",
    "linear", "maps", "network", "packed", "plane_network", "power_diagram", "whole_matrix",
)  # fmt: skip
LAYERS = ("W1", "b1", "W2", "b2")
ENTRY = """import { PlaneBlock } from "./attention_values.js";
import { blockOf } from "./attention_block.js";
import { enumerateHardAttention } from "./hard_attention.js";
globalThis.stored = blockOf;
globalThis.weights = (block, place, sharpness) => new PlaneBlock(block).at(place, sharpness ?? Infinity);
globalThis.hardCells = (block) => {
  const { attention, regions } = enumerateHardAttention(block, [-3, 3, -3, 3]);
  const patterns = (cells) => cells.map(({ pattern }) => pattern.join(""));
  return { regions, cells: attention.map(({ choices, cells }) => [choices, patterns(cells)]) };
};
"""
TYPED = """const typed = ({ tokens, plane, heads, mlp, ...rest }) => {
  const list = (one) => Float64Array.from(one);
  const all = (one) => Object.fromEntries(Object.entries(one).map(([k, v]) => [k, list(v)]));
  return { ...rest, tokens: list(tokens), plane: list(plane), mlp: all(mlp), heads: heads.map(all) };
};"""


@pytest.fixture(scope="module")
def scripts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        yield


@pytest.fixture(scope="module")
def core(browser, scripts):
    """The page's own modules in a blank tab."""
    sources = {f"{name}.js": (files("geomtoy.demo") / f"page/js/{name}.js").read_text() for name in CORE}
    tab = browser.new_page()
    tab.evaluate(joined(sources | {"entry.js": ENTRY}, "entry.js"))
    return tab


def as_page(block, tokens, plane):
    """A case of geomtoy as the page's modules take it."""
    (W1, b1), (W2, b2) = block.mlp.float_layers

    def head(h):
        return {name: getattr(block, f"W_{name}")[h].ravel().tolist() for name in "QKVO"}

    return {
        "d": block.d_model,
        "f": block.W_Q.shape[2],
        "hidden": len(b1),
        "T": len(tokens),
        "tokens": np.ravel(tokens).tolist(),
        "plane": [float(x) for x in (*plane.u, *plane.v, *plane.origin)],
        "heads": [head(h) for h in range(block.n_heads)],
        "mlp": {name: np.ravel(x).tolist() for name, x in zip(LAYERS, (W1, b1, W2, b2), strict=True)},
    }


def rounded(case, denominator):
    """The same with all numbers rounded coarsely, so that scores tie and lines meet."""

    def coarse(values):
        return np.round(np.asarray(values, float) * denominator) / denominator

    block, tokens, plane = case
    names = ("W_Q", "W_K", "W_V", "W_O")
    mlp = type(block.mlp)([(coarse(W), coarse(b)) for W, b in block.mlp.float_layers])
    block = replace(block, mlp=mlp, **{name: coarse(getattr(block, name)) for name in names})
    u, v = np.eye(block.d_model)[:2]
    return block, coarse(tokens), type(plane)(tuple(coarse(plane.origin)), tuple(u), tuple(v))


def cases():
    from geometric_perspective.planes import random_case

    for seed, (heads, context) in enumerate([(1, 4), (2, 3), (3, 5), (2, 8)]):
        yield random_case(seed, heads, context)
        for denominator in (1, 2):
            block, tokens, plane = rounded(random_case(seed, heads, context), denominator)
            yield block, tokens, plane
            yield block, np.vstack([tokens, tokens[:1]]), plane  # two tokens tie everywhere


def test_hard_attention_is_counted_as_geomtoy_counts_it(core):
    """Generic blocks, and coarse ones whose scores tie; cells by choice and pattern too."""
    tied = 0
    for block, tokens, plane in cases():
        found = core.evaluate(
            f"case_ => {{ {TYPED} return hardCells(typed(case_)); }}", as_page(block, tokens, plane)
        )
        cells = enumerate_hard_attention(block, tokens, plane, window=WINDOW, linear=False).cells
        expected = {
            tuple(choices): sorted("".join(map(str, row)) for row in piece.activation_patterns)
            for choices, piece in zip(cells.choices.tolist(), cells.pieces, strict=True)
        }
        assert {tuple(choices): sorted(patterns) for choices, patterns in found["cells"]} == expected
        assert found["regions"] == len(cells)
        tied += len(tokens) > len(np.unique(tokens, axis=0))
    assert tied >= 8


def test_every_block_of_the_sliders_is_counted_as_geomtoy_counted_it(core):
    for key, counts in ATTENTION["hard"].items():
        heads, context = map(int, key.split(","))
        found = core.evaluate(
            "([data, heads, context]) => hardCells(stored(data, heads, context))",
            [ATTENTION["block"], heads, context],
        )
        assert found["regions"] == counts["regions"]
        assert len(found["cells"]) == counts["attention"]


@pytest.mark.parametrize(("heads", "context"), [(2, 4), (8, 64)])
def test_the_stored_block_is_that_of_the_scripts(core, heads, context):
    from geometric_perspective.planes import random_case

    block, tokens, plane = random_case(0, heads, context)
    read = core.evaluate(
        """([data, heads, context]) => {
            const block = stored(data, heads, context);
            const lists = (one) => Object.fromEntries(Object.entries(one).map(([k, v]) => [k, [...v]]));
            return { ...block, tokens: [...block.tokens], plane: [...block.plane], mlp: lists(block.mlp),
                     heads: block.heads.map(lists) };
        }""",
        [ATTENTION["block"], heads, context],
    )
    assert read == as_page(block, tokens, plane)


def test_weights_and_units_at_a_query_are_those_of_the_block(core):
    from geometric_perspective.planes import random_case

    block, tokens, plane = random_case(3, 2, 6)
    for x, y in [(0.3, -1.2), (2.5, 2.0)]:
        query = plane.embed(np.array([[x, y]]))[0]
        scores = np.einsum("d,hdf,tg,hgf->ht", query, block.W_Q, tokens, block.W_K)
        for sharpness in (1, 4, None):
            got = core.evaluate(
                f"([case_, place, s]) => {{ {TYPED} const got = weights(typed(case_), place, s);"
                "return { ...got, preactivations: [...got.preactivations] }; }",
                [as_page(block, tokens, plane), [x, y], sharpness],
            )
            powers = np.exp(sharpness * (scores - scores.max(1, keepdims=True))) if sharpness else None
            expected = (
                np.eye(5)[scores.argmax(1)] if powers is None else powers / powers.sum(1, keepdims=True)
            )
            np.testing.assert_allclose(got["weights"], expected, atol=1e-12)
            mixed = np.einsum("ht,td,hdf,hfe->e", expected, tokens, block.W_V, block.W_O) + query
            units = block.mlp.preactivations(mixed[None])[0][0]
            np.testing.assert_allclose(got["preactivations"], units, atol=1e-9)
            assert got["pattern"] == (units > 0).astype(int).tolist()
            assert got["output"] == pytest.approx(block.mlp(mixed[None]).item(), abs=1e-9)


@pytest.mark.parametrize(("key", "sharpness"), [("1,4", 1), ("2,8", 16)])
def test_soft_borders_are_what_geomtoy_certifies(scripts, key, sharpness):
    from demo_attention import soft_record

    heads, context = map(int, key.split(","))
    assert soft_record(heads, context, sharpness) == ATTENTION["soft"][key][str(sharpness)]


@pytest.mark.parametrize("sharpness", ["hard", "4"])
def test_the_same_in_python(open_tab, sharpness, tmp_path, monkeypatch):
    tab = open_tab(f"heads=2&context=4&sharpness={sharpness}&fitstep=0")
    stored = load_block(tab.save("#block-save", tmp_path / "block.npz"))
    assert stored.block.n_heads == 2
    assert stored.block.hard == (sharpness == "hard")
    said = run(the_program(tab, "#block-python"), tmp_path, monkeypatch)
    assert int(said.split()[0]) == tab.number("#hard-regions")
    if sharpness == "hard":
        assert f"regions in {said.split()[3]} attention cells" in tab.text("#hard-kind")
    else:
        assert "certified" in tab.text("#hard-kind")


def test_the_query_is_dragged_and_moved_by_keys(open_tab):
    tab = open_tab("heads=1&context=16&fitstep=0", viewport={"width": 1200, "height": 1000})
    canvas = tab.page.locator("#hard-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    said = set()
    tab.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    tab.page.mouse.down()
    for across in (0.1, 0.5, 0.9):
        tab.page.mouse.move(box["x"] + across * box["width"], box["y"] + 0.3 * box["height"])
        tab.settle()
        said.add(tab.text("#hard-cell"))
        assert float(tab.text("output[for=queryx]")) == pytest.approx(6 * across - 3, abs=0.06)
    tab.page.mouse.up()
    assert len(said) > 1
    canvas.focus()
    before = float(tab.text("output[for=queryx]"))
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("Shift+ArrowLeft")
    assert float(tab.text("output[for=queryx]")) == pytest.approx(before - 0.55)
    assert "queryx=" in tab.page.evaluate(
        "new Promise((done) => setTimeout(() => done(location.hash), 400))"
    )


def test_pairs_without_certified_borders_claim_no_count(open_tab):
    tab = open_tab("heads=3&context=32&sharpness=2&fitstep=0")
    assert tab.text("#hard-regions") == "?"
    assert "not counted" in tab.text("#hard-kind")
    assert "stored for 1, 2, 4 heads and context 4, 8, 16" in tab.text("#sharpness-row")


def test_counts_by_sharpness_are_those_of_the_pictures(open_tab):
    tab = open_tab("heads=2&context=8&fitstep=0")
    listed = [int(n) for n in re.findall(r": (\d+)", tab.text("#sharpness-row"))]
    shown = []
    for sharpness in ("1", "2", "4", "8", "16", "hard"):
        tab.go(f"heads=2&context=8&sharpness={sharpness}&fitstep=0")
        shown.append(tab.number("#hard-regions"))
    assert listed == shown


def test_several_seeds_are_what_was_published(open_tab, scripts):
    from demo_seeds import TABLES, record

    data = json.loads((PAGE / "seeds.json").read_text())["seeds"]
    assert data == [record(table) for table in TABLES], "figures changed: run scripts/demo_seeds.py"
    tab = open_tab("fitstep=0")
    for k, table in enumerate(data):
        tab.page.select_option("#published", str(k))
        counts = np.array(table["counts"], float)
        cells = tab.page.eval_on_selector_all(
            "#seeds-table td", "all => all.map((one) => one.innerText)"
        )
        shown = np.array([[int(n) for n in cell.split(" ± ")] for cell in cells])
        means = np.nanmean(counts, axis=2).ravel(), np.nanstd(counts, axis=2, ddof=1).ravel()
        np.testing.assert_allclose(shown, np.transpose(means), atol=0.501)
        assert f"over {counts.shape[2]} seeds ({table['figure']})" in tab.text("#seeds-table caption")
        items = tab.page.eval_on_selector_all(
            "#seeds-verdicts li", "all => all.map((one) => one.innerText)"
        )
        published = json.loads((ROOT / f"figures/{table['figure']}.json").read_text())["verdicts"]
        for item, verdict in zip(items, table["verdicts"], strict=False):
            (source,) = [one for one in published if one["claim"] == verdict["claim"]]
            assert item.lower().startswith(f"{source['outcome']}: {source['claim'].lower()}.")
            low, high = (f"{x:.2f}".replace("-", "−") for x in verdict["interval"])
            assert f"[{low}, {high}], {source['seeds']} seeds" in item
        assert len(items) == max(1, len(table["verdicts"]))
