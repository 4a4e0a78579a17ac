"""The settings of figures 6 to 8: tasks, decoders, and how much is trained and asked."""

from __future__ import annotations

from dataclasses import dataclass
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

TASKS: dict[str, Functions | Modular] = {
    "functions": Functions(),
    "modular": Modular(constant=False),
}
"""With a constant, of 64 operations, decoders were at .70 to .90 after 10,000 steps."""
TRAINING = {"functions": 600, "modular": 200}
"""Steps of a first look: enough for the first to be solved at 10 shots, not for the second."""
LONG = {"functions": 1000, "modular": 10_000}
"""Steps that verdicts need; a run that does not reach .9 at 10 shots even so does not count."""
SHOT_HEADS, SHOT_D_HEAD = 4, 8
D_MODEL = SHOT_HEADS * SHOT_D_HEAD


@dataclass(frozen=True)
class Shots:
    """Few-shot prompts put to decoders.

    Args:
        seeds: decoders of each task, in their order.
        tasks: names in `TASKS`.
        steps: of training; None takes those of `TRAINING`, or of `LONG`.
        long: whether the steps are those of `LONG`.
        layers: of the decoders.
        prompts: answered wrongly without shots.
        paths: of these, how many are followed through what MLPs read.
        resamples: times that prompts are drawn again, for intervals.
    """

    seeds: tuple[int, ...] = (1, 1)
    tasks: tuple[str, ...] = tuple(TASKS)
    steps: int | None = None
    long: bool = False
    layers: int = 4
    prompts: int = 150
    paths: int = 30
    resamples: int = 100

    def run(self, task: str) -> ShotsRun:
        """A pre-LayerNorm decoder whose MLPs are four times as wide as its tokens, with seed 0."""
        of, steps = TASKS[task], self.steps or (LONG if self.long else TRAINING)[task]
        attention = AttentionConfig(D_MODEL, SHOT_HEADS, SHOT_D_HEAD, scaled=True)
        layer = LayerConfig(attention, 4 * D_MODEL, "pre")
        decoder = DecoderConfig(of.vocabulary, prompt_length(of, of.shots), self.layers, layer)
        fit = TokenFitConfig(steps, batch_size=32, learning_rate=3e-3, warmup=100, every=steps)
        return ShotsRun(of, decoder, fit, self.prompts, self.paths)

    @property
    def scale(self) -> str:
        """What a reader must know of the models."""
        seeds = " and ".join(map(str, self.seeds))
        return f"toy decoders: {self.layers} layers, {SHOT_HEADS} heads, d = {D_MODEL}, {seeds} seeds"


SMALL: dict[str, Any] = {
    "tasks": ("modular",), "seeds": (1,), "steps": 2, "layers": 2, "prompts": 12, "paths": 4,
    "resamples": 5,
}  # fmt: skip
MANY: dict[str, Any] = {
    "tasks": ("functions",), "seeds": (10,), "long": True, "prompts": 600, "paths": 100,
    "resamples": 200,
}  # fmt: skip

SHOTS = Presets(Shots(**SMALL), Shots(), Shots(**MANY))
