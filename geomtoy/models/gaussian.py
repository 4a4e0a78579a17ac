"""Random networks at initialisation, in plain NumPy: what the figures about untrained nets draw."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network


def gaussian_network(
    widths: Sequence[int],
    *,
    seed: int | Sequence[int],
    bias_scale: float = 0.5,
    activation: str | PiecewiseLinear = "relu",
) -> Network:
    """A network with independent normal parameters, the law that `MLP` starts from.

    Hidden weights are N(0, 2 / fan_in) (He), output weights N(0, 1 / fan_in) (LeCun), hidden biases
    N(0, bias_scale^2), output biases 0.

    Args:
        widths: d_in, the hidden widths, d_out.
        seed: an integer, or several such as (seed, run).
        bias_scale: 0 gives the central arrangement, with every first-layer hyperplane through 0.
    Raises:
        NetworkError: the activation is not piecewise linear, or a width is not positive.
    """
    rng = np.random.default_rng(seed)
    last = len(widths) - 2
    layers = []
    for k, (fan_in, fan_out) in enumerate(pairwise(widths)):
        gain, scale = (1, 0) if k == last else (2, bias_scale)
        W = rng.normal(size=(fan_out, fan_in)) * np.sqrt(gain / max(fan_in, 1))
        layers.append((W, scale * rng.normal(size=fan_out)))
    return Network(layers, activation)
