"""Looking at blocks while they train: proven counts of regions on a plane every so many steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomtoy.block_arrays import BlockArrays, stack_blocks
from geomtoy.models.block_export import block_arrays
from geomtoy.slices import UNIT_SQUARE, Slice
from geomtoy.views.plane import PlaneRegions, count_regions_on_plane
from geomtoy.watching import Recorder


def as_block(model: Any) -> BlockArrays:
    """The arrays of a `Block`, or a block that is arrays already."""
    return model if isinstance(model, BlockArrays) else block_arrays(model)


@dataclass(eq=False)
class BlockRegionCallback(Recorder):
    """Counts the regions of each soft block in training on a plane, with proof.

    Its arrays: step (k,), regions and certified (seeds, k), where a count that is not certified is a
    lower bound, proven; and, if asked for, those of `stack_blocks` with steps as their second axis.

    Args:
        every: steps between two counts; in `fit_block` 2 or more.
        plane, tokens, moving, self_key, window, max_patches: as in `count_regions_on_plane`.
        blocks: keep the blocks too.
        export: makes `BlockArrays` of a model.
    Raises:
        SettingError: `every` is less than 1.
    Exactness: of `count_regions_on_plane`, for the parameters at that step. Cost: that of it for each
        seed, while the next steps run.
    """

    plane: Slice
    tokens: Any = None
    moving: str = "query"
    self_key: str = "moving"
    window: Any = UNIT_SQUARE
    max_patches: int = 20_000
    blocks: bool = False
    export: Callable[[Any], BlockArrays] = as_block

    @property
    def settings(self) -> dict[str, Any]:
        tokens = None if self.tokens is None else np.asarray(self.tokens, float).tolist()
        window = np.asarray(self.window, object).tolist()
        where = repr((self.plane, tokens, self.moving, self.self_key, window, self.max_patches))
        return {"every": self.every, "where": where, "blocks": self.blocks}

    def look(self, step: int, models: Sequence[Any]) -> dict[str, np.ndarray]:
        blocks = [self.export(model) for model in models]
        found = [self._count(block) for block in blocks]
        record = {
            "regions": np.array([one.regions for one in found]),
            "certified": np.array([one.certified for one in found]),
        }
        return record | (stack_blocks(blocks) if self.blocks else {})

    def _count(self, block: BlockArrays) -> PlaneRegions:
        return count_regions_on_plane(
            block,
            self.plane,
            tokens=self.tokens,
            moving=self.moving,
            self_key=self.self_key,
            window=self.window,
            max_patches=self.max_patches,
        )
