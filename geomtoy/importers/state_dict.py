"""A plain MLP from its state dict, without the library that made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from geomtoy.agreement import random_points, require_agreement
from geomtoy.constants import as_array
from geomtoy.errors import NetworkError
from geomtoy.network import Activation, Network


def from_state_dict(
    state: Mapping[str, Any],
    activation: Activation | Sequence[Activation] = "relu",
    source: Callable[[np.ndarray], Any] | None = None,
) -> Network:
    """The MLP whose affine layers a state dict holds, in its order, with activations between them.

    It assumes what the dict does not say: that the layers follow each other in that order, each is used
    once, the activation stands between all of them and nothing else does. Where that is wrong and the
    shapes fit, the network is another function, unless `source` is given. `geomtoy.from_model` takes
    whole modules and assumes nothing.

    Args:
        state: '0.weight' (out, in) and '0.bias' (out,), '2.weight', ...; any names before the dot;
            arrays or tensors. A layer without a bias has none.
        activation: as for `Network`.
        source: what the dict is of, (n, d_in) -> (n, d_out) in float64, to compare with.
    Raises:
        NetworkError: an entry is neither a matrix nor its bias, named, the shapes do not chain, or the
            network and its source differ at random points.
    """
    arrays = {key: as_array(value) for key, value in state.items()}
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
    network = Network(zip(weights, biases, strict=True), activation)
    if source is not None:
        points = random_points(network.d_in)
        require_agreement(network, points, as_array(source(points)))
    return network
