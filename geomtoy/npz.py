"""Reading npz files that anybody may have written: nothing they say is believed before it is checked."""

from __future__ import annotations

import lzma
import math
import warnings
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np

from geomtoy.errors import FileError
from geomtoy.memory import memory
from geomtoy.writing import written_aside

UNREADABLE = (
    OSError, ValueError, EOFError, RuntimeError, KeyError, IndexError, OverflowError, MemoryError,
    SyntaxError, TokenError, TypeError, SystemError, AttributeError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What zipfile, the unpackers and numpy's parser of headers raise on bytes that nobody wrote."""

SHARE = 4
"""Arrays may take this part of the memory: a network is copied when it is read."""

BARE = b"\x93NUMPY"


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file.

    Raises:
        FileError: it is missing, no npz, damaged, or would not fit into memory.
    Cost: nothing is unpacked before the sizes that the file states fit each other and the memory.
    """
    try:
        if not path.exists():
            raise FileError(f"{path} does not exist; give the path of an npz file")
        if not path.is_file():
            raise FileError(f"{path} is not a readable npz file but a folder or a device")
        with open(path, "rb") as file:
            if file.read(len(BARE)) == BARE:
                raise FileError(f"{path} holds a bare array, not an npz; write one with geomtoy.save")
        return unpacked(path, path)
    except PermissionError:
        raise FileError(f"{path} may not be read by you; change its permissions") from None
    except OSError:
        raise FileError(f"{path} is not a readable npz file; write one with geomtoy.save") from None


def unpacked(source: Path | IO[bytes], name: Path | str) -> dict[str, np.ndarray]:
    """All arrays of an npz in a file or in memory; errors name it. Raises as `read_npz`."""
    try:
        with zipfile.ZipFile(source) as archive:
            _check_sizes(name, archive)
            return {_key(member): _array(archive, member) for member in archive.infolist()}
    except FileError:
        raise
    except UNREADABLE:
        raise FileError(f"{name} is not a readable npz file; write one with geomtoy.save") from None


def _check_sizes(path: Path | str, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len({member.filename for member in members}) < len(members):
        raise FileError(f"{path} holds two arrays of one name; write it again with geomtoy.save")
    size = sum(member.file_size for member in members)
    if size > memory() / SHARE:
        raise FileError(f"{path} unpacks to {size / 2**30:.1f} GiB, more than memory has room for")


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array, unpacked only if its header asks for exactly the bytes that there are."""
    with archive.open(member) as packed, warnings.catch_warnings(action="ignore"):
        version = np.lib.format.read_magic(packed)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read_header(packed)
        room = member.file_size - packed.tell()
        if dtype.hasobject or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != room:
            raise ValueError("not the array that its header promises")
        numbers = np.frombuffer(packed.read(), dtype, math.prod(shape)) if room else np.empty(0, dtype)
    return numbers.reshape(shape, order="F" if fortran else "C").copy()


def write_npz(path: str | Path, arrays: dict[str, Any]) -> None:
    """Write arrays as npz; the file appears under its name only when it is whole.

    Raises:
        FileError: the place cannot be written to.
    """
    with written_aside(Path(path)) as aside, open(aside, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
