"""What importers do at the end: a network of the graph, compared with where it comes from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomtoy.agreement import random_points, require_agreement
from geomtoy.chain import compile_value
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.operations import Input, Smooth, Value


@dataclass(frozen=True)
class Source:
    """Where a network comes from: its outputs at points (n, *shape), in the precision of dtype."""

    outputs: Callable[[np.ndarray], np.ndarray]
    dtype: Any = np.float64


def finished(output: Value, source: Source, logits: bool) -> Network | NormedNetwork:
    """The network of an output, which its source confirms at random points.

    Args:
        logits: drop a last Sigmoid, Softmax or LogSoftmax, with a warning.
    Raises:
        NetworkError: something is not piecewise affine, or the network and its source differ.
    """
    last = None
    if logits and isinstance(output.operation, Smooth):
        last = output.operation
        (output,) = output.parents
        warnings.warn(f"the last {last.name} is dropped: the network gives its input", stacklevel=3)
    network = compile_value(output)
    points = random_points(network.d_in).astype(source.dtype)
    outputs = source.outputs(points.reshape(len(points), *_input_of(output).shape))
    require_agreement(network, points, np.reshape(outputs, (len(points), -1)), last)
    return network


def _input_of(value: Value) -> Value:
    while not isinstance(value.operation, Input):
        value = value.parents[0]
    return value
