"""Trains a model of tokens on batches drawn on device, by cross-entropy where answers are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Int
from tqdm import tqdm

from geomtoy.errors import SettingError
from geomtoy.tasks.batch import Batch, Draw
from geomtoy.training.compiled import compiled
from geomtoy.training.streams import stream
from geomtoy.training.trainer import Build

OPTIMISERS = ("adamw", "sgd")

State = nnx.State[Any, Any]


Measure = Callable[[nnx.Module], Mapping[str, Array]]
"""What to look at in training: model -> arrays by name; pure, runs on device."""


@dataclass(frozen=True)
class TokenFitConfig:
    """How to train one model.

    Args:
        steps, batch_size: number of updates, sequences drawn for each.
        optimiser: "adamw" or "sgd".
        learning_rate: reached after `warmup` steps, falls along a cosine to `final` of itself.
        weight_decay, momentum: of the optimiser; momentum is for "sgd".
        clip: greatest norm of a gradient; None does not clip.
        seed: the one integer that all randomness comes from.
        every: steps between two measurements.
        last: the loss is at so many positions at the end alone and nothing is computed for it elsewhere;
            0 is all.
        dtype: of the parameters in training. float32 is twice as fast; its rounding depends on the
            machine, the counts of regions are exact for the parameters that come out.
    Raises:
        SettingError: a value is out of range or unknown.
    """

    steps: int
    batch_size: int = 64
    optimiser: str = "adamw"
    learning_rate: float = 2e-3
    warmup: int = 0
    final: float = 0.1
    weight_decay: float = 0.01
    momentum: float = 0.9
    clip: float | None = 1.0
    seed: int = 0
    every: int = 100
    last: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "learning_rate", "every"):
            if getattr(self, name) <= 0:
                raise SettingError(f"{name} is {getattr(self, name)}; make it positive")
        if self.optimiser not in OPTIMISERS:
            raise SettingError(
                f"optimiser {self.optimiser!r} is unknown; use one of {', '.join(OPTIMISERS)}"
            )
        if self.dtype not in ("float32", "float64"):
            raise SettingError(f"dtype {self.dtype!r} is unknown; use float32 or float64")

    def transformation(self) -> optax.GradientTransformation:
        """The optimiser with its schedule."""
        schedule = optax.warmup_cosine_decay_schedule(
            self.learning_rate if self.warmup == 0 else 0.0, self.learning_rate, self.warmup,
            max(self.steps, self.warmup + 1), self.final * self.learning_rate,
        )  # fmt: skip
        clip = optax.identity() if self.clip is None else optax.clip_by_global_norm(self.clip)
        if self.optimiser == "adamw":
            return optax.chain(clip, optax.adamw(schedule, weight_decay=self.weight_decay))
        decay = optax.add_decayed_weights(self.weight_decay)
        return optax.chain(clip, decay, optax.sgd(schedule, momentum=self.momentum))


@dataclass(frozen=True, eq=False)
class TokenFit:
    """A trained model, and what was seen on the way.

    Args:
        model: with parameters of the config's dtype.
        loss: (steps,) of each batch before its update.
        at: (k,) steps at which `measured` was taken: 0, `every`, ... and the end, and those asked for.
        measured: name -> (k, ...).
    """

    model: Any
    loss: Float[np.ndarray, " steps"]
    at: Int[np.ndarray, " k"]
    measured: dict[str, np.ndarray]


def fit_tokens(
    build: Build,
    draw: Draw,
    config: TokenFitConfig,
    *,
    measure: Measure = lambda model: {},
    also_at: Iterable[int] = (),
    progress: bool = False,
) -> TokenFit:
    """Train a model from (B, T) tokens to (B, T, vocabulary) logits on batches that `draw` makes.

    All steps between two measurements are one loop on device. Only `nnx.Param`s are trained. The same
    config gives the same bits on the same machine.

    Args:
        build: makes the model from its random streams.
        draw: the task.
        measure: looked at every `config.every` steps; must not change from run to run.
        also_at: further steps to look at, such as more of the first ones.
        progress: show a bar on stderr.
    Raises:
        SettingError: a loss is not finite.
    """
    graphdef, params, fixed = _start(build, config)
    optimiser = config.transformation()
    run = params, optimiser.init(params)
    rest = fixed, stream(config.seed, "batches")
    train = compiled(_trainer(graphdef, optimiser, draw, config), run, rest, 0, 1)
    look = compiled(
        lambda params, fixed: dict(measure(nnx.merge(graphdef, params, fixed))), params, fixed
    )
    loss = np.empty(0, config.dtype)
    seen: list[dict[str, np.ndarray]] = []
    looks = {*range(0, config.steps, config.every), config.steps, *also_at} & {*range(config.steps + 1)}

    with tqdm(total=config.steps, disable=not progress, unit="step") as bar:
        while True:
            if len(loss) in looks:
                seen.append({name: np.asarray(array) for name, array in look(run[0], fixed).items()})
            if len(loss) == config.steps:
                break
            stop = min(look_at for look_at in looks if look_at > len(loss))
            run, new = train(run, rest, len(loss), stop)
            loss = np.concatenate([loss, np.asarray(new)[: stop - len(loss)]])
            _require_finite(loss, config)
            bar.update(len(new))
            bar.set_postfix(loss=f"{loss[-1]:.3f}")
    measured = {name: np.stack([one[name] for one in seen]) for name in seen[0]}
    return TokenFit(nnx.merge(graphdef, run[0], fixed), loss, np.array(sorted(looks)), measured)


def cross_entropy(logits: Float[Array, "B T V"], batch: Batch) -> Float[Array, ""]:
    """The mean over positions by their weights."""
    each = optax.softmax_cross_entropy_with_integer_labels(logits, batch.targets)
    return (each * batch.weights).sum() / batch.weights.sum()


def accuracy(logits: Float[Array, "B T V"], batch: Batch) -> Float[Array, ""]:
    """The share, by weights, of positions whose greatest logit is the target's."""
    right = logits.argmax(axis=-1) == batch.targets
    return (right * batch.weights).sum() / batch.weights.sum()


def _trainer(
    graphdef: nnx.GraphDef[Any],
    optimiser: optax.GradientTransformation,
    draw: Draw,
    config: TokenFitConfig,
) -> Callable[[Any, Any, Array, Array], tuple[Any, Array]]:
    """(run, (fixed arrays, key), start, stop) -> (run, the losses of these steps first among `every`
    numbers): one program whatever the seed and the number of steps."""

    def loss_of(params: State, fixed: State, batch: Batch) -> Array:
        model: Any = nnx.merge(graphdef, params, fixed)
        if config.last == 0:
            return cross_entropy(model(batch.tokens), batch)
        asked = Batch(batch.tokens, *(each[:, -config.last :] for each in batch[1:]))
        return cross_entropy(model(batch.tokens, last=config.last), asked)

    def step(run: Any, rest: Any, t: Array) -> tuple[Any, Array]:
        (params, state), (fixed, batches) = run, rest
        batch = draw(jax.random.fold_in(batches, t), config.batch_size)
        loss, gradient = jax.value_and_grad(loss_of)(params, fixed, batch)
        updates, state = optimiser.update(gradient, state, params)
        return (optax.apply_updates(params, updates), state), loss

    def train(run: Any, rest: Any, start: Array, stop: Array) -> tuple[Any, Array]:
        def one(t: Array, carry: Any) -> Any:
            run, loss = step(carry[0], rest, t)
            return run, carry[1].at[t - start].set(loss)

        return jax.lax.fori_loop(start, stop, one, (run, jnp.zeros(config.every)))

    return train


def _start(build: Build, config: TokenFitConfig) -> tuple[nnx.GraphDef[Any], State, State]:
    """The model's structure, its parameters and its fixed arrays. Not compiled in one piece, which would
    take seconds for each initial scale."""
    model: Any = build(nnx.Rngs(stream(config.seed, "params")))
    arrays = nnx.state(model, nnx.Param), nnx.state(model, nnx.Not(nnx.Param))
    params, fixed = jax.tree.map(lambda a: a.astype(config.dtype), arrays)
    graphdef: Any = nnx.split(model)[0]
    return graphdef, params, fixed


def _require_finite(loss: np.ndarray, config: TokenFitConfig) -> None:
    bad = np.flatnonzero(~np.isfinite(loss))
    if len(bad):
        raise SettingError(
            f"the loss of seed {config.seed} is not finite at step {bad[0]}; lower learning_rate "
            f"({config.learning_rate:g})"
        )
