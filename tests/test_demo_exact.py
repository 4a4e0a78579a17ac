"""The page's enumerator, in the browser, on networks made to mislead floats: equal to geomtoy's."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from builders import random_net
from demo_browser import chromium
from zoo import ZOO

from geomtoy import UNIT_SQUARE, Network, count_regions, enumerate_regions
from geomtoy.activations import ABS, NAMED, leaky_relu
from geomtoy.demo.modules import joined

CORE = ("dyadic", "enumerate", "filter", "geometry", "linear", "maps", "network")
ENTRY = """import { enumerateRegions } from "./enumerate.js";
import { makeLayer, makeNetwork } from "./network.js";
globalThis.enumerated = (layers, window, activation) => {
  const network = makeNetwork(
    layers.map(([W, b, m]) => makeLayer(b.length, m, Float64Array.from(W), Float64Array.from(b))),
    activation,
  );
  const { cells, edges, regions, linearRegions, exactSigns } = enumerateRegions(network, window);
  const vertices = new Set(cells.flatMap(({ loop }) => loop)).size;
  const patterns = cells.map(({ pattern }) => pattern.join(""));
  return { regions, linearRegions, exactSigns, patterns, euler: vertices - edges.length + regions };
};
"""
SQUARE = (-1.0, 1.0, -1.0, 1.0)


@pytest.fixture(scope="module")
def enumerated():
    """Function of a network and a window [left, right, bottom, top], run by the page's own modules."""
    folder = files("geomtoy.demo") / "page/js"
    sources = {f"{name}.js": (folder / f"{name}.js").read_text("utf-8") for name in CORE}
    with chromium() as browser:
        tab = browser.new_page()
        tab.evaluate(joined(sources | {"entry.js": ENTRY}, "entry.js"))

        def run(network, window=SQUARE):
            layers = [[W.ravel().tolist(), b.tolist(), W.shape[1]] for W, b in network.float_layers]
            kind = network.activations[0].name
            return tab.evaluate(
                "([layers, window, kind]) => enumerated(layers, window, kind)",
                [layers, list(window), kind],
            )

        yield run


def agrees(found, network, window=SQUARE):
    left, right, bottom, top = window
    flat = network.d_in == 1
    polygon = (left, right) if flat else [(left, bottom), (right, bottom), (right, top), (left, top)]
    count = count_regions(network, window=polygon)
    cells = enumerate_regions(network, window=polygon)
    patterns = ["".join(map(str, pattern)) for pattern in cells.activation_patterns]
    return (
        (found["regions"], found["linearRegions"]) == (count.regions, count.linear_regions)
        and sorted(found["patterns"]) == sorted(patterns)
        and found["euler"] == 1
    )


@pytest.mark.parametrize("denominator", [1, 3, 7])
@pytest.mark.parametrize("widths", [(2, 6, 6, 1), (2, 4, 4, 4, 1), (2, 12, 1), (1, 9, 9, 1)])
def test_small_rational_weights(enumerated, widths, denominator):
    nets = [random_net(*widths, seed=seed, denominator=denominator) for seed in range(8)]
    found = [enumerated(net) for net in nets]
    assert all(agrees(one, net) for one, net in zip(found, nets, strict=True))
    assert sum(one["exactSigns"] for one in found) > 0


@pytest.mark.parametrize("kind", [leaky_relu(1 / 8), ABS], ids=["leaky", "abs"])
@pytest.mark.parametrize(("widths", "denominator"), [((2, 6, 6, 1), 3), ((2, 3, 5, 4, 1), 1)])
def test_units_that_are_heard_on_both_sides(enumerated, kind, widths, denominator):
    nets = [random_net(*widths, seed=seed, denominator=denominator) for seed in range(6)]
    nets = [Network(net.layers, kind) for net in nets]
    found = [enumerated(net) for net in nets]
    assert all(agrees(one, net) for one, net in zip(found, nets, strict=True))
    assert sum(one["exactSigns"] for one in found) > 0


def test_the_zoo(enumerated):
    chosen = {name: make() for name, make in ZOO.items() if suits(make())}
    assert len(chosen) >= 12
    assert [
        name for name, one in chosen.items() if not agrees(enumerated(one.network), one.network)
    ] == []


def suits(animal):
    """Networks of the kind that the page has: float ReLU networks with one output on the square."""
    net = animal.network
    return (
        animal.slice is None
        and animal.window is UNIT_SQUARE
        and net.d_in == 2
        and net.d_out == 1
        and not net.is_rational
        and not net.maxima
        and all(act == NAMED["relu"] for act in net.activations)
        and sum(net.widths) <= 40
    )


@pytest.mark.parametrize("window", [(-2.0, 0.1, -1 / 3, 5.0), (0.0, 1.0, 0.0, 1.0)])
def test_other_windows(enumerated, window):
    nets = [random_net(2, 6, 6, 1, seed=seed, denominator=3) for seed in range(4)]
    assert all(agrees(enumerated(net, window), net, window) for net in nets)


def test_lines_that_miss_a_common_point_by_an_ulp(enumerated):
    rng = np.random.default_rng(0)
    for _ in range(20):
        point, normals = rng.normal(size=2) / 3, rng.normal(size=(5, 2))
        bias = -(normals @ point)
        near = [np.nextafter(bias, bias + k) for k in (-1, 0, 1)]
        for b in near:
            net = Network(
                [(normals, b), (rng.normal(size=(4, 5)), np.zeros(4)), (np.ones((1, 4)), [0.0])]
            )
            assert agrees(enumerated(net), net)


def test_units_of_very_different_size_and_near_twins(enumerated):
    rng = np.random.default_rng(1)
    for scale in (2.0**-40, 1e-12, 2.0**40, 1e150, 1e-160):
        W, b = rng.normal(size=(5, 2)), rng.normal(size=5) / 3
        W, b = np.vstack([W, scale * W[:2], W[0] + 2.0**-50]), np.concatenate([b, scale * b[:2], b[:1]])
        net = Network(
            [(W, b), (rng.integers(-1, 2, size=(5, 8)), np.zeros(5)), (np.ones((1, 5)), [0.0])]
        )
        assert agrees(enumerated(net), net)


def test_maps_that_are_equal_only_after_cancellation(enumerated):
    """Twin units whose weights cancel: floats round their sums differently, the function is one."""
    rng = np.random.default_rng(2)
    for _ in range(10):
        W, b, third = rng.normal(size=(4, 2)), rng.normal(size=4) / 3, rng.normal(size=(3, 4))
        first = np.vstack([W, W[:2]]), np.concatenate([b, b[:2]])
        second = np.hstack([third, -third[:, :2]]), rng.normal(size=3)
        net = Network([first, second, (rng.normal(size=(1, 3)), [0.0])])
        found = enumerated(net)
        assert found["linearRegions"] < found["regions"]
        assert agrees(found, net)


def test_lines_through_a_corner_that_floats_round(enumerated):
    rng = np.random.default_rng(3)
    window = (-1 / 3, 0.9, -1 / 7, 0.7)
    for _ in range(10):
        normals = rng.normal(size=(8, 2))
        bias = -(normals @ [window[0], window[2]])
        net = Network([(normals, bias), (rng.normal(size=(1, 8)), [0.0])])
        assert agrees(enumerated(net, window), net, window)
