"""Networks and results in files: what is written, and files of any kind that geomtoy reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geomtoy import files
from geomtoy.block_arrays import BlockArrays
from geomtoy.block_files import StoredBlock
from geomtoy.errors import GeomtoyError, NetworkError, SettingError
from geomtoy.files import RESULT, Stored
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.npz import read_npz, write_npz
from geomtoy.regions.results.stored import Result, result_arrays, result_of

Model = Network | NormedNetwork | BlockArrays


def save(path: str | Path, what: Model | Result, **where: Any) -> None:
    """Write a network, a block or a result as npz, so that it is read back exactly.

    Networks and blocks have the keys of `geomtoy.files.save`. A result holds its network, mesh and
    lines, rationals as text, no pickle: all that it can be asked follows from these, `certify` too.

    Args:
        where: slice and window of a network; plane, tokens, moving and window of a block; a result has
            its own.
    Raises:
        SettingError: it is nothing that is stored, or a result with a slice or window.
        WindowError: the window is not convex or has no area.
        SliceError: tokens or plane do not fit the block.
        FileError: the place cannot be written to.
    """
    if isinstance(what, Model):
        files.save(path, what, **where)
        return
    if not isinstance(what, Result):
        kind = type(what).__name__
        raise SettingError(f"{kind} is nothing that is stored; give save(path, network), or a result")
    if where:
        raise SettingError(f"a result has its own slice and window; leave {', '.join(where)} out")
    write_npz(path, result_arrays(what))


def load(path: str | Path, *, logits: bool = False) -> Any:
    """What `save` wrote: `Stored` for a network (npz or ONNX, see `load_network`), or the result itself.

    Args:
        logits: of an ONNX file: drop a last Sigmoid, Softmax or LogSoftmax, with a warning.
    Raises:
        FileError: the file is missing, or what it holds does not fit together.
        NetworkError, SliceError, WindowError: as `load_network`.
    """
    arrays = {} if Path(path).suffix == ".onnx" else read_npz(Path(path))
    if RESULT not in arrays:
        return load_network(path, logits=logits)
    try:
        return result_of(arrays)
    except GeomtoyError as error:
        raise type(error)(f"{path}: {error}") from None


def load_any(path: str | Path, *, logits: bool = False) -> Stored | StoredBlock:
    """A network as `load_network` reads it, or a transformer block that `save` has written."""
    onnx = Path(path).suffix == ".onnx"
    return load_network(path, logits=logits) if onnx else files.load_any(path)


def load_network(path: str | Path, *, logits: bool = False) -> Stored:
    """A network from a file: npz as `save` writes it, or ONNX (extra `onnx`) by a name ending in .onnx.

    Args:
        logits: of an ONNX file: drop a last Sigmoid, Softmax or LogSoftmax, with a warning.
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
    return Stored(from_onnx(path, logits=logits))
