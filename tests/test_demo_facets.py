"""The page's surface: facets are painted from behind, as rays along the view meet them."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from builders import random_net
from demo_browser import chromium

from geomtoy.demo.modules import joined

CORE = ("dyadic", "enumerate", "facets", "filter", "geometry", "linear", "maps", "network")
ENTRY = """import { enumerateRegions } from "./enumerate.js";
import { paintersOrder, projection } from "./facets.js";
import { makeLayer, makeNetwork } from "./network.js";
globalThis.painted = (layers, view) => {
  const network = makeNetwork(
    layers.map(([W, b, m]) => makeLayer(b.length, m, Float64Array.from(W), Float64Array.from(b))),
  );
  const partition = enumerateRegions(network);
  const patterns = partition.cells.map(({ pattern }) => pattern.join(""));
  return { order: paintersOrder(partition, view).map((k) => patterns[k]), patterns };
};
globalThis.seen = (view, places) => places.map((place) => projection(view)(...place));
"""


@pytest.fixture(scope="module")
def painter():
    folder = files("geomtoy.demo") / "page/js"
    sources = {f"{name}.js": (folder / f"{name}.js").read_text("utf-8") for name in CORE}
    with chromium() as browser:
        tab = browser.new_page()
        tab.evaluate(joined(sources | {"entry.js": ENTRY}, "entry.js"))
        yield tab


@pytest.mark.parametrize("azimuth", [-0.6, 0.0, 1.1, 2.9])
def test_what_a_ray_meets_last_is_painted_first(painter, azimuth):
    rng = np.random.default_rng(0)
    away = np.array([np.sin(azimuth), np.cos(azimuth)])
    for seed in range(4):
        net = random_net(2, 5, 4, 1, seed=seed, denominator=3)
        layers = [[W.ravel().tolist(), b.tolist(), W.shape[1]] for W, b in net.float_layers]
        found = painter.evaluate(
            "([layers, view]) => painted(layers, view)", [layers, {"azimuth": azimuth, "tilt": 0.5}]
        )
        assert sorted(found["order"]) == sorted(found["patterns"])
        place = {pattern: k for k, pattern in enumerate(found["order"])}
        for foot in rng.uniform(-1, 1, size=(60, 2)):
            ray = foot + np.linspace(3, -3, 1501)[:, None] * away  # from far to near
            ray = ray[(np.abs(ray) < 1).all(axis=1)]
            on = np.concatenate(net.preactivations(ray), axis=1) > 0
            met = [place[key] for row in on.astype(int) if (key := "".join(map(str, row))) in place]
            assert met == sorted(met)


def test_height_is_up_and_what_is_behind_is_higher_on_the_picture(painter):
    view = {"azimuth": 0.7, "tilt": 0.5}
    away = [np.sin(0.7), np.cos(0.7), 0.0]
    (x0, y0), (_, up), (x1, behind) = painter.evaluate(
        "([view, places]) => seen(view, places)", [view, [[0, 0, 0], [0, 0, 1], away]]
    )
    assert up > y0
    assert behind > y0
    assert x1 == pytest.approx(x0, abs=1e-12)
