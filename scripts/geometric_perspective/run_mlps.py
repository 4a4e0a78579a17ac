"""The runs of figure 2: networks of one hidden layer learn sin(x)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.models.stack import stack_networks

ACTIVATION = "relu"


@dataclass(frozen=True)
class MlpRun:
    """
    Args:
        neurons: of the hidden layer.
        steps: of Adam, on all points.
        seeds: networks that are trained at once.
        points: equally spaced over the domain.
    """

    neurons: int
    steps: int
    seeds: int
    points: int = 256

    @property
    def cost(self) -> float:
        """Multiplications of a run, in a unit of its own."""
        return float(self.steps * self.seeds * self.points * self.neurons)


def train_mlps(config: MlpRun) -> dict[str, np.ndarray]:
    """The arrays of `stack_networks`, one network a seed, and the losses.

    A bias_scale of 2π spreads the joints over the domain.
    """
    import jax  # only here: redrawing needs none of it

    from geomtoy.models.export import from_flax
    from geomtoy.models.mlp import MLP, MLPConfig
    from geomtoy.training.regression import FitConfig, fit
    from geomtoy.training.targets import target

    with jax.enable_x64(True):
        sin = target("sin")
        model = MLPConfig(1, (config.neurons,), 1, ACTIVATION, bias_scale=sin.domain[0][1])
        x = sin.grid(config.points)
        training = FitConfig(config.steps, learning_rate=1e-2, seeds=config.seeds)
        run = fit(lambda rngs: MLP(model, rngs=rngs), x, sin(x), training)
        return {**stack_networks([from_flax(one) for one in run.models()]), "loss": run.loss}
