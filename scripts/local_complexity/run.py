"""A classifier is trained, and the density of its regions around data is measured on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from geomtoy.models.export import from_flax
from geomtoy.models.mlp import MLP, MLPConfig
from geomtoy.network import Network
from geomtoy.training.compiled import compiled
from geomtoy.training.streams import stream
from local_complexity.data import ADDITION, Data, draw
from local_complexity.measure import count_exactly, estimate_crossing, frames

Arrays = dict[str, np.ndarray]

PARTS = ("train", "test")


@dataclass(frozen=True)
class ComplexityRun:
    """One network under AdamW on all training points at once.

    Args:
        task: "modular addition" or "two spirals".
        widths: of its hidden layers.
        steps, learning_rate, weight_decay: of training.
        looks: how many, as good as equally spaced in the logarithm of the step, besides the start.
        points: of each part whose neighbourhoods are looked at, the same at each look.
        radius: of a neighbourhood.
        directions: of the sampled measure besides that in the plane, at most the input's.
        seed: of data, start and directions.
    """

    task: str = ADDITION
    widths: tuple[int, ...] = (64, 64)
    steps: int = 4000
    learning_rate: float = 3e-3
    weight_decay: float = 2.0
    looks: int = 40
    points: int = 32
    radius: float = 0.5
    directions: int = 10
    seed: int = 0

    @property
    def at(self) -> list[int]:
        """Steps of the looks."""
        spaced = np.geomspace(1, self.steps, self.looks).round().astype(int)
        return [0, *np.unique(spaced).tolist()]

    @property
    def cost(self) -> float:
        """Of a run, in a unit of its own."""
        return self.steps + 1000.0 * self.looks


def run_complexity(config: ComplexityRun) -> Arrays:
    """At the steps `at`: accuracy/PART, and for each point of a part (looks, points): regions/PART and
    crossing/PART, exact in a plane; sampled/PART, of the same plane's corners; wide/PART, of corners in
    `directions` directions."""
    with jax.enable_x64(True):
        return _run(config)


def _run(config: ComplexityRun) -> Arrays:
    data = draw(config.task, config.seed)
    rng = np.random.default_rng((config.seed, 1))
    dimension = data.x.shape[1]
    directions = min(config.directions, dimension)
    around = {part: frames(rng, config.points, directions, dimension) for part in PARTS}
    looks = [_look(config, model, data, around) for model in _trained(config, data)]
    return {"at": np.array(config.at)} | {
        name: np.array([look[name] for look in looks]) for name in looks[0]
    }


def _trained(config: ComplexityRun, data: Data) -> list[MLP]:
    """The network at each look."""
    shape = MLPConfig(data.x.shape[1], config.widths, int(data.y.max()) + 1, bias_scale=0.0)
    graphdef, params = nnx.split(MLP(shape, rngs=nnx.Rngs(stream(config.seed, "params"))))
    optimiser = optax.adamw(config.learning_rate, weight_decay=config.weight_decay)
    run, points = (params, optimiser.init(params)), (jnp.asarray(data.x), jnp.asarray(data.y))
    train = compiled(_trainer(graphdef, optimiser), run, points, 1)
    models = [nnx.merge(graphdef, params)]
    for number in np.diff(config.at):
        run = train(run, points, int(number))
        models.append(nnx.merge(graphdef, run[0]))
    return models


def _trainer(
    graphdef: nnx.GraphDef[Any], optimiser: optax.GradientTransformation
) -> Callable[[Any, Any, Any], Any]:
    """(run, (x, y), steps) -> run."""

    def loss_of(params: nnx.State[Any, Any], points: Any) -> jax.Array:
        logits = nnx.merge(graphdef, params)(points[0])
        return optax.softmax_cross_entropy_with_integer_labels(logits, points[1]).mean()

    def train(run: Any, points: Any, steps: Any) -> Any:
        def step(_: Any, run: Any) -> Any:
            params, state = run
            updates, state = optimiser.update(jax.grad(loss_of)(params, points), state, params)
            return optax.apply_updates(params, updates), state

        return jax.lax.fori_loop(0, steps, step, run)

    return train


def _look(config: ComplexityRun, model: Any, data: Data, around: Arrays) -> Arrays:
    network = from_flax(model)
    found: Arrays = {}
    for part, x, y in (("train", data.x, data.y), ("test", data.x_test, data.y_test)):
        found[f"accuracy/{part}"] = (network(x).argmax(axis=1) == y).mean()
        measured = _density(config, network, x[: config.points], around[part])
        found |= {f"{name}/{part}": values for name, values in measured.items()}
    return found


def _density(config: ComplexityRun, network: Network, x: np.ndarray, around: np.ndarray) -> Arrays:
    planes, r = around[:, :2], config.radius
    exact = [count_exactly(network, *pair, r) for pair in zip(x, planes, strict=True)]
    regions, crossing = np.array(exact).T
    return {
        "regions": regions,
        "crossing": crossing,
        "sampled": estimate_crossing(network, x, planes, r),
        "wide": estimate_crossing(network, x, around, r),
    }
