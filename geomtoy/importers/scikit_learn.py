"""Networks from scikit-learn's multilayer perceptrons, which are plain arrays already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomtoy import graph
from geomtoy.activations import RELU, clip
from geomtoy.errors import NetworkError
from geomtoy.importers.finish import Source, finished
from geomtoy.network import Network
from geomtoy.operations import Value

SMOOTH = {"logistic": "Sigmoid", "softmax": "Softmax"}


def from_scikit_learn(model: Any, *, logits: bool = False) -> Network:
    """A fitted MLPRegressor or MLPClassifier, or a Pipeline of scalers and one of them.

    Args:
        logits: drop a classifier's last logistic or softmax function, with a warning.
    Raises:
        NetworkError: the model is not fitted, is none of these, or its activation is not piecewise
            linear; or the network and the model differ at random points.
    """
    steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    x = first = graph.network_input((1, _d_in(steps[0])))
    for step in steps:
        name = type(step).__name__
        if name not in STEPS:
            raise NetworkError(f"{name} is not piecewise affine or not known here")
        x = STEPS[name](step, x)

    def source(points: np.ndarray) -> np.ndarray:
        rows = points.reshape(len(points), first.size)
        if not hasattr(model, "predict_proba"):
            return np.asarray(model.predict(rows), float)
        found = model.predict_proba(rows)
        return found[:, -1:] if x.size == 1 else found

    network = finished(x, Source(source, np.dtype(np.float64)), logits)
    assert isinstance(network, Network)  # no step is a norm
    return network


def _d_in(step: Any) -> int:
    if not hasattr(step, "n_features_in_"):
        raise NetworkError(f"{type(step).__name__} is not fitted; call fit() first")
    return int(step.n_features_in_)


def _standardised(step: Any, x: Value) -> Value:
    x = graph.added(x, -step.mean_) if step.with_mean else x
    return graph.divided(x, step.scale_) if step.with_std else x


def _rescaled(step: Any, x: Value) -> Value:
    x = graph.added(graph.scaled(x, step.scale_), step.min_)
    return graph.activated(x, clip(*step.feature_range)) if step.clip else x


def _perceptron(step: Any, x: Value) -> Value:
    if not hasattr(step, "coefs_"):
        raise NetworkError(f"{type(step).__name__} is not fitted; call fit() first")
    if step.activation not in ("relu", "identity"):
        raise NetworkError(f"activation {step.activation!r} is not piecewise linear")
    for k, (W, b) in enumerate(zip(step.coefs_, step.intercepts_, strict=True)):
        if k and step.activation == "relu":
            x = graph.activated(x, RELU)
        x = graph.added(graph.matrix_product(x, W), b)
    last = step.out_activation_
    if last == "identity":
        return x
    if last not in SMOOTH:
        raise NetworkError(f"its output goes through {last!r}, which is not piecewise linear")
    return graph.smooth(x, SMOOTH[last])


STEPS: dict[str, Callable[[Any, Value], Value]] = {
    "MinMaxScaler": _rescaled,
    "MLPClassifier": _perceptron,
    "MLPRegressor": _perceptron,
    "StandardScaler": _standardised,
}
