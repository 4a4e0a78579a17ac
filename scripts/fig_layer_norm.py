"""One network with and without LayerNorm: the lines that cut its plane become circles of a sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figure import arguments, publish
from matplotlib.figure import Figure

from geomtoy import compile_layers, enumerate_regions
from geomtoy.layers import Affine, LayerNorm
from geomtoy.plots.circles import draw_circles
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, new_figure, paper_style
from geomtoy.results import Verdict, spread

WIDTH = 16
REACH = 3
WINDOW = ((-REACH, -REACH), (REACH, -REACH), (REACH, REACH), (-REACH, REACH))


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__, seeds=20)
    parser.add_argument("--neurons", type=int, default=24)
    parser.add_argument("--deeper", type=int, default=12, help="units of the second hidden layer")
    args = parser.parse_args(argv)
    depths = {"one hidden layer": (args.neurons,), "two hidden layers": (args.neurons, args.deeper)}
    cells = {
        (depth, normed): [cells_of(seed, widths, normed) for seed in range(args.seeds)]
        for depth, widths in depths.items()
        for normed in (False, True)
    }
    counts = {
        depth: {label(normed): [len(one) for one in cells[depth, normed]] for normed in (False, True)}
        for depth in depths
    }
    patterns = {
        label(normed): [len(one) - n_patterns(one) for one in cells["one hidden layer", normed]]
        for normed in (False, True)
    }
    config = {"width": WIDTH, "hidden": depths, "seeds": args.seeds, "window": WINDOW, "bias_scale": 0.5}
    numbers = {"regions": counts, "regions beyond patterns": patterns}
    verdicts = [*(more_verdict(depth, counts[depth]) for depth in depths), pattern_verdict(patterns)]
    planes = [cells_of(0, widths, normed=True, window=None) for widths in depths.values()]
    with paper_style():
        figure = draw({key: found[0] for key, found in cells.items()}, planes)
        publish(args, "fig_layer_norm", figure, config, numbers, verdicts)


def label(normed: bool) -> str:
    return "with LayerNorm" if normed else "without"


def cells_of(seed: int, widths: Sequence[int], normed: bool, window: object = WINDOW) -> Any:
    """The plane, embedded in R^WIDTH, in front of a Gaussian network; with a norm in between or not."""
    rng = np.random.default_rng(seed)
    layers = [Affine(rng.normal(size=(WIDTH, 2)), rng.normal(size=WIDTH))]
    layers += [LayerNorm()] if normed else []
    width = WIDTH
    for n in widths:
        layers += [Affine(rng.normal(size=(n, width)) * np.sqrt(2 / width), 0.5 * rng.normal(size=n))]
        layers += ["relu"]
        width = n
    network = compile_layers([*layers, Affine(rng.normal(size=(1, width)))])
    return enumerate_regions(network, window=window)


def n_patterns(cells: Any) -> int:
    return len(np.unique(cells.activation_patterns, axis=0))


def draw(cells: dict[tuple[str, bool], Any], planes: Sequence[Any]) -> Figure:
    figure = new_figure(DOUBLE, 4.9)
    axes = figure.subplots(2, 3)
    for ax, ((depth, normed), found) in zip(axes[:, :2].flat, cells.items(), strict=True):
        (draw_circles if normed else draw_partition)(ax, found, linewidth=0.4)
        ax.set(title=f"{depth},\n{label(normed)}: {len(found)} regions", xlabel="$x_1$", ylabel="$x_2$")
        ax.set(xticks=[-REACH, 0, REACH], yticks=[-REACH, 0, REACH])
    for ax, found in zip(axes[:, 2], planes, strict=True):
        draw_circles(ax, found, linewidth=0.4, on_sphere=True)
        ax.set(title=f"the whole plane on the\nsphere: {len(found)} regions")
        ax.axis("off")
    return figure


def more_verdict(depth: str, counts: dict[str, list[int]]) -> Verdict:
    gap = np.subtract(counts["with LayerNorm"], counts["without"])
    return Verdict(
        claim="Our check: circles may meet twice, so the same random network has more regions behind "
        f"LayerNorm ({depth})",
        statistic={"seeds with more": int((gap > 0).sum()), "mean gap": float(gap.mean())},
        seeds=len(gap),
        spread={name: spread(found) for name, found in counts.items()},
        holds="holds" if (gap > 0).all() else "fails" if (gap <= 0).all() else "mixed",
        note=f"Counts are exact, in [-{REACH}, {REACH}]^2; the picture shows seed 0.",
    )


def pattern_verdict(beyond: dict[str, list[int]]) -> Verdict:
    some, none = np.array(beyond["with LayerNorm"]) > 0, not any(beyond["without"])
    return Verdict(
        claim="Our check: behind LayerNorm one pattern may have several regions, without it none has",
        statistic={"seeds with such a pattern": int(some.sum())},
        seeds=len(some),
        spread={"regions beyond patterns": spread(beyond["with LayerNorm"])},
        holds="holds" if some.any() and none else "fails",
        note="One hidden layer.",
    )


if __name__ == "__main__":
    main()
