"""The settings of this paper's figure, and how much is trained for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from figure import Presets

from local_complexity.data import ADDITION, SPIRALS
from local_complexity.run import ComplexityRun


@dataclass(frozen=True)
class Complexity:
    """
    Args:
        seeds: independent runs of each task.
        steps, looks, points, widths: see `ComplexityRun`.
    """

    seeds: int = 3
    steps: int = 2000
    looks: int = 25
    points: int = 12
    widths: tuple[int, ...] = (64, 64)

    @property
    def settings(self) -> Mapping[str, ComplexityRun]:
        """What is trained, by task, with seed 0. Neighbourhoods are smaller than half the distance to
        the next sum, and about a tenth of the way from arm to arm."""
        addition = ComplexityRun(ADDITION, self.widths, self.steps, looks=self.looks, points=self.points)
        spirals = replace(addition, task=SPIRALS, weight_decay=0.01, radius=0.05)
        return {ADDITION: addition, SPIRALS: spirals}


PRESETS = Presets(
    Complexity(1, 6, 3, 2, (5, 4)),
    Complexity(looks=15, points=6),
    Complexity(20, looks=15, points=8),
)
