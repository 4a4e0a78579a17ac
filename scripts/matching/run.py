"""The runs of this paper: a decoder learns chains, and is looked at with all instruments on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import jax
import numpy as np
from flax import nnx

from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.models.named import named_arrays, named_parameters, with_arrays
from geomtoy.tasks.batch import Batch
from geomtoy.tasks.chains import ChainTask, draw_chains
from geomtoy.training.streams import stream
from geomtoy.training.tokens import TokenFit, TokenFitConfig, fit_tokens
from matching.measure import ChainProbe

Arrays = dict[str, np.ndarray]

ADAMW = TokenFitConfig(1200, 64, learning_rate=5e-3, warmup=300, weight_decay=0.1, every=100)
"""The rate falls along a cosine to a tenth; gradients are clipped at norm 1."""


@dataclass(frozen=True)
class ChainRun:
    """One run.

    Args:
        task, fit: what is learned, and how; `fit.last` is set to the task's questions.
        n_layers, d_model: one head of size d_model in each layer.
        hidden: width of the MLPs; None has none.
        layer_norm, gamma: see `LayerConfig` and `AttentionConfig`.
        added, alpha, beta: see `DecoderConfig` and `AttentionConfig`.
        test: sequences of each test.
        triangles: how many triangles of representations the regions of each MLP are counted on.
        keep: steps at which parameters are kept, besides the end.
    """

    task: ChainTask = field(default_factory=ChainTask)
    fit: TokenFitConfig = ADAMW
    n_layers: int = 3
    d_model: int = 64
    hidden: int | None = None
    layer_norm: str = "post"
    gamma: float = 0.8
    added: str = "none"
    alpha: float = 0.0
    beta: float = 0.0
    test: int = 256
    triangles: int = 0
    keep: tuple[int, ...] = ()

    @property
    def decoder(self) -> DecoderConfig:
        d = self.d_model
        attention = AttentionConfig(
            d, 1, d, scaled=True, gamma=self.gamma, alpha=self.alpha, beta=self.beta
        )
        layer = LayerConfig(attention, self.hidden, self.layer_norm, bias_scale=0.0)
        task = self.task
        return DecoderConfig(task.vocabulary, task.length, self.n_layers, layer, added=self.added)

    @property
    def cost(self) -> float:
        """Multiplications of a run, in a unit of its own."""
        wide = 0 if self.hidden is None else 2 * self.hidden
        rows = self.task.length * (self.n_layers - 1) + self.task.questions
        return self.fit.steps * self.fit.batch_size * rows * self.d_model * (2 * self.d_model + wide)

    def build(self, rngs: nnx.Rngs) -> Decoder:
        """The model that `fit` trains."""
        return Decoder(self.decoder, rngs=rngs)

    def draw(self, key: jax.Array, size: int) -> Batch:
        """Training sequences."""
        return draw_chains(self.task, key, size)


def run_chain(config: ChainRun) -> Arrays:
    """Losses, what `ChainProbe` measures at the steps `at`, and parameters.

    Parameters of the final model are named "final/NAME", those at the steps `kept_at` "kept/NAME", with
    a leading axis, and the final model's matrices of real queries and keys "functional/layer K".
    """
    with jax.enable_x64(True):
        return _run(config)


def restore(config: ChainRun, arrays: Arrays) -> Decoder:
    """The model of a run, fixed arrays included, with these trained ones, such as those at a step."""
    with jax.enable_x64(True):
        start = config.build(nnx.Rngs(stream(config.fit.seed, "params")))
        cast = {name: array.astype(config.fit.dtype) for name, array in named_arrays(start).items()}
        return with_arrays(start, {**cast, **arrays})


def _run(config: ChainRun) -> Arrays:
    fit = fit_tokens(
        config.build, config.draw, config.fit, measure=named_parameters, also_at=config.keep
    )
    probe = ChainProbe(fit.model, config.task, config.test, config.triangles)
    looks = [probe.look(model) for model in _models(fit)]
    histories = {name: np.stack([look[name] for look in looks]) for name in looks[0]}
    chosen = np.flatnonzero(np.isin(fit.at, config.keep))
    kept = {f"kept/{name}": array[chosen] for name, array in fit.measured.items()}
    final = {f"final/{name}": array[-1] for name, array in fit.measured.items()}
    found = {"loss": fit.loss, "at": fit.at, **histories, "kept_at": fit.at[chosen], **kept, **final}
    functional = probe.functional_matrices(fit.model)
    return found | {f"functional/{name}": matrix for name, matrix in functional.items()}


def _models(fit: TokenFit) -> list[Decoder]:
    """As they were at each look."""
    return [
        with_arrays(fit.model, {name: array[k] for name, array in fit.measured.items()})
        for k in range(len(fit.at))
    ]
