"""Figure 2: networks with 50 and 500 neurons fitted to sin(x), their regions and their errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from figure import arguments, publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy import Network, count_regions, enumerate_regions
from geomtoy.models.stack import stack_networks, unstack_networks
from geomtoy.plots.functions import draw_bins, draw_fit, draw_joints, ticks_in_pi
from geomtoy.plots.style import DOUBLE, GREY, ORANGE, new_figure, paper_style
from geomtoy.results import Verdict, spread
from geomtoy.store import run

LOW, HIGH = -2 * np.pi, 2 * np.pi
BINS = np.linspace(LOW, HIGH, 33)
X = np.linspace(LOW, HIGH, 4001)[:, None]


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__, seeds=8)
    parser.add_argument("--neurons", type=int, nargs=2, default=[50, 500])
    parser.add_argument("--steps", type=int, default=10_000)
    args = parser.parse_args(argv)
    configs = {n: training_config(n, args.steps, args.seeds) for n in args.neurons}
    networks = {n: trained(args.results, config) for n, config in configs.items()}
    numbers = {n: measure(nets) for n, nets in networks.items()}
    with paper_style():
        figure = draw({n: nets[0] for n, nets in networks.items()}, numbers)
        publish(args, "fig2_sin_mlp", figure, configs, numbers, [verdict(numbers)])


def training_config(neurons: int, steps: int, seeds: int) -> dict[str, Any]:
    """All that the trained networks depend on. A bias_scale of 2π spreads the joints over the domain."""
    model = {"d_in": 1, "widths": (neurons,), "d_out": 1, "activation": "relu", "bias_scale": HIGH}
    fit = {"steps": steps, "learning_rate": 1e-2, "batch_size": None, "seeds": seeds, "seed": 0}
    return {"target": "sin", "points": 256, "model": model, "fit": fit}


def trained(folder: Path, config: dict[str, Any]) -> list[Network]:
    """One network per seed, from the cache if this config was trained before."""
    result = run(train, [config], folder)[0]
    return unstack_networks(result.arrays, config["model"]["activation"])


def train(config: Mapping[str, Any]) -> dict[str, np.ndarray]:
    import jax  # only here: redrawing needs none of it

    from geomtoy.models.export import from_flax
    from geomtoy.models.mlp import MLP, MLPConfig
    from geomtoy.training.fit import FitConfig, fit
    from geomtoy.training.targets import target

    jax.config.update("jax_enable_x64", True)
    sin, model = target(config["target"]), MLPConfig(**config["model"])
    x = sin.grid(config["points"])
    found = fit(
        lambda rngs: MLP(model, rngs=rngs), x, sin(x), FitConfig(**config["fit"]),
        progress=True,
    )  # fmt: skip
    return {**stack_networks([from_flax(m) for m in found.models()]), "loss": found.loss}


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


def verdict(numbers: dict[int, dict[str, Any]]) -> Verdict:
    (few, less), (many, more) = numbers.items()
    region_ratio = np.divide(more["regions"], less["regions"])
    error_ratio = np.divide(more["rmse"], less["rmse"])
    wins = [bool((region_ratio > 1).all()), bool((error_ratio < 1).all())]
    ratios = {
        f"regions, {many} over {few} neurons": region_ratio,
        f"RMSE, {many} over {few}": error_ratio,
    }
    return Verdict(
        claim="Figure 2: more neurons make more regions and a smaller error on sin(x)",
        statistic=ratios,
        seeds=len(region_ratio),
        spread={name: spread(values) for name, values in ratios.items()},
        holds="holds" if all(wins) else "mixed" if any(wins) else "fails",
        note="It holds if it does for every seed. The picture shows seed 0. Regions are counted "
        "exactly, in [-2π, 2π]; biases start as N(0, (2π)^2), so that most joints lie there.",
    )


if __name__ == "__main__":
    main()
