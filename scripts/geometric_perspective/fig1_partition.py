"""Figure 1: how a random one-hidden-layer ReLU network cuts a square, with and without biases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import arguments, publish
from matplotlib.figure import Figure

from geomtoy import UNIT_SQUARE, Network, count_regions, enumerate_regions
from geomtoy.models.gaussian import gaussian_network
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, new_figure, paper_style
from geomtoy.results import Verdict, spread
from geomtoy.theory import expected_regions_shallow

BIAS_SCALES = {"standard bias": 0.5, "zero bias": 0.0}


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__, seeds=20)
    parser.add_argument("--neurons", type=int, default=40)
    args = parser.parse_args(argv)
    n, seeds = args.neurons, range(args.seeds)
    networks = {
        name: [gaussian_network((2, n, 1), seed=seed, bias_scale=scale) for seed in seeds]
        for name, scale in BIAS_SCALES.items()
    }
    counts = {name: [count_regions(net).regions for net in nets] for name, nets in networks.items()}
    config = {"neurons": n, "seeds": args.seeds, "bias_scales": BIAS_SCALES, "window": UNIT_SQUARE}
    verdicts = [cones_verdict(counts, n), mean_verdict(counts["standard bias"], n)]
    with paper_style():
        figure = draw({name: nets[0] for name, nets in networks.items()})
        publish(args, "fig1_partition", figure, config, {"regions": counts}, verdicts)


def draw(networks: dict[str, Network]) -> Figure:
    figure = new_figure(DOUBLE, 3.5)
    for ax, (name, network) in zip(figure.subplots(1, 2), networks.items(), strict=True):
        cells = enumerate_regions(network)
        draw_partition(ax, cells)
        ax.set(title=f"{name}: exactly {cells.n_cells} regions", xlabel="$x_1$", ylabel="$x_2$")
        ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    return figure


def cones_verdict(counts: dict[str, list[int]], n: int) -> Verdict:
    cones, cells = counts["zero bias"], counts["standard bias"]
    as_claimed = all(count == 2 * n for count in cones) and all(count > 2 * n for count in cells)
    return Verdict(
        claim="Figure 1: without biases all borders pass through the origin and n units make 2n cones; "
        "with biases they make many more regions",
        statistic={"2n": 2 * n, **counts},
        seeds=len(cells),
        spread={name: spread(found) for name, found in counts.items()},
        holds="holds" if as_claimed else "fails",
        note="The picture shows seed 0. Counts are exact, in [-1, 1]^2; biases are N(0, 0.5^2) or 0.",
    )


def mean_verdict(cells: list[int], n: int) -> Verdict:
    """Weights on two inputs are N(0, 1), which is the case of the closed form."""
    expected = expected_regions_shallow(n, UNIT_SQUARE, sigma_b=BIAS_SCALES["standard bias"])
    standard_error = max(spread(cells)["std"], 1e-9) / np.sqrt(len(cells))
    deviation = (np.mean(cells) - expected) / standard_error
    return Verdict(
        claim="Figure 1, our check: the mean count with biases is the one that integral geometry gives",
        statistic={"expected": expected, "standard errors between": deviation},
        seeds=len(cells),
        spread={"regions": spread(cells)},
        holds="holds" if abs(deviation) < 3 else "fails",
    )


if __name__ == "__main__":
    main()
