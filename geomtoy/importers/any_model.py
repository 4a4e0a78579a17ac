"""One entry for models of all libraries: which importer reads what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from geomtoy.errors import NetworkError
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork

Read = Network | NormedNetwork


def from_model(
    model: Any, input_shape: int | Sequence[int] | None = None, *, logits: bool = False
) -> Read:
    """The network that a trained model of another library is.

    Args:
        model: a torch module, a Flax module (NNX; linen bound to its variables), an Equinox module, a
            Keras model, a fitted scikit-learn MLP or Pipeline, an
            `onnx.ModelProto`; a `Network` is returned as it is.
        input_shape: of one input, without the batch: (channels, height, width) or, in Flax and Keras,
            (height, width, channels). Needed for linen and Equinox, and for torch and NNX if the
            first layer is not Linear.
        logits: drop a last Sigmoid, Softmax or LogSoftmax, with a warning (torch, ONNX,
            scikit-learn, Keras).
    Raises:
        NetworkError: the model is of no such kind, or does what is not piecewise affine; named.
            Or the network and the model differ at random points.
        ImportError: an extra is missing; named.
    Exactness: exact for the stored parameters, see each importer.
    """
    if isinstance(model, Network | NormedNetwork):
        return model
    read = next((READERS[kind] for kind in _kinds(model) if kind in READERS), None)
    if read is not None:
        return read(model, input_shape, logits)
    raise NetworkError(
        f"{type(model).__name__} is of no library that is known here; export the model to ONNX, or see "
        "from_state_dict and from_jax in geomtoy.importers"
    )


def _kinds(model: Any) -> list[str]:
    """Its classes by library and name, the narrowest first."""
    return [f"{kind.__module__}.{kind.__name__}" for kind in type(model).__mro__]


def _torch(model: Any, shape: Any, logits: bool) -> Read:
    from geomtoy.importers.torch import from_torch

    return from_torch(model, shape, logits=logits)


def _onnx(model: Any, shape: Any, logits: bool) -> Read:
    from geomtoy.importers.onnx import from_onnx

    return from_onnx(model, input_shape=shape, logits=logits)


def _scikit_learn(model: Any, shape: Any, logits: bool) -> Read:
    from geomtoy.importers.scikit_learn import from_scikit_learn

    return from_scikit_learn(model, logits=logits)


def _equinox(model: Any, shape: Any, logits: bool) -> Read:
    from geomtoy.importers.jax_models import from_equinox

    return from_equinox(model, _given(shape))


def _nnx(model: Any, shape: Any, logits: bool) -> Read:
    from geomtoy.importers.jax_models import from_nnx

    return from_nnx(model, shape)


def _linen(model: Any, shape: Any, logits: bool) -> Read:
    from geomtoy.importers.jax_models import from_linen

    return from_linen(model, _given(shape))


def _keras(model: Any, shape: Any, logits: bool) -> Read:
    from geomtoy.importers.keras import from_keras

    return from_keras(model, shape, logits=logits)


def _given(shape: Any) -> Any:
    if shape is None:
        raise NetworkError("this model does not know the shape of its input; give input_shape")
    return shape


READERS: dict[str, Callable[[Any, Any, bool], Read]] = {
    "equinox._module._module.Module": _equinox,
    "flax.linen.module.Module": _linen,
    "flax.nnx.module.Module": _nnx,
    "keras.src.layers.layer.Layer": _keras,
    "onnx.onnx_ml_pb2.ModelProto": _onnx,
    "sklearn.base.BaseEstimator": _scikit_learn,
    "torch.nn.modules.module.Module": _torch,
}
"""By a class of which all models of a library are; Keras may build its own on torch's."""
