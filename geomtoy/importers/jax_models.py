"""Models of the libraries on top of JAX as functions of one array, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from geomtoy.errors import NetworkError
from geomtoy.extras import needs
from geomtoy.grids import as_shape
from geomtoy.importers.jax import from_jax
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork

with needs("train"):
    import jax
    import jax.numpy as jnp
    from flax import nnx

Shape = int | Sequence[int]


def from_equinox(model: Callable[[Any], Any], input_shape: Shape) -> Network | NormedNetwork:
    """An Equinox module of any composition; `input_shape` is of one input, which it takes unbatched.

    Raises:
        NetworkError: as `from_jax`.
    """
    with jax.enable_x64(True):
        return from_jax(_widened(model), input_shape)


def from_nnx(model: nnx.Module, input_shape: Shape | None = None) -> Network | NormedNetwork:
    """A Flax NNX module of any composition.

    Args:
        input_shape: of one input, without the batch axis; None if the first layer that the module
            defines is an `nnx.Linear`.
    Raises:
        NetworkError: as `from_jax`; or something is in training mode, named; or the shape is not known.
    """
    if input_shape is None:
        input_shape = _width(model)
    for path, part in nnx.iter_modules(model):
        training = getattr(part, "use_running_average", True) is False
        if training or not (getattr(part, "deterministic", True) or getattr(part, "rate", 0) == 0):
            name = ".".join(map(str, path)) or "the model"
            raise NetworkError(
                f"{name} ({type(part).__name__}) is in training mode; call eval() on the model"
            )
    with jax.enable_x64(True):
        graphdef, state = nnx.split(model)
        copy = nnx.merge(graphdef, _widened(state))
        for _, part in nnx.iter_modules(copy):
            if hasattr(part, "dtype") and part.dtype == jnp.float32:
                part.dtype = None  # computes in the precision of its input
        return from_jax(copy, _batch_of_one(input_shape))


def from_linen(model: Any, input_shape: Shape) -> Network | NormedNetwork:
    """A Flax linen module bound to its variables; `input_shape` is of one input, without the batch axis.

    Raises:
        NetworkError: as `from_jax`; or the module is not bound.
    """
    if model.scope is None:
        raise NetworkError("a linen module has no parameters of its own; give module.bind(variables)")
    module, variables = model.unbind()
    with jax.enable_x64(True):
        wide = _widened(variables)
        return from_jax(lambda x: module.apply(wide, x), _batch_of_one(input_shape))


def _width(model: nnx.Module) -> int:
    """Inputs of the layer that is defined first."""
    part = model
    while not isinstance(part, nnx.Linear):
        inner = next((part for part in vars(part).values() if isinstance(part, nnx.Module)), None)
        if inner is None:
            raise NetworkError(
                "the input's shape does not follow from the first layer; give input_shape"
            )
        part = inner
    return part.in_features


def _widened(tree: Any) -> Any:
    """Floats as float64, which changes no value."""

    def widen(leaf: Any) -> Any:
        floats = isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)
        return leaf.astype(float) if floats else leaf

    return jax.tree.map(widen, tree)


def _batch_of_one(shape: Shape) -> tuple[int, ...]:
    return (1, *as_shape(shape))
