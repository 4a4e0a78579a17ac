"""Folders of a stored model: looked through, and then read by the library transformers, completely."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM

from geomtoy.checkpoints import toy
from geomtoy.errors import FileError

INDEX = "model.safetensors.index.json"
OLD_BUFFERS = ("rotary_emb.inv_freq",)
"""Ends of names of tensors that old folders hold and no model needs."""
FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def load(folder: str | Path) -> Any:
    """The network in a folder, every parameter of which is stored, and every stored tensor used.

    Parameters are mapped from the files, as long as all are of one type.

    Raises:
        FileError: it is no folder of a causal language model that the library knows, or not complete.
    """
    kind = _stored_type(_require_folder(Path(folder)))
    toy.register()
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=kind, attn_implementation="eager", local_files_only=True, use_safetensors=True,
            trust_remote_code=False, output_loading_info=True, ignore_mismatched_sizes=True,
        )  # fmt: skip
    except FileError:
        raise
    except Exception as error:  # the library raises whatever its parts raise
        raise FileError(f"{folder} holds no causal language model: {one_line(error)}") from None
    network, report = loaded
    for name in sorted(report["missing_keys"]):
        raise FileError(f"{folder} lacks the tensor {name}, which its config.json calls for")
    for name, *shapes in sorted(report["mismatched_keys"]):
        there, due = map(tuple, shapes)
        raise FileError(f"{name} in {folder} has shape {there}, but config.json calls for {due}")
    for name in sorted(report["unexpected_keys"]):
        if not name.endswith(OLD_BUFFERS):
            raise FileError(f"{folder} holds {name}, which its config.json has no use for")
    return network.requires_grad_(False).eval()


def read_json(path: Path) -> dict[str, Any]:
    """A file that holds one JSON object.

    Raises:
        FileError: it does not exist, or holds anything else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError(f"{path} does not exist; a checkpoint folder holds {path.name}") from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} is no readable JSON: {error}") from None
    if not isinstance(found, dict):
        raise FileError(f"{path} holds no JSON object")
    return found


def one_line(error: Exception) -> str:
    """What a library says of an error, often over many lines."""
    return shorten(f"{type(error).__name__}: {error}", 300)


def _require_folder(path: Path) -> Path:
    """See that it is a folder, no name of a model elsewhere, with config.json and safetensors files."""
    if not path.is_dir():
        raise FileError(
            f"{path} is no folder; give one with config.json and model.safetensors, for nothing is "
            "downloaded"
        )
    config = read_json(path / "config.json")
    if "quantization_config" in config:
        raise FileError(f"{path} is quantized; store its weights as bfloat16 or float32 instead")
    if not any(path.glob("*.safetensors")):
        if any(path.glob("pytorch_model*.bin")):
            raise FileError(
                f"{path} holds its weights as pytorch_model.bin; convert them to safetensors, for "
                "instance with save_pretrained of the library transformers"
            )
        raise FileError(f"{path} holds no weights; put model.safetensors into it")
    return path


def _stored_type(folder: Path) -> torch.dtype:
    """The float type that holds every stored weight exactly."""
    found = set()
    for file in _weight_files(folder):
        for name, kind in _kinds(file):
            if kind in FLOATS:
                found.add(FLOATS[kind])
            elif name.endswith("weight"):
                raise FileError(
                    f"{name} in {folder} is stored as {kind}; store it as one of {', '.join(FLOATS)}"
                )
    if not found:
        raise FileError(f"{folder} holds no weights; put model.safetensors into it")
    return reduce(torch.promote_types, found)


def _weight_files(folder: Path) -> list[Path]:
    """Those that transformers reads."""
    whole = folder / "model.safetensors"
    if whole.exists():
        return [whole]
    if not (folder / INDEX).exists():
        raise FileError(f"{folder} has neither model.safetensors nor {INDEX} to join its files")
    shards = read_json(folder / INDEX).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise FileError(f"{folder / INDEX} has no weight_map; fetch the model again")
    return [folder / shard for shard in sorted(set(shards.values()))]


def _kinds(file: Path) -> list[tuple[str, str]]:
    """Names and types of tensors, from the file's header."""
    if not file.exists():
        raise FileError(f"{file} is missing, though {INDEX} names it; fetch the model again")
    try:
        with safe_open(file, framework="pt") as tensors:
            return [(name, tensors.get_slice(name).get_dtype()) for name in tensors.keys()]  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FileError(f"{file} is damaged, fetch it again: {error}") from None
