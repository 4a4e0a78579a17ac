"""Networks from Keras models, on its jax or torch backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geomtoy.errors import NetworkError
from geomtoy.extras import needs
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork

with needs("keras"):
    import keras


def from_keras(
    model: Any, input_shape: int | Sequence[int] | None = None, *, logits: bool = False
) -> Network | NormedNetwork:
    """A Keras model of any composition (sequential, functional, subclassed), in inference.

    Args:
        input_shape: of one input, without the batch; None for a model that is built.
        logits: drop a last Sigmoid, Softmax or LogSoftmax, with a warning (torch backend).
    Raises:
        NetworkError: the backend is another one, or the shape is not known; else as `from_jax` or
            `from_torch`.
    """
    if input_shape is None:
        known = getattr(model, "input_shape", None)
        if not isinstance(known, tuple) or None in known[1:]:
            raise NetworkError("the shape of the model's input is open; give input_shape")
        input_shape = known[1:]
    if keras.backend.backend() == "jax":
        from geomtoy.importers.jax import from_jax

        shape = (input_shape,) if isinstance(input_shape, int) else input_shape
        return from_jax(lambda x: model(x, training=False), (1, *shape))
    raise NetworkError(
        f"Keras on its {keras.backend.backend()} backend cannot be traced here; save the model and load "
        "it where the environment has KERAS_BACKEND=jax"
    )
