"""One file a result: named arrays and a record in JSON, in an npz that is whole or not there."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from geomtoy.errors import FileError
from geomtoy.npz import UNREADABLE
from geomtoy.store.canonical import to_json
from geomtoy.writing import written_aside

RECORD = "record.json"
SUFFIX = ".npz"


def write_entry(path: Path, record: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays, which `numpy.load` reads too, and what they are, at once.

    Raises:
        FileError: the place cannot be written to, or is full; names it.
        SettingError, ValueError: something cannot be stored.
    """
    with written_aside(path) as aside:
        aside.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(aside, "w") as file:
            for name, array in arrays.items():
                with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
            file.writestr(RECORD, to_json(record))


def read_record(path: Path) -> dict[str, Any]:
    """What `write_entry` was told the arrays are.

    Raises:
        FileError: the file is missing or damaged.
    """
    try:
        with zipfile.ZipFile(path) as file:
            record: dict[str, Any] = json.loads(file.read(RECORD))
            return record
    except UNREADABLE as error:
        raise _unreadable(path, error) from None


class Arrays(Mapping[str, np.ndarray]):
    """The arrays of an entry, each read from disk when it is asked for, and not kept.

    Raises:
        FileError: the file is missing or damaged, on any access.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            with zipfile.ZipFile(self._path) as file, file.open(f"{name}.npy") as member:
                array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
                return array
        except KeyError:
            raise KeyError(name) from None
        except UNREADABLE as error:
            raise _unreadable(self._path, error) from None

    def __iter__(self) -> Iterator[str]:
        try:
            with zipfile.ZipFile(self._path) as file:
                names = file.namelist()
        except UNREADABLE as error:
            raise _unreadable(self._path, error) from None
        return (name.removesuffix(".npy") for name in names if name != RECORD)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _unreadable(path: Path, error: Exception) -> FileError:
    if isinstance(error, FileNotFoundError):
        return FileError(f"{path} is missing; compute the result again")
    return FileError(f"{path} is damaged ({error}); delete it, and the result is computed again")
