"""What decoders answered to few-shot prompts: the runs of a config, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from figure import Machine

from geometric_perspective.config_shots import FUNCTIONS, MODULAR, SETTINGS, SHOT_HEADS, Shots
from geometric_perspective.run_shots import RULES, run_shots
from geomtoy.store import Runs
from geomtoy.tasks.shots import CONTEXTS, ShotTask, prompt_length

RULE_LABELS = {"absolute": "weight > 0.1", "relative": "weight > 0.1 of the row's greatest"}
LEARNED = 0.9
"""Share of right answers with all shots from which a run has learned its task."""
LEARNED_NOTE = (
    f"Runs count that answer {LEARNED:.0%} or more with all shots, of which functions have "
    f"{FUNCTIONS.task.shots} and modular {MODULAR.task.shots}."
)


def asked(machine: Machine, config: Shots) -> dict[str, Asked]:
    """The runs of each setting."""
    return {
        name: Asked(name, machine.run_seeds(run_shots, {name: config.run(name)}, seeds)[name])
        for name, seeds in zip(config.settings, config.seeds, strict=True)
    }


def caption(config: Shots, found: Mapping[str, Asked]) -> str:
    """What models a figure is of, and which do not count."""
    notes = "; ".join(of.left_out for of in found.values() if not of.learned.all())
    return f"{config.scale}\n{notes}" if notes else config.scale


@dataclass(frozen=True, eq=False)
class Asked:
    """The runs of one setting; S seeds, M prompts, K shots, L layers.

    Args:
        name: of `SETTINGS`.
        found: one result a seed.
    """

    name: str
    found: Runs

    def correct(self, context: str) -> np.ndarray:
        """(S, M, K) whether the answer with 1 to K shots is right; without it is wrong."""
        answers = self._stacked("answers")[:, CONTEXTS.index(context), 1:]
        return (answers == self._stacked("truth")[:, None]).swapaxes(1, 2)

    def changed(self) -> np.ndarray:
        """(S, M, K) whether examples lead to another answer than none."""
        answers = self._stacked("answers")[:, CONTEXTS.index("shots")]
        return (answers[:, 1:] != answers[:, :1]).swapaxes(1, 2)

    def gain(self, rule: str, context: str) -> np.ndarray:
        """(S, M, K, L) how far intrinsic dimension rises over the prompt without shots."""
        counts = self._counts(rule, context)
        return (counts[:, 1:] - counts[:, :1]).swapaxes(1, 2)

    def density(self, rule: str, context: str) -> np.ndarray:
        """(S, K + 1, L) mean share of tokens above the threshold, over heads and prompts."""
        lengths = [prompt_length(self.task, k) for k in range(self.shots + 1)]
        return self._counts(rule, context).mean(axis=2) / (SHOT_HEADS * np.array(lengths)[:, None])

    @cached_property
    def regions(self) -> np.ndarray:
        """(S, P, K, L) regions on the way from the 0-shot to the k-shot representation."""
        return self._stacked("regions").swapaxes(1, 2)

    @cached_property
    def lengths(self) -> np.ndarray:
        """(S, P, K, L) of that way."""
        return self._stacked("lengths").swapaxes(1, 2)

    def features(self, layer: int) -> np.ndarray:
        """(S, M, K, 7) `FEATURES` of the MLP of a layer with 1 to K shots."""
        return self._stacked("features")[:, 1:, :, layer].swapaxes(1, 2)

    @cached_property
    def learned(self) -> np.ndarray:
        """(S,) whether a run has learned its task."""
        return self.accuracy()[:, -1] >= LEARNED

    @property
    def drawn(self) -> np.ndarray:
        """(S,) whether a run is drawn: those that have learned, or all where none has."""
        return self.learned if self.learned.any() else ~self.learned

    @property
    def left_out(self) -> str:
        """Which runs do not count."""
        if not self.learned.any():
            return f"{self.name}: not learned, so no run counts"
        seeds = ", ".join(map(str, np.flatnonzero(~self.learned)))
        return f"{self.name}: not learned and left out: seed {seeds}"

    @property
    def task(self) -> ShotTask:
        return SETTINGS[self.name].task

    @property
    def shots(self) -> int:
        return self.task.shots

    @property
    def layers(self) -> int:
        return int(self.regions.shape[-1])

    def accuracy(self) -> np.ndarray:
        """(S, K + 1) on prompts that are not chosen."""
        return self._stacked("accuracy")

    def _counts(self, rule: str, context: str) -> np.ndarray:
        """(S, K + 1, M, L), summed over heads."""
        edges = self._stacked("edges")[:, CONTEXTS.index(context), :, :, [*RULES].index(rule)]
        return edges.sum(axis=-1, dtype=int)

    def _stacked(self, name: str) -> np.ndarray:
        return self.found.stacked(name)
