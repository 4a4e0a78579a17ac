"""A reader's own network: read from files and text, counted like geomtoy, refused in words."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest
from builders import random_net

import geomtoy
from geomtoy import Network, Slice, count_regions, leaky_relu
from geomtoy.theory import serra_upper_bound


@pytest.fixture
def tab(open_tab):
    tab = open_tab("fitstep=0")
    counted(tab)
    return tab


def counted(tab):
    tab.page.wait_for_function("() => document.querySelector('#own-canvas').ariaBusy === 'false'")
    return tab.number("#own-regions"), tab.number("#own-linear")


def opened(tab, path):
    """Give the page a file; (regions, linear regions) once they are there."""
    tab.page.set_input_files("#own-file", path)
    tab.page.wait_for_function(
        "name => document.querySelector('#own-status').innerText.startsWith(name + ':')", arg=path.name
    )
    return counted(tab)


def on_plane(tab):
    words = tab.text("#own-whole").replace(",", "").split()
    return tuple(int(word.rstrip(".")) for word in words if word.rstrip(".").isdigit())


def both(count):
    return count.regions, count.linear_regions


def test_files_of_every_kind_are_counted_as_geomtoy_counts_them(tab, tmp_path):
    rng = np.random.default_rng(0)
    plane = Slice(tuple(rng.integers(-2, 3, 4) / 3), (1, 0.5, 0, -1), (0, 1, 1 / 3, 0))
    wide = [(-2, -0.5), (3, -0.5), (3, 4), (-2, 4)]
    nets = {
        "coarse": (random_net(2, 5, 4, 1, seed=1, denominator=2), {}),
        "window": (random_net(2, 6, 1, seed=2, denominator=3), {"window": wide}),
        "plane": (random_net(4, 6, 5, 1, seed=3, denominator=3), {"slice": plane}),
        "outputs": (random_net(2, 5, 3, seed=4, denominator=1), {}),
        "line": (random_net(1, 6, 5, 1, seed=5, denominator=2), {"window": (-2.0, 3.0)}),
        "folds": (folded(random_net(2, 4, 3, 1, seed=6, denominator=2), "abs"), {}),
        "leaks": (folded(random_net(4, 5, 4, 1, seed=8), leaky_relu(1 / 8)), {"slice": plane}),
    }
    for name, (net, where) in nets.items():
        geomtoy.save(tmp_path / f"{name}.npz", net, **where)
        given = where.get("slice")
        found = opened(tab, tmp_path / f"{name}.npz")
        assert found == both(count_regions(net, **where)), name
        whole = count_regions(net, slice=given, window=None)
        bound = serra_upper_bound(net.widths, min(2, net.d_in))
        bounds = (bound,) if name not in ("folds", "leaks") else ()  # it is of ReLU networks
        assert on_plane(tab) == (*both(whole), *bounds), name


def folded(net, activation):
    return Network(net.layers, activation)


def test_packed_files_and_small_floats_are_read(tab, tmp_path):
    net = random_net(2, 7, 1, seed=6, denominator=4)
    layers = [(W.astype(np.float32), b) for W, b in net.float_layers]
    arrays = {
        f"{x}{k}": one for k, layer in enumerate(layers, 1) for x, one in zip("Wb", layer, strict=True)
    }
    arrays["W1"] = np.asfortranarray(arrays["W1"])
    arrays["b2"] = np.round(arrays["b2"]).astype(np.int64)
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    stored = geomtoy.load(tmp_path / "packed.npz").network
    assert opened(tab, tmp_path / "packed.npz") == both(count_regions(stored))


def pasted(tab, text):
    tab.page.fill("#own-json", text)
    tab.page.click("#own-read")
    return tab.text("#own-status")


def test_a_state_dict_is_counted_and_given_back_as_a_file(tab, tmp_path, monkeypatch):
    """The program beside the picture prints the numbers of the page."""
    net = random_net(3, 5, 4, 2, seed=7, denominator=3)
    state = {}
    for k, (W, b) in enumerate(net.float_layers):
        state |= {f"{2 * k}.weight": W.tolist(), f"{2 * k}.bias": b.tolist()}
    pasted(tab, json.dumps(state))
    tab.page.wait_for_function(
        "() => document.querySelector('#own-status').innerText.includes('3-5-4-2')"
    )
    shown = counted(tab), on_plane(tab)[:2]
    tab.save("#own-save", tmp_path / "own.npz")
    tab.page.click("#own-python summary")
    monkeypatch.chdir(tmp_path)
    said = StringIO()
    with redirect_stdout(said):
        exec(compile(tab.page.inner_text("#own-python pre"), "page", "exec"), {})
    first, second = said.getvalue().splitlines()
    for line, numbers in zip((first, second), shown, strict=True):
        assert f"regions={numbers[0]}, linear_regions={numbers[1]}," in line
    for (W, b), (V, c) in zip(geomtoy.load("own.npz").network.layers, net.float_layers, strict=True):
        assert np.array_equal(W, V)
        assert np.array_equal(b, c)


REFUSED = {
    "[1, 2]": "JSON object",
    "nonsense": "no JSON",
    '{"0.weight": [[1, 0]], "0.bias": [0]}': "fewer than two layers",
    '{"0.weight": [[1, 0], [1]], "2.weight": [[1, 1]]}': "0.weight is not a matrix",
    '{"0.weight": [[1, 0]], "0.bias": [0, 1], "2.weight": [[1]]}': "its bias (2)",
    '{"0.weight": [[1, 0]], "2.weight": [[1, 1]]}': "layer 2 takes 2 numbers",
    '{"0.weight": [["a", 0]], "2.weight": [[1]]}': "finite",
    json.dumps({"0.weight": [[1, 0]] * 257, "2.weight": [[1] * 257]}): "257 hidden units",
}


def test_what_cannot_be_counted_is_refused_in_words(tab, tmp_path):
    before = counted(tab)
    for text, named in REFUSED.items():
        said = pasted(tab, text)
        assert said.startswith("Not read: "), text
        assert named in said
    leaky = Network([([[1, 0]], [0]), ([[1]], [0])], "leaky_relu")
    geomtoy.save(tmp_path / "leaky.npz", leaky)
    (tmp_path / "text.npz").write_text("W1")
    tilted = [(0, 0), (1, 0), (0, 1)]
    geomtoy.save(tmp_path / "tilted.npz", random_net(2, 3, 1, seed=0, denominator=1), window=tilted)
    for name, named in {
        "leaky": "leaky ReLU of slope 1/8",
        "text": "not an npz",
        "tilted": "no upright rectangle",
    }.items():
        tab.page.set_input_files("#own-file", tmp_path / f"{name}.npz")
        tab.page.wait_for_function(
            "word => document.querySelector('#own-status').innerText.includes(word)", arg=named
        )
    assert counted(tab) == before


def test_too_many_regions_stop_with_a_sentence_and_the_page_stays_awake(tab):
    rng = np.random.default_rng(1)
    shapes = {"0.weight": (128, 2), "2.weight": (128, 128), "4.weight": (1, 128)}
    state = {name: rng.normal(size=shape).tolist() for name, shape in shapes.items()}
    pasted(tab, json.dumps(state))
    assert tab.page.is_visible("#own-stop")
    frames = tab.page.evaluate(
        """() => new Promise((done) => {
            let frames = 0;
            const tick = () => {
                if (++frames < 5) return requestAnimationFrame(tick);
                document.getElementById("own-stop").click();
                done(frames);
            };
            requestAnimationFrame(tick);
        })"""
    )
    assert frames == 5  # while the worker counts, who is stopped before a driver could find the button
    assert tab.text("#own-status") == "Stopped."
    assert not tab.page.is_visible("#own-stop")


def test_the_window_is_chosen(tab):
    ones = [counted(tab)[0]]
    for reach in ("2", "5"):
        tab.page.select_option("#reach", reach)
        ones.append(counted(tab)[0])
        assert f"[−{reach}, {reach}]" in tab.text("#own-status")
    assert ones == sorted(ones)
    assert ones[-1] <= on_plane(tab)[0]
