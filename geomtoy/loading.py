"""Networks and results in files: what is written, and files of any kind that geomtoy reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geomtoy import files
from geomtoy.errors import FileError, GeomtoyError, NetworkError, SettingError
from geomtoy.files import Stored, write_npz
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.npz import read_npz
from geomtoy.regions import CellComplex, LevelSet, Pieces
from geomtoy.regions.results.stored import KIND, result_arrays, result_of
from geomtoy.slices import Slice


def save(
    path: str | Path,
    what: Network | NormedNetwork | CellComplex | Pieces | LevelSet,
    *,
    slice: Slice | None = None,
    window: Any = None,
) -> None:
    """Write a network or a result as npz, so that `load` gives it again, exactly.

    Networks have the keys W1, b1, W2, ... of `geomtoy.files.save`. A result holds its network, mesh and
    lines, rationals as text: everything that it can be asked follows, `certify` too.

    Args:
        slice, window: of a network; a result has its own.
    Raises:
        SettingError: it is no network and no result that is stored, or a result with a slice or window.
        WindowError: the window is not convex or has no area.
        FileError: the place cannot be written to.
    """
    if isinstance(what, Network | NormedNetwork):
        files.save(path, what, slice=slice, window=window)
        return
    if not isinstance(what, CellComplex | Pieces | LevelSet):
        raise SettingError(f"a {type(what).__name__} is not stored; save its network")
    if slice is not None or window is not None:
        raise SettingError("a result has its own slice and window; leave both out")
    write_npz(path, result_arrays(what))


def load(path: str | Path) -> Any:
    """What `save` wrote: `Stored` for a network (npz or ONNX, see `load_network`), or the result.

    Raises:
        FileError: the file is missing, or what it holds does not fit together.
        NetworkError, SliceError, WindowError: as `load_network`.
    """
    if Path(path).suffix == ".onnx":
        return load_network(path)
    arrays = read_npz(Path(path))
    if KIND not in arrays:
        return load_network(path)
    try:
        return result_of(arrays)
    except GeomtoyError as error:
        raise type(error)(f"{path}: {error}") from None


def load_network(path: str | Path) -> Stored:
    """A network from a file: npz as `save` writes it, or ONNX (extra `onnx`) by a name ending in .onnx.

    Raises:
        FileError: the file is missing or is not of the kind that its name says.
        NetworkError, SliceError, WindowError: what it holds is no network that we know, no slice, no
            window; an operator of ONNX is named with its node. Every message names the file.
    """
    if Path(path).suffix != ".onnx":
        arrays = read_npz(Path(path))
        if KIND in arrays:
            kind = str(arrays[KIND])[:40]
            raise FileError(f"{path} holds a {kind} and no network; save the network itself")
        return files.stored_of(arrays, path)
    try:
        from geomtoy.importers.onnx import from_onnx
    except ImportError as error:
        raise NetworkError(f"{path}: {error}") from None
    return Stored(from_onnx(path))
