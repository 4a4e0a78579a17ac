"""Figure 1: how a random one-hidden-layer ReLU network cuts a square, with and without biases."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Numbers
from matplotlib.figure import Figure

from geometric_perspective.config import PARTITION, Partition
from geomtoy import UNIT_SQUARE, Network, count_regions, enumerate_regions
from geomtoy.models.gaussian import gaussian_network
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.theory import expected_regions_shallow
from geomtoy.verdicts import SelfCheck, Verdict, difference, equivalence, self_check

PRESETS = PARTITION
BIAS_SCALES = {"standard bias": 0.5, "zero bias": 0.0}
MARGIN = 0.05
"""Of the mean count, as a share of the expected one."""


def make(config: Partition, machine: object) -> Drawn:
    n = config.neurons
    networks = {
        name: [gaussian_network((2, n, 1), seed=seed, bias_scale=scale) for seed in range(config.seeds)]
        for name, scale in BIAS_SCALES.items()
    }
    counts = {name: [count_regions(net).regions for net in nets] for name, nets in networks.items()}
    # Weights on two inputs are N(0, 1), which is the case of the closed form.
    expected = expected_regions_shallow(n, UNIT_SQUARE, sigma_b=BIAS_SCALES["standard bias"])
    figure = draw({name: nets[0] for name, nets in networks.items()})
    return Drawn(figure, {"neurons": n, "regions": counts, "expected with biases": expected})


def draw(networks: dict[str, Network]) -> Figure:
    figure = new_figure(DOUBLE, 3.5)
    for ax, (name, network) in zip(figure.subplots(1, 2), networks.items(), strict=True):
        cells = enumerate_regions(network)
        draw_partition(ax, cells)
        ax.set(title=f"{name}: exactly {cells.n_cells} regions", xlabel="$x_1$", ylabel="$x_2$")
        ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    n, expected = numbers["neurons"], numbers["expected with biases"]
    regions = np.array(numbers["regions"]["standard bias"])
    return [
        difference(
            "Figure 1: with biases n units make more than twice as many regions as the 2n without",
            {"regions with biases - 4n": regions - 4 * n},
            above=0.0,
            note="Exact counts, in [-1, 1]^2; biases are N(0, 0.5^2) or 0. The picture shows seed 0.",
        ),
        equivalence(
            "Figure 1, our check: the mean count with biases is within 5 % of the one that integral "
            "geometry gives",
            {"regions over the expected number - 1": regions / expected - 1},
            margin=MARGIN,
        ),
    ]


def self_checks(numbers: Numbers) -> list[SelfCheck]:
    n, cones = numbers["neurons"], numbers["regions"]["zero bias"]
    return [
        self_check(
            "Figure 1: without biases all borders pass through the origin and n units make 2n cones",
            checked=len(cones),
            violations=sum(count != 2 * n for count in cones),
        )
    ]
