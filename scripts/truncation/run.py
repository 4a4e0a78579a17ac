"""The runs of this paper: a two-layer model learns noisy recall, and is looked at truncated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress

import jax
import numpy as np
from flax import nnx

from geomtoy.errors import SettingError
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import OUTSIDE, Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.models.named import named_parameters, with_arrays
from geomtoy.tasks.batch import Batch, Draw
from geomtoy.tasks.recall import RecallTask
from geomtoy.training.streams import stream
from geomtoy.training.tokens import TokenFit, TokenFitConfig, fit_tokens
from truncation.gradients import GradientProbe
from truncation.measure import Probe, rows_of

Arrays = dict[str, np.ndarray]

SGD = TokenFitConfig(
    500, 32, "sgd", 0.03, final=1.0, weight_decay=1e-4, momentum=0.9, clip=None, every=50
)
"""Constant rate, as in arXiv 2406.03068."""


@dataclass(frozen=True)
class RecallRun:
    """One run.

    Args:
        task: with its share of noise.
        fit: with its seed, which the language comes from too.
        d_model: two layers of one head of that size, MLPs of 4 d_model units, no LayerNorm, no biases,
            W_Q the identity; embeddings, positions and unembedding stay random.
        scale: length of embeddings, positions and columns of the unembedding, about.
        mlp_layers: which layers have an MLP; the last one must.
        matrix: of the last MLP, "hidden.0" or "out": what is truncated along training.
        rhos: shares of its singular values that stay.
        early: steps between two looks in the first `2 fit.every`.
        test: sequences of each test, with noise and without.
        gradients: batches whose gradients are compared for their signal and noise, at the early looks
            and at every fifth later one, since such a look costs as much as so many steps.
        keep: steps at which parameters are kept, besides the end.
    Raises:
        SettingError: the last layer has no MLP, or the matrix is none of it.
    Source: arXiv 2406.03068, section 3, at toy scale.
    """

    task: RecallTask = field(default_factory=RecallTask)
    fit: TokenFitConfig = SGD
    d_model: int = 128
    scale: float = 3.0
    mlp_layers: tuple[int, ...] = (1,)
    matrix: str = "hidden.0"
    rhos: tuple[float, ...] = (1.0, 0.5, 0.1, 0.05, 0.02, 0.0)
    early: int = 5
    test: int = 128
    gradients: int = 8
    keep: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if 1 not in self.mlp_layers:
            raise SettingError(f"mlp_layers is {self.mlp_layers}; the last layer, 1, needs an MLP")
        if self.matrix not in ("hidden.0", "out"):
            raise SettingError(f"matrix {self.matrix!r} is unknown; use hidden.0 or out")

    @property
    def decoder(self) -> DecoderConfig:
        attention = AttentionConfig(self.d_model, 1, self.d_model, identity_query=True)
        layer = LayerConfig(attention, 4 * self.d_model, bias_scale=None)
        return DecoderConfig(
            self.task.vocabulary, self.task.length, 2, layer, mlp_layers=self.mlp_layers, fixed=OUTSIDE
        )

    @property
    def dense(self) -> range:
        """The steps of the early looks."""
        return range(0, 2 * self.fit.every, self.early)

    @property
    def cost(self) -> float:
        """Of a run, in a unit of its own."""
        return self.fit.steps * self.fit.batch_size * self.d_model * (1 + len(self.mlp_layers))

    def build(self, rngs: nnx.Rngs) -> Decoder:
        """The model that `fit` trains; trained entries start as N(0, 1 / (3 d_in)), which is the
        variance that linear layers of PyTorch start with."""
        decoder = Decoder(self.decoder, rngs=rngs)
        for fixed in (decoder.W_E, decoder.W_pos, decoder.W_U):
            fixed[...] = self.scale * fixed[...]
        for layer in decoder.layers:
            for W in (layer.attention.W_K, layer.attention.W_V, layer.attention.W_O):
                W[...] = W[...] / 3**0.5
            if layer.mlp is not None:
                (W_in,), W_out = (linear.kernel for linear in layer.mlp.hidden), layer.mlp.out.kernel
                W_in[...], W_out[...] = W_in[...] / 6**0.5, W_out[...] / 3**0.5  # He's law has 2 / d_in
        return decoder


def run_recall(config: RecallRun) -> Arrays:
    """Losses, what `Probe` measures at the steps `at` and at the end, and parameters.

    "signal/NAME" and "noise/NAME" are those of the gradient of each trained array at the steps
    `gradients_at`, see `GradientProbe`. Arrays of the final model are named "param/NAME"; those at the
    steps `kept_at`, where they are trained ones, "kept/NAME" with a leading axis. "test/tokens",
    "test/targets" and "test/counted" are the test without noise. For tables see `Probe.table`.
    """
    with jax.enable_x64(True):
        return _run(config)


def stored_models(config: RecallRun, arrays: Mapping[str, np.ndarray]) -> dict[int, Decoder]:
    """The models of a run by step: those kept, and the one at the end."""
    final = {name.removeprefix("param/"): a for name, a in arrays.items() if name.startswith("param/")}
    kept = {name.removeprefix("kept/"): a for name, a in arrays.items() if name.startswith("kept/")}
    at = {
        int(step): {**final, **{name: a[k] for name, a in kept.items()}}
        for k, step in enumerate(arrays["kept_at"])
    }
    with jax.enable_x64(True):
        empty = nnx.eval_shape(lambda: config.build(nnx.Rngs(0)))
        return {step: with_arrays(empty, one) for step, one in {**at, config.fit.steps: final}.items()}


def _run(config: RecallRun) -> Arrays:
    task, seed = config.task, config.fit.seed
    rows = rows_of(replace(task, alpha=0.0))(stream(seed, "bigrams"))
    law = task.law_from(rows.astype(config.fit.dtype))

    def draw(key: jax.Array, size: int) -> Batch:
        return task.draw(key, size, law)

    also_at = (*config.dense, *config.keep)
    fit = fit_tokens(config.build, draw, config.fit, measure=_parameters, also_at=also_at)
    probe = Probe(task, law, stream(seed, "test"), config.test, fit.model)
    models = [{name: a[k] for name, a in fit.measured.items()} for k in range(len(fit.at))]
    looks = [probe.look(model, config.matrix, config.rhos) for model in models]
    histories = {name: np.stack([look[name] for look in looks]) for name in looks[0]}
    table = probe.table([name for name in fit.measured if "layers" in name], config.rhos)
    return {
        "train_loss": fit.loss, "at": fit.at, **histories, **table, **_kept(fit, config),
        **_gradients(fit, models, draw, config),
        **{f"param/{name}": array for name, array in probe.arrays.items()},
        **{f"test/{name}": array for name, array in probe.test.items()},
    }  # fmt: skip


def _gradients(
    fit: TokenFit, models: Sequence[Mapping[str, np.ndarray]], draw: Draw, config: RecallRun
) -> Arrays:
    key = stream(config.fit.seed, "gradients")
    probe = GradientProbe(fit.model, draw, config.fit.batch_size, key, config.gradients)
    wanted = {*config.dense, *range(0, config.fit.steps, 5 * config.fit.every), config.fit.steps}
    chosen = np.isin(fit.at, [*wanted])
    powers = [probe.look(model) for model in compress(models, chosen)]
    return {
        "gradients_at": fit.at[chosen],
        **{
            f"{which}/{name}": np.array([power[name][k] for power in powers])
            for k, which in enumerate(("signal", "noise"))
            for name in fit.measured
        },
    }  # fmt: skip


def _parameters(model: nnx.Module) -> dict[str, jax.Array]:
    return named_parameters(model)


def _kept(fit: TokenFit, config: RecallRun) -> Arrays:
    chosen = np.flatnonzero(np.isin(fit.at, config.keep))
    kept = {f"kept/{name}": array[chosen] for name, array in fit.measured.items()}
    return {"kept_at": fit.at[chosen], **kept}
