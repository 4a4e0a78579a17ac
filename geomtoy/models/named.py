"""A model's arrays by name, to store, look at or replace them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from geomtoy.errors import SettingError

Model = TypeVar("Model", bound=nnx.Module)


def named_arrays(model: nnx.Module) -> dict[str, np.ndarray]:
    """All arrays of a model, trained and fixed, by path: "W_E", "layers.1.mlp.out.kernel", ..."""
    return {_name(path): np.asarray(leaf) for path, leaf in _leaves(model)}


def named_parameters(model: nnx.Module | nnx.State[Any, Any]) -> dict[str, jax.Array]:
    """Those of a model or its state that are trained, on device: for `measure` of `fit_tokens`."""
    leaves = jax.tree.flatten_with_path(nnx.to_pure_dict(nnx.state(model, nnx.Param)))[0]
    return {_name(path): leaf for path, leaf in leaves}


def with_arrays(model: Model, arrays: Mapping[str, Any]) -> Model:
    """A copy of the model in which the arrays of these names are others; the model stays as it is.

    Raises:
        SettingError: the model has no array of that name (existing ones are listed) or of that shape.
    """
    graphdef, state = nnx.split(model)
    leaves, tree = jax.tree.flatten_with_path(nnx.to_pure_dict(state))
    old = {_name(path): leaf for path, leaf in leaves}
    for name, array in arrays.items():
        if name not in old:
            raise SettingError(f"the model has no array {name!r}; it has {', '.join(old)}")
        if np.shape(array) != old[name].shape:
            raise SettingError(f"{name} has shape {old[name].shape}, not {np.shape(array)}")
    new = {**old, **{name: jnp.asarray(array) for name, array in arrays.items()}}
    nnx.replace_by_pure_dict(state, jax.tree.unflatten(tree, [new[name] for name in old]))
    changed: Model = nnx.merge(graphdef, state)
    return changed


def _leaves(model: nnx.Module) -> Any:
    return jax.tree.flatten_with_path(nnx.to_pure_dict(nnx.split(model)[1]))[0]


def _name(path: Any) -> str:
    return ".".join(str(getattr(step, "key", step)) for step in path)
