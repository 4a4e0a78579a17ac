"""The page's small network: drawn, moved, trained, with its class border; against geomtoy and NumPy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from demo_browser import Tab

from geomtoy import Network, count_regions, load
from geomtoy.activations import ABS, leaky_relu

OTHERS = "fitstep=0&countby=exact"
STATES = [
    "task=xor&units1=5&units2=3&units3=2&activation=relu",
    "task=rings&units1=3&units2=4&units3=0&activation=leaky_relu",
    "task=spiral&units1=4&units2=0&units3=3&activation=abs&workseed=9",
    "task=own&units1=8&units2=0&units3=0&activation=abs&workseed=5",
]
KINDS = {"leaky_relu": leaky_relu(1 / 8), "abs": ABS}


@dataclass
class Workshop:
    """The section in a tab, and the network that it gives away."""

    tab: Any
    folder: Any

    def network(self) -> Network:
        network = load(self.tab.save("#work-save", self.folder / "small.npz")).network
        assert isinstance(network, Network)
        return network

    def settle(self) -> None:
        self.tab.settle()
        self.tab.page.wait_for_function(
            "() => document.querySelector('#work-canvas').getAttribute('aria-busy') === 'false'"
        )

    def go(self, state: str) -> None:
        self.tab.go(f"{OTHERS}&{state}")
        self.settle()

    def point_at(self, x: float, y: float, *, click: bool = False) -> None:
        """Move the mouse to a place of the plane."""
        canvas = self.tab.page.locator("#work-canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        place = box["x"] + (1 + x) / 2 * box["width"], box["y"] + (1 - y) / 2 * box["height"]
        (self.tab.page.mouse.click if click else self.tab.page.mouse.move)(*place)
        self.settle()


@pytest.fixture(scope="module")
def workshop(browser, tmp_path_factory):
    """One tab for all tests; each goes to a state of its own."""
    tab = Tab(browser, OTHERS, viewport={"width": 1280, "height": 900})
    yield Workshop(tab, tmp_path_factory.mktemp("workshop"))
    tab.close()
    assert tab.errors == []


def counts(tab):
    return tab.number("#work-regions"), tab.number("#work-linear")


def test_counts_and_class_borders_are_those_of_geomtoy(workshop):
    """The border between classes is the border of one more unit: the output."""
    for state in STATES:
        workshop.go(state)
        network = workshop.network()
        widths = [int(n) for n in re.findall(r"units\d=([1-9])", state)]
        assert network.widths == tuple(widths)
        assert set(network.activations) == {
            KINDS.get(state.split("activation=")[1].split("&")[0], network.activations[0])
        }
        found = count_regions(network)
        assert counts(workshop.tab) == (found.regions, found.linear_regions), state
        more = Network([*network.layers, ([[1]], [0])], [*network.activations, "relu"])
        pieces = int(re.search(r"has (\d+) straight", workshop.tab.text("#work-boundary"))[1])
        assert pieces == count_regions(more).regions - found.regions, state


def adam(network, points, values, steps, rate):
    """Adam on the mean squared error, written again with whole batches."""
    layers = [[np.array(W, float), np.array(b, float)] for W, b in network.layers]
    flat = [part for layer in layers for part in layer]
    means, squares = [np.zeros_like(p) for p in flat], [np.zeros_like(p) for p in flat]
    below = float(network.activations[0].slopes[0])
    for step in range(1, steps + 1):
        inputs, slopes, x = [], [], points
        for k, (W, b) in enumerate(layers):
            inputs.append(x)
            z = x @ W.T + b
            slopes.append(np.where(z > 0, 1.0, below) if k < len(layers) - 1 else np.ones_like(z))
            x = slopes[-1] * z
        gradient, gradients = 2 * (x - values[:, None]) / len(values), []
        for (W, _), inside, slope in zip(layers[::-1], inputs[::-1], slopes[::-1], strict=True):
            gradient = gradient * slope
            gradients = [gradient.T @ inside, gradient.sum(axis=0), *gradients]
            gradient = gradient @ W
        for p, g, mean, square in zip(flat, gradients, means, squares, strict=True):
            mean[:] = 0.9 * mean + 0.1 * g
            square[:] = 0.999 * square + 0.001 * g * g
            p -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return layers


@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "abs"])
def test_steps_are_those_of_adam(workshop, kind):
    points = np.array([[0.5, 0.25], [-0.75, 0.5], [-0.5, -0.5], [0.25, -0.875]])
    values = np.array([1.0, -1.0, 1.0, -1.0])
    listed = ";".join(f"{x},{y},{v:.0f}" for (x, y), v in zip(points, values, strict=True))
    workshop.go(f"task=own&points={listed}&activation={kind}&rate=0.03&units1=4&units2=3")
    start, loss = workshop.network(), float(workshop.tab.text("#work-loss"))
    assert loss == pytest.approx(np.mean((start(points).ravel() - values) ** 2), rel=1e-2)
    for _ in range(6):
        workshop.tab.page.click("#work-step")
    workshop.settle()
    assert workshop.tab.number("#work-steps") == 6
    trained = workshop.network()
    for (W, b), (V, c) in zip(adam(start, points, values, 6, 0.03), trained.layers, strict=True):
        np.testing.assert_allclose(W, np.array(V, float), rtol=0, atol=1e-9)
        np.testing.assert_allclose(b, np.array(c, float), rtol=0, atol=1e-9)
    right = int(np.sum(trained(points).ravel() * values > 0))
    assert f"{right} of 4 points" in workshop.tab.text("#work-boundary")


def test_it_trains_until_it_is_paused_and_starts_anew(workshop):
    workshop.go("task=rings&rate=0.03")
    page = workshop.tab.page
    start = counts(workshop.tab), float(workshop.tab.text("#work-loss"))
    page.click("#work-play")
    page.wait_for_function("() => Number(document.querySelector('#work-steps').innerText) > 60")
    page.click("#work-play")
    workshop.settle()
    assert float(workshop.tab.text("#work-loss")) < 0.7 * start[1]
    found = count_regions(workshop.network())
    assert counts(workshop.tab) == (found.regions, found.linear_regions)
    page.click("#work-reset")
    workshop.settle()
    assert workshop.tab.number("#work-steps") == 0
    assert (counts(workshop.tab), float(workshop.tab.text("#work-loss"))) == start


LIT = "all => all.map((one) => one.classList.contains('on'))"


def test_a_cell_lights_its_units_and_a_unit_its_border(workshop):
    workshop.go("units1=4&units2=3&workseed=3&task=xor")
    network = workshop.network()
    hidden = "#work-net .unit[role]:not(:last-child)"
    for x, y in [(0.31, 0.55), (-0.62, 0.2), (0.1, -0.83)]:
        workshop.point_at(x, y)
        on = np.concatenate(network.preactivations(np.array([[x, y]])), axis=1)[0] > 0
        assert workshop.tab.page.eval_on_selector_all(hidden, LIT) == on.tolist()
    warm = np.array([0xC2, 0x4A, 0x00])
    units = [(1, k) for k in range(4)] + [(2, k) for k in range(3)]
    crossing = [(unit, place) for unit in units if (place := on_border(network, *unit)) is not None]
    assert len(crossing) >= 3
    for (layer, unit), place in crossing:
        workshop.tab.page.hover(f"[data-unit='{layer},{unit}']")
        workshop.settle()
        colour = workshop.tab.page.evaluate(PIXEL, place)
        assert np.abs(np.array(colour) - warm).sum() < 60, (layer, unit)


PIXEL = """([x, y]) => {
    const canvas = document.querySelector("#work-canvas");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(canvas.width * (1 + x) / 2, canvas.height * (1 - y) / 2, 1, 1);
    return [...data.slice(0, 3)];
}"""


def on_border(network, layer, unit):
    """A place of the square where a hidden unit changes sign; None where it has none."""
    rng = np.random.default_rng(layer * 10 + unit)
    ends = rng.uniform(-0.95, 0.95, size=(400, 2, 2))
    for p, q in ends:
        places = p + np.linspace(0, 1, 2001)[:, None] * (q - p)
        z = network.preactivations(places)[layer - 1][:, unit]
        change = np.flatnonzero((z[1:] > 0) != (z[:-1] > 0))
        if len(change):
            return places[change[0]].tolist()
    return None


def test_a_weight_is_pulled_and_the_link_keeps_it(workshop, open_tab, tmp_path):
    page = workshop.tab.page
    workshop.go("units1=3&units2=2&workseed=4&task=own&points=")
    before = workshop.network().layers
    page.locator("#work-net").scroll_into_view_if_needed()
    grip = page.locator("[data-weight='1,2,0'] .grip").bounding_box()
    x, y = grip["x"] + 0.3 * grip["width"], grip["y"] + 0.3 * grip["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 30)
    page.mouse.up()
    workshop.settle()
    network = workshop.network()
    assert float(network.layers[0][0][2, 0]) == pytest.approx(float(before[0][0][2, 0]) + 0.3, abs=0.006)
    changed = sum(
        int(np.sum(W != V) + np.sum(b != c))
        for (W, b), (V, c) in zip(before, network.layers, strict=True)
    )
    assert changed == 1
    found = count_regions(network)
    assert counts(workshop.tab) == (found.regions, found.linear_regions)
    page.wait_for_function("() => location.hash.includes('moved=')")
    other = Workshop(open_tab(page.url.partition("#")[2]), tmp_path)
    assert all(
        np.array_equal(W, V)
        for (W, _), (V, _) in zip(other.network().layers, network.layers, strict=True)
    )
    page.click("#work-reset")
    workshop.settle()
    assert np.array_equal(workshop.network().layers[0][0], before[0][0])


def test_the_keyboard_moves_among_units_and_changes_weights(workshop):
    page = workshop.tab.page
    workshop.go("units1=3&units2=2&workseed=4")
    before = workshop.network().layers
    stops = "all => all.filter((one) => one.tabIndex === 0).length"
    assert page.eval_on_selector_all("#work-net .unit", stops) == 1
    page.focus("#work-net .unit[tabindex='0']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert "unit 2 of layer 2" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    workshop.settle()
    assert page.evaluate("document.activeElement.labels[0].textContent") == "from unit 1 of layer 1"
    moved = float(workshop.network().layers[1][0][1, 0])
    assert moved == pytest.approx(float(before[1][0][1, 0]), abs=0.0151)
    assert moved != float(before[1][0][1, 0])


def test_points_are_set_by_click_and_key(workshop):
    page = workshop.tab.page
    workshop.go("task=own&points=0.5,0.5,1")
    page.select_option("#own-class", "-1")
    workshop.point_at(-0.5, 0.25, click=True)
    workshop.point_at(0.5, 0.5, click=True)  # takes the first away
    state = page.input_value("#points")
    assert re.fullmatch(r"-0\.\d+,0\.\d+,-1", state)
    assert [float(n) for n in state.split(",")] == pytest.approx([-0.5, 0.25, -1], abs=0.01)
    page.focus("#work-canvas")
    page.mouse.move(5, 5)
    for key in ("ArrowRight", "Enter"):
        page.keyboard.press(key)
        workshop.settle()
    assert page.input_value("#points").count(";") == 1
    page.click("#own-clear")
    workshop.settle()
    assert workshop.tab.text("#work-loss") == "–"


def test_the_surface_turns_and_a_facet_of_a_chosen_cell_is_outlined(workshop):
    page = workshop.tab.page
    picture = "document.querySelector('#work-surface').toDataURL()"
    first = page.evaluate(picture)
    page.focus("#work-surface")
    page.keyboard.press("ArrowLeft")
    workshop.settle()
    second = page.evaluate(picture)
    assert second != first
    workshop.point_at(0.2, 0.3)
    assert page.evaluate(picture) != second
