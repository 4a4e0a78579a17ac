"""The architectures that are known, and whether a folder holds what its architecture needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from geomtoy.checkpoints.architecture import Architecture
from geomtoy.checkpoints.folder import Tensors
from geomtoy.checkpoints.llama import Llama
from geomtoy.checkpoints.neox import GPTNeoX
from geomtoy.checkpoints.toy import Toy
from geomtoy.errors import FileError

ARCHITECTURES: dict[str, Callable[[Mapping[str, Any]], Architecture]] = {
    "llama": Llama,
    "gpt_neox": GPTNeoX,
    "geomtoy": Toy,
}


def architecture_of(tensors: Tensors) -> Architecture:
    """The architecture that config.json names, once every tensor is seen to be there and of its shape.

    Raises:
        FileError: the architecture is unknown (those known are named), or a tensor is missing, has
            another shape, or is there without any use, which means that the model is another one.
    """
    kind = tensors.config.get("model_type")
    if kind not in ARCHITECTURES:
        raise FileError(
            f"{tensors.folder} holds a model of type {kind}, which is unknown; known are "
            f"{', '.join(ARCHITECTURES)}"
        )
    try:
        architecture = ARCHITECTURES[kind](tensors.config)
    except FileError as error:
        raise FileError(f"{tensors.folder}: {error}") from None
    _require_tensors(tensors, architecture)
    return architecture


def _require_tensors(tensors: Tensors, architecture: Architecture) -> None:
    expected = architecture.end_shapes()
    for layer in range(architecture.n_layers):
        prefix = architecture.prefix(layer)
        expected |= {prefix + name: shape for name, shape in architecture.layer_shapes(layer).items()}
    stored = set(tensors.names)
    for name, shape in expected.items():
        if name not in stored:
            raise FileError(f"{tensors.folder} lacks the tensor {name}, which its config.json calls for")
        if tensors.shape(name) != shape:
            raise FileError(
                f"{name} in {tensors.folder} has shape {tensors.shape(name)}, but config.json calls "
                f"for {shape}"
            )
    for name in sorted(stored - expected.keys()):
        if not name.endswith(architecture.ignored):
            raise FileError(f"{tensors.folder} holds {name}, which its config.json has no use for")
