"""Figure 2: networks with 50 and 500 neurons fitted to sin(x), their regions and their errors."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.config import HIGH, LOW, SIN, Sin
from geometric_perspective.run_mlps import ACTIVATION, train_mlps
from geomtoy import Network, count_regions, enumerate_regions
from geomtoy.models.stack import unstack_networks
from geomtoy.plots.functions import draw_bins, draw_fit, draw_joints, ticks_in_pi
from geomtoy.plots.style import DOUBLE, GREY, ORANGE, new_figure
from geomtoy.verdicts import Verdict, ratio

PRESETS = SIN
BINS = np.linspace(LOW, HIGH, 33)
X = np.linspace(LOW, HIGH, 4001)[:, None]


def make(config: Sin, machine: Machine) -> Drawn:
    runs = machine.run(train_mlps, config.runs, lambda run: run.cost)
    networks = {run.config.neurons: unstack_networks(run.arrays, ACTIVATION) for run in runs}
    numbers = {n: measure(nets) for n, nets in networks.items()}
    return Drawn(draw({n: nets[0] for n, nets in networks.items()}, numbers), numbers)


def measure(networks: list[Network]) -> dict[str, Any]:
    """Exact counts in the domain and in each bin, and the error on a fine grid, seeds first."""
    counts = [count_regions(network, window=(LOW, HIGH)) for network in networks]
    bins = [[count_in(network, bin) for bin in pairwise(BINS)] for network in networks]
    errors = np.array([network(X) - np.sin(X) for network in networks])
    return {
        "regions": [count.regions for count in counts],
        "linear_regions": [count.linear_regions for count in counts],
        "regions_per_bin": bins,
        "rmse": np.sqrt((errors**2).mean(axis=(1, 2))),
        "max_error": np.abs(errors).max(axis=(1, 2)),
    }


def count_in(network: Network, interval: tuple[float, float]) -> int:
    return count_regions(network, window=interval, linear=False).regions


def draw(networks: dict[int, Network], numbers: dict[int, dict[str, Any]]) -> Figure:
    figure = new_figure(DOUBLE, 4.6)
    axes = figure.subplots(3, 2, sharex=True, sharey="row", height_ratios=[3, 2, 2])
    for column, (n, network) in zip(axes.T, networks.items(), strict=True):
        draw_column(column, network, numbers[n])
        column[0].set_title(f"{n} neurons: exactly {numbers[n]['regions'][0]} regions")
    axes[0, 0].set(ylabel="value", ylim=(-1.3, 1.6))
    axes[0, 0].legend(loc="upper center", ncols=3)
    axes[1, 0].set_ylabel("regions in each\nbin of width π/8")
    axes[1, 0].legend(loc="upper left", ncols=2)
    axes[2, 0].set(ylabel="|error|", ylim=(1e-4, 0.5))
    axes[2, 0].legend(loc="upper left", bbox_to_anchor=(0, 1.08), ncols=2)
    figure.align_ylabels(axes[:, 0])
    return figure


def draw_column(axes: Iterable[Axes], network: Network, found: dict[str, Any]) -> None:
    fit, bins, error = axes
    draw_fit(fit, X[:, 0], np.sin(X[:, 0]), network(X)[:, 0])
    draw_joints(fit, enumerate_regions(network, window=(LOW, HIGH)).breakpoints)
    draw_bins(bins, BINS, np.array(found["regions_per_bin"]))
    error.semilogy(X[:, 0], np.abs(network(X) - np.sin(X))[:, 0], color=ORANGE, linewidth=0.6)
    error.axhline(found["rmse"][0], color="black", linewidth=0.9, linestyle="--", label="RMSE")
    low, high = min(found["rmse"]), max(found["rmse"])
    error.axhspan(low, high, color=GREY, alpha=0.3, linewidth=0, label="range over seeds")
    error.set(xlabel="x", xlim=(LOW, HIGH))
    ticks_in_pi(error, -2, 2)


def verdicts(numbers: Numbers) -> list[Verdict]:
    few, many = sorted(numbers, key=int)
    less, more = numbers[few], numbers[many]
    return [
        ratio(
            "Figure 2: more neurons make more regions and a smaller error on sin(x)",
            {
                f"regions, {many} over {few} neurons": np.divide(more["regions"], less["regions"]),
                f"RMSE, {few} over {many} neurons": np.divide(less["rmse"], more["rmse"]),
            },
            above=1.0,
            note="The picture shows seed 0. Regions are counted exactly, in [-2π, 2π]; biases start as "
            "N(0, (2π)^2), so that most joints lie there.",
        )
    ]
