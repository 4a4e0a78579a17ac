"""What comes with an extra of the package, said where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Imports within that an extra of the package installs.

    Raises:
        ImportError: a package is missing; names it and the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if str(error.name).startswith("geomtoy"):
            raise
        raise ImportError(
            f"no {error.name}: install the extra: pip install 'geomtoy[{extra}]'"
        ) from error
