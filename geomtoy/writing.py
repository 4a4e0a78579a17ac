"""Files that are whole or not there, however a program ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from geomtoy.errors import FileError


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Another name to write to, in the same folder; what was written there becomes `path` at the end.

    Nobody else has that name, be it a thread or a machine that shares the disk: of several who write one
    path at once the last is kept, whole.

    Raises:
        FileError: the place cannot be written to.
    """
    if not path.name:
        raise FileError(f"cannot write {path}: it is a folder; choose another place")
    aside = path.with_name(f".{path.stem[:40]}-part{token_hex(8)}{path.suffix}")
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise FileError(
            f"cannot write {path}: {error.strerror or error}; choose another place"
        ) from None
    except MemoryError:
        raise FileError(f"cannot write {path}: memory is full; write a smaller window") from None
    finally:
        with suppress(OSError):  # where nothing could be written, there is nothing to remove
            aside.unlink()
