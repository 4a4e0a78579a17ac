"""Folders of a stored model: what must be there before the library transformers is asked to read it."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from geomtoy.errors import FileError

INDEX = "model.safetensors.index.json"
FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def require_folder(folder: str | Path) -> Path:
    """A folder with config.json and safetensors files; names of models elsewhere are refused.

    Raises:
        FileError: there is no such folder, something is missing in it, or the model is quantized.
    """
    path = Path(folder)
    if not path.is_dir():
        raise FileError(
            f"{folder} is no folder; give one with config.json and model.safetensors, for nothing is "
            "downloaded"
        )
    config = read_json(path / "config.json")
    if "quantization_config" in config:
        raise FileError(f"{folder} is quantized; store its weights as bfloat16 or float32 instead")
    if not any(path.glob("*.safetensors")):
        if any(path.glob("pytorch_model*.bin")):
            raise FileError(
                f"{folder} holds its weights as pytorch_model.bin; convert them to safetensors, for "
                "instance with save_pretrained of the library transformers"
            )
        raise FileError(f"{folder} holds no weights; put model.safetensors into it")
    return path


def stored_type(folder: Path) -> torch.dtype:
    """The float type that holds every stored weight exactly; of one type, they stay on disk until used.

    Raises:
        FileError: a file is missing or damaged, or a weight is none of FLOATS.
    """
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
