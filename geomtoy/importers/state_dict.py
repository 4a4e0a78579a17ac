"""A plain MLP from its state dict, without the library that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from geomtoy.errors import NetworkError
from geomtoy.network import Activation, Network


def from_state_dict(
    state: Mapping[str, Any], activation: Activation | Sequence[Activation] = "relu"
) -> Network:
    """The MLP whose affine layers a state dict holds, in its order, with activations between them.

    Args:
        state: '0.weight' (out, in) and '0.bias' (out,), '2.weight', ...; any names before the dot;
            arrays or tensors. A layer without a bias has none.
        activation: as for `Network`; the dict does not say.
    Raises:
        NetworkError: an entry is neither a matrix nor its bias, named, or the shapes do not chain.
    """
    arrays = {key: to_array(value) for key, value in state.items()}
    names = [key.removesuffix("weight") for key in arrays if key.endswith("weight")]
    for key, array in arrays.items():
        name = key.removesuffix("weight").removesuffix("bias")
        if name not in names or array.ndim != (2 if key.endswith("weight") else 1):
            raise NetworkError(
                f"{key!r} of shape {array.shape} belongs to no affine layer; give a plain MLP's state "
                "dict, or the whole module to geomtoy.importers.torch.from_torch"
            )
    biases = [arrays.get(f"{name}bias", np.zeros(len(arrays[f"{name}weight"]))) for name in names]
    weights = [arrays[f"{name}weight"] for name in names]
    return Network(zip(weights, biases, strict=True), activation)


def to_array(value: Any) -> np.ndarray:
    """An array as it is; a tensor as float64, which changes no value."""
    return np.asarray(value.detach().cpu().double().numpy() if hasattr(value, "detach") else value)
