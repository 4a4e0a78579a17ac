"""Networks from Keras models on its jax backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geomtoy.errors import NetworkError
from geomtoy.extras import needs
from geomtoy.importers.jax import from_jax
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork

with needs("keras"):
    import keras


def from_keras(model: Any, input_shape: int | Sequence[int] | None = None) -> Network | NormedNetwork:
    """A Keras model of any composition (sequential, functional, subclassed), in inference.

    Args:
        input_shape: of one input, without the batch; None for a model that is built.
    Raises:
        NetworkError: the backend is another one, or the model is not built; else as `from_jax`.
    """
    backend = keras.backend.backend()
    if backend != "jax":
        raise NetworkError(
            f"Keras on its {backend} backend cannot be traced here; save the model and load it where "
            "the environment has KERAS_BACKEND=jax"
        )
    if not model.built:
        raise NetworkError(f"{type(model).__name__} is not built; call it once on an input")
    shape = model.input_shape[1:] if input_shape is None else input_shape
    if isinstance(shape, int):
        shape = (shape,)
    if None in shape:
        raise NetworkError(f"the shape {shape} of the model's input is open; give input_shape")
    return from_jax(lambda x: model(x, training=False), (1, *shape))
