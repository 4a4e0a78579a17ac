"""The settings of figures 6 to 8: tasks, decoders, and how much is trained and asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from figure import Presets

from geometric_perspective.run_shots import ShotsRun
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.tasks.functions import Functions
from geomtoy.tasks.modular import Modular
from geomtoy.tasks.shots import prompt_length
from geomtoy.training.tokens import TokenFitConfig

SHOT_HEADS, SHOT_D_HEAD = 4, 8
D_MODEL = SHOT_HEADS * SHOT_D_HEAD


@dataclass(frozen=True)
class Setting:
    """A task, and the decoders that learn it.

    Args:
        task: what prompts are of.
        title: for figures.
        first_look, long: steps of training in default figures, and those that verdicts need; a run that
            is not right in .9 of answers with all shots even so does not count.
        batch_size: prompts a step.
        layers: of the decoders.
        learning_rate: where it is greatest.
    """

    task: Functions | Modular
    title: str
    first_look: int
    long: int
    batch_size: int
    layers: int = 4
    learning_rate: float = 3e-3

    def deeper(self, layers: int) -> Setting:
        return replace(self, layers=layers, title=f"{self.title}, {layers} layers")


FUNCTIONS = Setting(Functions(), "one of 32 functions", 600, 1000, 32)
MODULAR = Setting(
    Modular(3, 6, constant=False), "unknown ax + by mod 3", 1000, 40_000, 16, learning_rate=1e-3
)
"""Modulo 3 with 6 of 9 pairs shown the operation is known, and the one example that tells most gives .86
alone, where 4 of 10 decoders stayed in 12,000 steps at the rate of the other task, and 2 of these 4 in
25,000. Modulo 4 with 10 of 16 it gives .88, where a decoder stayed for 10,000 steps."""
SETTINGS = {
    "functions": FUNCTIONS,
    "functions, 8 layers": FUNCTIONS.deeper(8),
    "modular": MODULAR,
    "modular, 8 layers": MODULAR.deeper(8),
}


@dataclass(frozen=True)
class Shots:
    """Few-shot prompts put to decoders.

    Args:
        settings: names in `SETTINGS`.
        seeds: decoders of each setting, in their order.
        steps: of training; None takes those of the setting.
        long: whether these are its long ones.
        layers: of the decoders; None takes those of the setting.
        prompts: answered wrongly without shots.
        paths: of these, how many are followed through what MLPs read.
        resamples: times that prompts are drawn again, for intervals.
    """

    settings: tuple[str, ...] = ("functions", "modular")
    seeds: tuple[int, ...] = (1, 1)
    steps: int | None = None
    long: bool = False
    layers: int | None = None
    prompts: int = 150
    paths: int = 30
    resamples: int = 100

    def run(self, name: str) -> ShotsRun:
        """A pre-LayerNorm decoder whose MLPs are four times as wide as its tokens, with seed 0."""
        of = SETTINGS[name]
        steps = self.steps or (of.long if self.long else of.first_look)
        attention = AttentionConfig(D_MODEL, SHOT_HEADS, SHOT_D_HEAD, scaled=True)
        layer = LayerConfig(attention, 4 * D_MODEL, "pre")
        length = prompt_length(of.task, of.task.shots)
        decoder = DecoderConfig(of.task.vocabulary, length, self.layers or of.layers, layer)
        fit = TokenFitConfig(
            steps, of.batch_size, learning_rate=of.learning_rate, warmup=100, every=steps
        )
        return ShotsRun(of.task, decoder, fit, self.prompts, self.paths)

    @property
    def scale(self) -> str:
        """What a reader must know of the models."""
        depths = {self.layers or SETTINGS[name].layers for name in self.settings}
        layers = " or ".join(map(str, sorted(depths)))
        seeds = ", ".join(map(str, self.seeds if len({*self.seeds}) > 1 else self.seeds[:1]))
        by_row = "rows of " if "," in seeds else ""
        return f"toy decoders: {layers} layers, {SHOT_HEADS} heads, d = {D_MODEL}; {by_row}{seeds} seeds"


SMALL: dict[str, Any] = {
    "settings": ("modular",), "seeds": (1,), "steps": 2, "layers": 2, "prompts": 12, "paths": 4,
    "resamples": 5,
}  # fmt: skip
MANY: dict[str, Any] = {
    "seeds": (10, 10), "long": True, "prompts": 600, "paths": 100, "resamples": 200
}  # fmt: skip
DEEPER: dict[str, Any] = {
    **MANY, "settings": tuple(SETTINGS), "seeds": (10, 5, 10, 5)
}  # fmt: skip

SHOTS = Presets(Shots(**SMALL), Shots(), Shots(**MANY))
DEPTHS = Presets(Shots(**SMALL), Shots(), Shots(**DEEPER))
"""With deeper decoders of both tasks."""
