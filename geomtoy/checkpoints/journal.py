"""A file of results that grows a line at a time and survives being killed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from geomtoy.errors import FileError, SettingError


class Journal:
    """JSON lines in a file: first {"config": ...}, then records as they come.

    A line that a kill has cut short is removed when the file is opened again; whole ones are kept.

    Args:
        path: made if it is missing.
        config: what all records depend on.
    Raises:
        SettingError: the file was begun with another config, or another process writes to it.
        FileError: the file is something else, or cannot be written to.
    """

    def __init__(self, path: str | Path, config: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self._lock = FileLock(self.path.with_name(f".{self.path.name}.lock"))
        header = (json.dumps({"config": config}) + "\n").encode()
        try:
            self._lock.acquire(blocking=False)
            self._file: BinaryIO = open(self.path, "a+b")  # noqa: SIM115
        except Timeout:
            raise SettingError(
                f"another process writes to {path}; wait for it or name another file"
            ) from None
        except OSError as error:
            self._unlock()
            raise FileError(f"cannot write {path}: {error.strerror}; choose another place") from None
        try:
            self.records = self._read(header)
        except BaseException:
            self.close()
            raise

    def append(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Write records; when this returns, they are on disk."""
        self._write("".join(json.dumps(record) + "\n" for record in records).encode())

    def close(self) -> None:
        """Let others write to the file."""
        self._file.close()
        self._unlock()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, text: bytes) -> None:
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _unlock(self) -> None:
        """The system lets go however this process ends; the lock's file is removed here if it can be."""
        if self._lock.is_locked:
            with suppress(OSError):
                os.unlink(self._lock.lock_file)
        self._lock.release()

    def _read(self, header: bytes) -> list[dict[str, Any]]:
        self._file.seek(0)
        stored = self._file.read()
        whole = stored[: stored.rfind(b"\n") + 1]
        if not whole and header.startswith(stored):  # new, or killed before the first line was there
            self._file.truncate(0)
            self._write(header)
            return []
        try:
            first, *records = [json.loads(line) for line in whole.splitlines()]
            begun_with = first["config"]
        except (ValueError, KeyError, TypeError):
            raise FileError(f"{self.path} holds no such results; name another file") from None
        self._require_same(begun_with, json.loads(header)["config"])
        self._file.truncate(len(whole))
        return records

    def _require_same(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        for key in now:
            if before.get(key) != now[key]:
                raise SettingError(
                    f"{self.path} was begun with {key} {before.get(key)!r}, not {now[key]!r}; name "
                    "another file"
                )
