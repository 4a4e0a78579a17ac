"""Networks from files of any kind that geomtoy reads."""

from __future__ import annotations

from pathlib import Path

from geomtoy import files
from geomtoy.block_files import StoredBlock
from geomtoy.errors import NetworkError
from geomtoy.files import Stored


def load_any(path: str | Path) -> Stored | StoredBlock:
    """A network as `load` reads it, or a transformer block that `save` has written."""
    return load(path) if Path(path).suffix == ".onnx" else files.load_any(path)


def load(path: str | Path) -> Stored:
    """A network from a file: npz as `save` writes it, or ONNX (extra `onnx`) by a name ending in .onnx.

    Raises:
        FileError: the file is missing or is not of the kind that its name says.
        NetworkError, SliceError, WindowError: what it holds is no network that we know, no slice, no
            window; an operator of ONNX is named with its node. Every message names the file.
    """
    if Path(path).suffix != ".onnx":
        return files.load(path)
    try:
        from geomtoy.importers.onnx import from_onnx
    except ImportError as error:
        raise NetworkError(f"{path}: {error}") from None
    return Stored(from_onnx(path))
