"""Where compiled kernels are kept: a folder for each version of the sources that they are made of.

numba looks at the file of the function it has cached, not at those of the functions it calls. A folder
named after all sources together keeps a change in one file from being overlooked in another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba

config: Any = numba.config  # its names are set at run time


@contextmanager
def keyed_cache(room: Path) -> Iterator[None]:
    """Kernels defined inside are cached under a key of all sources of a package's folder."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder(room))
    try:
        yield
    finally:
        config.CACHE_DIR = before


def compiled(room: Path) -> bool:
    """Whether these sources have been compiled on this machine before."""
    return folder(room).exists()


def folder(room: Path) -> Path:
    digest = sha256()
    for path in sorted(room.rglob("*.py")):
        digest.update(path.read_bytes())
    return room / "__pycache__" / f"kernels-{digest.hexdigest()[:16]}"
