"""The settings of this paper's figures, and how much is trained for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from figure import Presets

from geomtoy.tasks.chains import ChainTask
from geomtoy.training.tokens import TokenFitConfig
from matching.run import ADAMW, ChainRun

SINGLE = ChainTask()
DOUBLE = ChainTask(chains=(3, 2), questions=2)

SLOW = replace(ADAMW, learning_rate=2e-3, weight_decay=0.01, warmup=500)
"""For deeper models: at the rate and decay of `ADAMW` none learned more steps than two layers do."""

WORKS, LARGE_START, PRE_NORM = "post-LN, γ = 0.8", "post-LN, γ = 0.3", "pre-LN, γ = 0.8"
"""The setting in which the mechanism is said to form, and two in which it is not."""

MLP = "MLP, post"
"""With MLPs, and LayerNorm after."""

PLAIN, RANDOM, IDENTITY = "MLP", "MLP, random ++", "MLP, identity ++"
"""With MLPs, in the setting that works: nothing, random matrices or the identity added."""
NO_MLP, NO_MLP_RANDOM = "no MLP", "no MLP, random ++"
"""The same without MLPs."""

TWO_CHAINS = "two chains"


def named_start(norm: str, gamma: float) -> str:
    """What a setting is known by: norm is "post", "pre", or "MLP, post"."""
    return f"{norm}-LN, γ = {gamma}"


@dataclass(frozen=True)
class Training:
    """Models without MLPs that learn single chains.

    Args:
        seeds: independent runs of each setting.
        steps: of training.
        every: steps between two looks.
        d_model, test: see `ChainRun`.
    """

    seeds: int = 1
    steps: int = 1000
    every: int = 100
    d_model: int = 64
    test: int = 256

    @property
    def recipe(self) -> TokenFitConfig:
        """Rate, decay and warm-up."""
        return ADAMW

    def run(self, task: ChainTask = SINGLE, **others: Any) -> ChainRun:
        """One run with seed 0; the others are of `ChainRun`."""
        fit = replace(self.recipe, steps=self.steps, every=self.every, last=task.questions)
        return ChainRun(task, fit, d_model=self.d_model, test=self.test, **others)

    def without_mlps(self, norm: str, gamma: float) -> dict[str, ChainRun]:
        """A setting by its name."""
        return {named_start(norm, gamma): self.run(layer_norm=norm, gamma=gamma)}

    @property
    def settings(self) -> Mapping[str, ChainRun]:
        """What is trained, by name, with seed 0."""
        return self.without_mlps("post", 0.8)


@dataclass(frozen=True)
class Failing(Training):
    """Also settings in which the mechanism is not said to form."""

    @property
    def settings(self) -> Mapping[str, ChainRun]:
        pairs = (("post", 0.8), ("post", 0.3), ("pre", 0.8))
        return {name: run for pair in pairs for name, run in self.without_mlps(*pair).items()}


@dataclass(frozen=True)
class Starts(Training):
    """Several initial scales.

    Args:
        gammas, pre_gammas: with LayerNorm after and before, without MLPs.
        mlp_gammas: with LayerNorm after, with MLPs.
        hidden: width of these.
    """

    gammas: tuple[float, ...] = (0.3, 0.8)
    pre_gammas: tuple[float, ...] = (0.8,)
    mlp_gammas: tuple[float, ...] = ()
    hidden: int = 128

    @property
    def settings(self) -> Mapping[str, ChainRun]:
        pairs = [("post", g) for g in self.gammas] + [("pre", g) for g in self.pre_gammas]
        without = {name: run for pair in pairs for name, run in self.without_mlps(*pair).items()}
        wide = {named_start(MLP, g): self.run(hidden=self.hidden, gamma=g) for g in self.mlp_gammas}
        return {**without, **wide}

    @property
    def families(self) -> dict[str, tuple[float, ...]]:
        """Initial scales in order, of each kind that is trained."""
        kinds = {"post": self.gammas, "pre": self.pre_gammas, MLP: self.mlp_gammas}
        return {kind: tuple(sorted(gammas)) for kind, gammas in kinds.items() if gammas}


@dataclass(frozen=True)
class Depths(Training):
    """Models of several numbers of layers, all by one rule: L layers are asked for 1 to L steps, one
    more than the claim gives them, on chains of L + 3 pairs, and trained by `SLOW`, equally long.

    Args:
        depths: numbers of layers.
    """

    steps: int = 800
    depths: tuple[int, ...] = (3,)

    @property
    def recipe(self) -> TokenFitConfig:
        return SLOW

    @property
    def settings(self) -> Mapping[str, ChainRun]:
        return {f"L = {L}": self.run(deep(L), n_layers=L) for L in self.depths}


def deep(n_layers: int) -> ChainTask:
    """What so many layers are asked."""
    return ChainTask(chains=(n_layers + 3,), steps=tuple(range(1, n_layers + 1)))


@dataclass(frozen=True)
class Orders(Depths):
    """Also models that meet a chain of noise.

    Args:
        two_chains: whether they are trained.
    """

    two_chains: bool = False

    @property
    def settings(self) -> Mapping[str, ChainRun]:
        noise = {TWO_CHAINS: self.run(DOUBLE)} if self.two_chains else {}
        return {**super().settings, **noise}


@dataclass(frozen=True)
class Mlps(Training):
    """Models with MLPs, with nothing or with random matrices added.

    Args:
        hidden, triangles: see `ChainRun`.
    """

    hidden: int = 128
    triangles: int = 6

    def adding(self, added: str = "none", signs: str = "++", **others: Any) -> ChainRun:
        """One run; signs are those of the trained factors (alpha, beta) of what is added."""
        alpha, beta = (0.0 if added == "none" else 0.5 if s == "+" else -0.5 for s in signs)
        return self.run(added=added, alpha=alpha, beta=beta, **others)

    @property
    def settings(self) -> Mapping[str, ChainRun]:
        keep = tuple(range(0, self.steps + 1, max(self.every, self.steps // 20)))
        lens: dict[str, Any] = {"hidden": self.hidden, "triangles": self.triangles, "keep": keep}
        return {RANDOM: self.adding("random", **lens), PLAIN: self.adding(**lens)}


@dataclass(frozen=True)
class Added(Mlps):
    """What is added, and with which signs; without MLPs nothing, or random matrices.

    Args:
        signs: of the factors (alpha, beta) of random matrices, besides "++".
    """

    signs: tuple[str, ...] = ()

    @property
    def settings(self) -> Mapping[str, ChainRun]:
        both = super().settings
        random = {
            f"MLP, random {signs}": self.adding("random", signs, hidden=self.hidden)
            for signs in self.signs
        }
        return {
            PLAIN: both[PLAIN], RANDOM: both[RANDOM], **random,
            IDENTITY: self.adding("identity", hidden=self.hidden),
            NO_MLP: self.adding(), NO_MLP_RANDOM: self.adding("random"),
        }  # fmt: skip


SMALL: dict[str, Any] = {"steps": 4, "every": 2, "d_model": 8, "test": 64}
SMALL_MLPS = {**SMALL, "hidden": 8, "triangles": 2}
GAMMAS = (0.3, 0.5, 0.8, 1.0)

TRAINING = Presets(Training(**SMALL), Training(), Training(5, 8000))
FAILING = Presets(Failing(**SMALL), Failing(), Failing(5, 8000))
STARTS = Presets(
    Starts(**SMALL, mlp_gammas=(0.8,), hidden=8),
    Starts(),
    Starts(5, 8000, gammas=GAMMAS, pre_gammas=GAMMAS, mlp_gammas=GAMMAS),
)
LONG: dict[str, Any] = {"seeds": 5, "steps": 20_000, "every": 250, "depths": (2, 3, 4, 5)}
DEPTHS = Presets(Depths(**SMALL), Depths(), Depths(**LONG))
FLOW = Presets(Depths(**SMALL), Depths(), Depths(**{**LONG, "depths": (3, 5)}))
ORDERS = Presets(Orders(**SMALL), Orders(), Orders(**LONG, two_chains=True))
LENS = Presets(Mlps(**SMALL_MLPS), Mlps(), Mlps(5, 6000))
ADDED = Presets(Added(**SMALL_MLPS), Added(), Added(5, 6000, signs=("+-", "-+", "--")))
