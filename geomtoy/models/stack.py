"""Networks of one shape as arrays with a leading axis of seeds: what a result file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from geomtoy.activations import PiecewiseLinear
from geomtoy.errors import FileError
from geomtoy.network import Network


def stack_networks(networks: Sequence[Network]) -> dict[str, np.ndarray]:
    """Parameters of S networks: "W1" (S, out, in), "b1" (S, out), "W2", ... in float64."""
    depth = len(networks[0].layers)
    return {
        f"{letter}{k + 1}": np.stack([network.float_layers[k][part] for network in networks])
        for k in range(depth)
        for part, letter in enumerate("Wb")
    }


def unstack_networks(
    arrays: Mapping[str, np.ndarray], activation: str | PiecewiseLinear = "relu"
) -> list[Network]:
    """The networks that `stack_networks` took; other arrays are ignored.

    Raises:
        FileError: there is no W1, or a layer lacks its bias.
    """
    depth = 0
    while f"W{depth + 1}" in arrays:
        depth += 1
    missing = [f"b{k}" for k in range(1, depth + 1) if f"b{k}" not in arrays] if depth else ["W1"]
    if missing:
        raise FileError(f"these arrays hold no {missing[0]}; give the arrays of stack_networks")
    layers = [(arrays[f"W{k}"], arrays[f"b{k}"]) for k in range(1, depth + 1)]
    return [Network([(W[s], b[s]) for W, b in layers], activation) for s in range(len(arrays["W1"]))]
