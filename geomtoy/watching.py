"""Looking at networks while they train, in `fit` or in a loop of one's own, with any library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geomtoy.errors import NetworkError, SettingError
from geomtoy.importers.any_model import from_model
from geomtoy.models.stack import stack_networks
from geomtoy.network import Network
from geomtoy.npz import write_npz
from geomtoy.regions import count_regions, enumerate_regions
from geomtoy.slices import UNIT_SQUARE, Segment, Slice, Window


@dataclass(eq=False)
class Recorder(ABC):
    """Looks at models every so many steps and keeps what it sees: `arrays` holds it.

    As `callback=` of a function that trains; or in a loop of your own, where `seen(step, model)` is
    called at every step and looks at those that are multiples of `every`.

    Args:
        every: steps between two looks, 1 or more.
    Raises:
        SettingError: `every` is less than 1.
    """

    every: int
    _seen: list[dict[str, np.ndarray]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.every < 1:
            raise SettingError(f"every is {self.every}; make it 1 or more")

    def __call__(self, step: int, models: Any) -> None:
        """Look at several models, a list, or at one model if the step is a multiple of `every`."""
        if not isinstance(models, list | tuple):
            if step % self.every:
                return
            models = [models]
        self._seen.append({"step": np.array(step), **self.look(step, models)})

    @abstractmethod
    def look(self, step: int, models: Sequence[Any]) -> dict[str, np.ndarray]:
        """By name what is seen of the models of all seeds: arrays with a leading axis of seeds."""

    def arrays(self) -> dict[str, np.ndarray]:
        """By name: step (k,), and of all that is seen (seeds, k, ...)."""
        names = self._seen[0] if self._seen else {}
        return {
            name: np.stack([seen[name] for seen in self._seen], axis=_steps_axis(name)) for name in names
        }

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from arrays of an earlier run."""
        by_step = {name: np.moveaxis(array, _steps_axis(name), 0) for name, array in arrays.items()}
        steps = len(arrays.get("step", ()))
        self._seen = [{name: array[k] for name, array in by_step.items()} for k in range(steps)]


@dataclass(eq=False)
class RegionCallback(Recorder):
    """Counts the regions of each network in training.

    Its arrays: step (k,), regions (seeds, k) and, if asked for, linear_regions (seeds, k), W1
    (seeds, k, out, in), b1 (seeds, k, out), ...

    As `callback=` of `geomtoy.training.fit`; or in a loop of your own, where `counted(step, model)` is
    called at every step and looks at those that are multiples of `every`.

    Args:
        every: steps between two counts; in `fit` 2 or more.
        window, slice: where to look, as in `count_regions`.
        linear: count linear regions too.
        networks: keep the networks too, as in `stack_networks`.
        save: folder for the partitions themselves, one stepT-seedS.npz a network.
        export: makes a `Network` of a model; by default `from_model`, which knows torch, Keras, Flax and
            others by their type, where the model knows the shape of its input.
    Raises:
        SettingError: `every` is less than 1.
    Exactness: exact for the parameters at that step. Cost: that of `count_regions` for each model; in
        `fit`, while the next steps run.
    """

    window: Window = UNIT_SQUARE
    slice: Slice | Segment | None = None
    linear: bool = False
    networks: bool = False
    save: Path | None = None
    export: Callable[[Any], Any] = from_model

    @property
    def settings(self) -> dict[str, Any]:
        where = repr((self.slice, np.asarray(self.window, object).tolist()))
        kept = {"linear": self.linear, "networks": self.networks, "saved": self.save is not None}
        return {"every": self.every, "where": where, **kept}

    def look(self, step: int, models: Sequence[Any]) -> dict[str, np.ndarray]:
        """Raises NetworkError where a model is no piecewise affine network, or not known to `export`."""
        networks = [self._network(model) for model in models]
        counts = np.array([self._count(step, s, network) for s, network in enumerate(networks)])
        record = {"regions": counts[:, 0]}
        if self.linear:
            record["linear_regions"] = counts[:, 1]
        return record | (stack_networks(networks) if self.networks else {})

    def _network(self, model: Any) -> Network:
        network = self.export(model)
        if not isinstance(network, Network):
            raise NetworkError(f"export made a {type(network).__name__}; what is watched is a Network")
        return network

    def _count(self, step: int, seed: int, network: Network) -> tuple[int, int]:
        """Regions and linear regions (0 if not asked for), and the partition in a file if asked for."""
        if self.save is None:
            count = count_regions(network, slice=self.slice, window=self.window, linear=self.linear)
            return count.regions, count.linear_regions or 0
        from geomtoy.regions.results.export import to_arrays  # loads shapely and networkx

        found = enumerate_regions(network, slice=self.slice, window=self.window)
        self.save.mkdir(parents=True, exist_ok=True)
        write_npz(self.save / f"step{step:06d}-seed{seed}.npz", to_arrays(found))
        return len(found), found.n_linear_regions if self.linear else 0


def _steps_axis(name: str) -> int:
    return 0 if name == "step" else 1
