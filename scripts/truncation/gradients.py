"""Signal and noise of gradients: what a step of training knows of where the mean gradient points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Key

from geomtoy.models.decoder import Decoder
from geomtoy.models.named import named_parameters, with_arrays
from geomtoy.tasks.batch import Draw
from geomtoy.training.compiled import compiled
from geomtoy.training.tokens import cross_entropy

Arrays = Mapping[str, np.ndarray]
Powers = dict[str, np.ndarray]
"""Name of a trained array -> (signal, noise)."""


class GradientProbe:
    """Gradients of independent batches at models of one structure.

    Args:
        template: a model; others differ in the values of its trained arrays.
        draw, size: batches as in training.
        key: of the batches.
        batches: how many; two or more.
    """

    def __init__(
        self, template: Decoder, draw: Draw, size: int, key: Key[Array, ""], batches: int
    ) -> None:
        self.template, self.draw, self.size, self.key = template, draw, size, key
        self.batches = batches

    def look(self, arrays: Arrays) -> Powers:
        """Unbiased estimates, for each trained array, of the squared length of the mean gradient and of
        the variance of a batch's gradient, summed over entries; the first may come out below 0."""
        state = nnx.split(with_arrays(self.template, arrays), nnx.Param, ...)[1:]
        found = self._program(*state, self.key)
        mean, square = ({name: np.asarray(a) for name, a in one.items()} for one in found)
        M = self.batches
        noise = {name: (square[name] - mean[name]) * M / (M - 1) for name in mean}
        return {name: np.array([mean[name] - noise[name] / M, noise[name]]) for name in mean}

    @cached_property
    def _program(self) -> Callable[..., Any]:
        """(parameters, the rest, key) -> squared length of the mean gradient, mean squared length."""
        graphdef, *state = nnx.split(self.template, nnx.Param, ...)

        def loss_of(params: nnx.State[Any, Any], rest: nnx.State[Any, Any], key: Array) -> Array:
            model: Any = nnx.merge(graphdef, params, rest)
            batch = self.draw(key, self.size)
            return cross_entropy(model(batch.tokens), batch)

        def program(params: nnx.State[Any, Any], rest: nnx.State[Any, Any], key: Array) -> Any:
            def one(k: Array) -> dict[str, Array]:
                gradient = jax.grad(loss_of)(params, rest, jax.random.fold_in(key, k))
                return dict(named_parameters(nnx.merge(graphdef, gradient, rest)))

            gradients = jax.lax.map(one, jnp.arange(self.batches))
            return (
                {name: (g.mean(axis=0) ** 2).sum() for name, g in gradients.items()},
                {name: (g**2).sum() / self.batches for name, g in gradients.items()},
            )

        return compiled(program, *state, self.key)
