"""Where compiled kernels are kept: a folder for each version of the sources.

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

HERE = Path(__file__).parent
config: Any = numba.config  # its names are set at run time


@contextmanager
def keyed_cache() -> Iterator[None]:
    """Kernels defined inside are cached under a key of all sources of this package."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder())
    try:
        yield
    finally:
        config.CACHE_DIR = before


def compiled() -> bool:
    """Whether these sources have been compiled on this machine before."""
    return folder().exists()


def folder() -> Path:
    return HERE / "__pycache__" / f"kernels-{_key()}"


def _key() -> str:
    digest = sha256()
    for path in sorted(HERE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
