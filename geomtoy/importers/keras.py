"""Networks from Keras models: traced on the jax backend, by a process of its own if there is another."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from geomtoy import files
from geomtoy.agreement import random_points, require_agreement
from geomtoy.errors import NetworkError
from geomtoy.extras import needs
from geomtoy.grids import as_shape
from geomtoy.importers.jax import from_jax
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.operations import Smooth

with needs("keras"):
    import keras

SMOOTH = {"sigmoid": "Sigmoid", "softmax": "Softmax", "log_softmax": "LogSoftmax"}


def from_keras(
    model: Any, input_shape: int | Sequence[int] | None = None, *, logits: bool = False
) -> Network | NormedNetwork:
    """A Keras model of any composition (sequential, functional, subclassed), in inference.

    On another backend than jax the model is saved, and read by a process of its own that has that one;
    its outputs are then compared with those of the backend that is running.

    Args:
        input_shape: of one input, without the batch; None for a model that is built.
        logits: drop the last layer's activation where it is one of `SMOOTH`, with a warning.
    Raises:
        NetworkError: the model is not built; or, on another backend, has classes that Keras cannot load
            by name. Else as `from_jax`.
    """
    if not model.built:
        raise NetworkError(f"{type(model).__name__} is not built; call it once on an input")
    shape = model.input_shape[1:] if input_shape is None else input_shape
    if isinstance(shape, tuple) and None in shape:
        raise NetworkError(f"the shape {shape} of the model's input is open; give input_shape")
    shape = as_shape(shape)
    with _ends_affine(model, logits) as dropped:
        if keras.backend.backend() == "jax":
            network = from_jax(lambda x: model(x, training=False), (1, *shape))
        else:
            network = _read_elsewhere(model, shape)
            _require_same(network, model, shape)
    if dropped:
        _require_same(network, model, shape, dropped)
    return network


def _require_same(
    network: Network | NormedNetwork, model: Any, shape: Sequence[int], last: str = ""
) -> None:
    """Compare with the model, whose last activation may be one that the network has not.

    Raises:
        NetworkError: they differ; such an activation may stand in the middle, too.
    """
    points = random_points(network.d_in).astype(np.float32)
    outputs = keras.ops.convert_to_numpy(model(points.reshape(-1, *shape), training=False))
    smooth = Smooth(SMOOTH[last], outputs.shape[1:]) if last else None
    require_agreement(network, points, outputs.reshape(len(points), -1), smooth)


@contextmanager
def _ends_affine(model: Any, logits: bool) -> Iterator[str]:
    """The model without the activation of its last layer, if that is to be dropped: its name."""
    last: Any = model.layers[-1] if logits and model.layers else None
    dropped = getattr(last, "activation", None)
    name = getattr(dropped, "__name__", "")
    if name not in SMOOTH:
        yield ""
        return
    warnings.warn(f"the last {name} is dropped: the network gives its input", stacklevel=4)
    last.activation = keras.activations.linear
    try:
        yield name
    finally:
        last.activation = dropped


def _read_elsewhere(model: Any, shape: tuple[int, ...]) -> Network | NormedNetwork:
    """What a process with the jax backend reads from the saved model."""
    with TemporaryDirectory(prefix="geomtoy-") as folder:
        saved, read = Path(folder, "model.keras"), Path(folder, "network.npz")
        model.save(saved)
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(saved), str(read), *map(str, shape)],
            env={**os.environ, "KERAS_BACKEND": "jax"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
            raise NetworkError(
                f"a process with Keras on jax cannot read the model: {why}; start your program with "
                "KERAS_BACKEND=jax, or export the model to ONNX"
            )
        return files.load(read).network


def _read(saved: str, read: str, *shape: str) -> None:
    """What that process does."""
    try:
        files.save(read, from_keras(keras.saving.load_model(saved), tuple(map(int, shape))))
    except (NetworkError, TypeError) as error:  # TypeError: a class that is not known by name
        sys.exit(str(error).partition("\n")[0])


if __name__ == "__main__":
    _read(*sys.argv[1:])
