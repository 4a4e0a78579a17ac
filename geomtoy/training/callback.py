"""What `fit` shows its models to while it trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from geomtoy.errors import SettingError


@runtime_checkable
class Callback(Protocol):
    """What `fit` calls with its models, of all seeds, at step 0, `every`, 2 `every`, ... and at the end.

    Where the end comes one step after a multiple of `every`, it is seen in place of that multiple.
    """

    @property
    def every(self) -> int: ...

    @property
    def settings(self) -> dict[str, Any]:
        """What a checkpoint must agree with, in JSON types."""

    def __call__(self, step: int, models: Sequence[Any]) -> None: ...

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was seen so far, for a checkpoint or a result."""

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` of another run gave."""


def steps_between_looks(callback: Callback) -> int:
    """Raises SettingError for 1: one step alone is compiled to other roundings than those of a loop."""
    if callback.every < 2:
        raise SettingError(f"the callback's every is {callback.every}; make it 2 or more")
    return callback.every
