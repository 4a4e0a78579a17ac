"""Folders of a stored model: config.json and its tensors in safetensors files, read when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from geomtoy.checkpoints.extra import extra
from geomtoy.errors import FileError

READABLE = ("F64", "F32", "F16", "BF16")
INDEX = "model.safetensors.index.json"


@runtime_checkable
@runtime_checkable
class Tensors(Protocol):
    """Named float32 arrays that are not in memory until they are read."""

    folder: Path
    config: dict[str, Any]

    @property
    def names(self) -> list[str]: ...

    def shape(self, name: str) -> tuple[int, ...]: ...

    def read(self, name: str) -> np.ndarray: ...

    def rows(self, name: str, rows: slice | Sequence[int]) -> np.ndarray: ...


class Checkpoint:
    """A folder with config.json and model.safetensors, or shards named by model.safetensors.index.json.

    Files are memory-mapped: opening reads their headers alone, and each tensor is copied out, as
    float32, when it is read. Half precision of both kinds (float16, bfloat16) is widened exactly.

    Args:
        folder: as `save_pretrained` of the library transformers writes it.
    Raises:
        FileError: there is no such folder, no config.json or no weights in it, or one is damaged.
        SettingError: the extra `checkpoints` is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise FileError(f"{folder} is no folder; give one with config.json and model.safetensors")
        self.config = read_json(self.folder / "config.json")
        if "quantization_config" in self.config:
            raise FileError(f"{folder} is quantized; store its weights as bfloat16 or float32 instead")
        extra("ml_dtypes")  # makes bfloat16 known to numpy, by which name safetensors asks for it
        files = _weight_files(self.folder)
        self._open = {file: self._handle(file) for file in files}
        self._holder = {name: opened for opened in self._open.values() for name in opened.keys()}  # noqa: SIM118

    @property
    def names(self) -> list[str]:
        """Names of all tensors, sorted."""
        return sorted(self._holder)

    def shape(self, name: str) -> tuple[int, ...]:
        """From the file's header; the tensor stays unread."""
        return tuple(self._slice(name).get_shape())

    def read(self, name: str) -> Float[np.ndarray, "*shape"]:
        """A copy of the tensor.

        Raises:
            FileError: there is none of that name, or its numbers are of a kind that is not read.
        """
        self._require_readable(name)
        with _damage(self.folder):
            array: np.ndarray = self._holder[name].get_tensor(name).astype(np.float32)
        return array

    def rows(self, name: str, rows: slice | Sequence[int]) -> np.ndarray:
        """Some rows of a tensor; the others stay unread.

        Raises:
            FileError: as `read`.
        """
        self._require_readable(name)
        stored = self._slice(name)
        with _damage(self.folder):
            if isinstance(rows, slice):
                return stored[rows].astype(np.float32)
            return np.stack([stored[int(row)] for row in rows]).astype(np.float32)

    def _slice(self, name: str) -> Any:
        if name not in self._holder:
            raise FileError(f"{self.folder} holds no tensor {name}")
        return self._holder[name].get_slice(name)

    def _require_readable(self, name: str) -> None:
        kind = self._slice(name).get_dtype()
        if kind not in READABLE:
            raise FileError(
                f"{name} in {self.folder} is stored as {kind}; store it as one of {', '.join(READABLE)}"
            )

    def _handle(self, file: Path) -> Any:
        if not file.exists():
            raise FileError(f"{file} is missing, though {INDEX} names it; fetch the model again")
        with _damage(file):
            return extra("safetensors").safe_open(file, framework="numpy")


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


def _weight_files(folder: Path) -> list[Path]:
    if (folder / "model.safetensors").exists():
        return [folder / "model.safetensors"]
    if (folder / INDEX).exists():
        shards = read_json(folder / INDEX).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise FileError(f"{folder / INDEX} has no weight_map; fetch the model again")
        return [folder / shard for shard in sorted(set(shards.values()))]
    found = sorted(folder.glob("*.safetensors"))
    if len(found) == 1:
        return found
    if found:
        raise FileError(f"{folder} has {len(found)} safetensors files but no {INDEX} to join them")
    if any(folder.glob("pytorch_model*.bin")):
        raise FileError(
            f"{folder} holds its weights as pytorch_model.bin; convert them to safetensors, for "
            "instance with save_pretrained of the library transformers"
        )
    raise FileError(f"{folder} holds no weights; put model.safetensors into it")


@contextmanager
def _damage(place: Path) -> Iterator[None]:
    """Turn what the library raises on a broken file into a sentence."""
    try:
        yield
    except (extra("safetensors").SafetensorError, OSError) as error:
        raise FileError(f"{place} is damaged, fetch it again: {error}") from None
