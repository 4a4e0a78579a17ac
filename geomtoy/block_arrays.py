"""A trained one-block transformer as plain arrays: what geometry and theory read of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from geomtoy.activations import RELU
from geomtoy.errors import FileError, NetworkError
from geomtoy.network import Network, parameter
from geomtoy.npz_numbers import numbers, plain
from geomtoy.writing import written_aside

ARRAYS = ("frequencies", "W_Q", "W_K", "W_V", "W_O", "norm_gain", "norm_bias",
          "attention_norm_gain", "attention_norm_bias")  # fmt: skip
LAYERS = ("W1", "b1", "W2", "b2", "W3", "b3")
FLAGS = ("norm_epsilon", "scale", "residual", "hard", "centred_norm")


@dataclass(frozen=True, eq=False)
class BlockArrays:
    """Time t -> C tokens -> causal attention -> residual -> LayerNorm -> MLP, at the last token.

    Args:
        frequencies: (C, d/2); token p of time t is (sin(f_p t), cos(f_p t)), the query last.
        W_Q, W_K, W_V: (H, d, d_head).
        W_O: (H, d_head, d).
        mlp: R^d -> R with one hidden ReLU layer; views that read others say so. Its parameters alone
            may be Fractions.
        norm_gain, norm_bias: (d,) of the LayerNorm before the MLP; None when there is none.
        norm_epsilon: added to the variance; 0 or more.
        scale: what attention scores are multiplied by.
        residual: whether the last token is added to what attention gives.
        hard: all weight on the greatest score (the first of equals), instead of softmax.
        centred_norm: whether norms take the mean away (LayerNorm) or not (RMSNorm).
        attention_norm_gain, attention_norm_bias: (d,) of a norm of all tokens before attention, whose
            residual stays as it is; None when there is none.
    Raises:
        NetworkError: shapes do not fit together, or a number is not finite, no float or out of range.
    """

    frequencies: np.ndarray
    W_Q: np.ndarray
    W_K: np.ndarray
    W_V: np.ndarray
    W_O: np.ndarray
    mlp: Network
    norm_gain: np.ndarray | None = None
    norm_bias: np.ndarray | None = None
    norm_epsilon: float = 1e-6
    scale: float = 1.0
    residual: bool = True
    hard: bool = False
    centred_norm: bool = True
    attention_norm_gain: np.ndarray | None = None
    attention_norm_bias: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name, rank, axes in (("frequencies", 2, "(C, d/2)"), ("W_Q", 3, "(H, d, d_head)")):
            if np.ndim(getattr(self, name)) != rank:
                raise NetworkError(f"{name} has shape {np.shape(getattr(self, name))}; give {axes}")
        d, (H, _, f) = self.d_model, self.W_Q.shape
        expected: dict[str, tuple[int, ...]] = dict.fromkeys(("W_Q", "W_K", "W_V"), (H, d, f))
        expected["W_O"] = (H, f, d)
        for norm in (("norm_gain", "norm_bias"), ("attention_norm_gain", "attention_norm_bias")):
            if any(getattr(self, name) is not None for name in norm):
                expected |= dict.fromkeys(norm, (d,))
        for name, shape in expected.items():
            if np.shape(getattr(self, name)) != shape:
                raise NetworkError(f"{name} has shape {np.shape(getattr(self, name))}; give {shape}")
        if self.mlp.d_in != d:
            raise NetworkError(f"the MLP takes {self.mlp.d_in} inputs; give one that takes {d}")
        self._require_numbers()

    def _require_numbers(self) -> None:
        for name in (*ARRAYS, "scale", "norm_epsilon"):
            value = getattr(self, name)
            if value is not None and parameter(name, value).dtype == object:
                raise NetworkError(f"{name} holds Fractions; round them to floats, which blocks are of")
        if self.norm_epsilon < 0:
            raise NetworkError(f"norm_epsilon is {self.norm_epsilon:g}; give 0 or more")
        for name in ("residual", "hard", "centred_norm"):
            if getattr(self, name) not in (True, False):
                raise NetworkError(f"{name} is {getattr(self, name)!r}; give True or False")

    @property
    def context_length(self) -> int:
        return len(self.frequencies)

    @property
    def d_model(self) -> int:
        return 2 * self.frequencies.shape[1]

    @property
    def n_heads(self) -> int:
        return len(self.W_Q)

    @property
    def layer_norm(self) -> bool:
        return self.norm_gain is not None

    @property
    def attention_norm(self) -> bool:
        return self.attention_norm_gain is not None

    def tokens(self, t: np.ndarray) -> np.ndarray:
        """Times (n,) -> tokens (n, C, d)."""
        angle = np.asarray(t, float)[:, None, None] * self.frequencies
        return np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)

    def attention_pattern(self, x: np.ndarray) -> np.ndarray:
        """Tokens (n, T, d), T being any number -> weights (n, H, T) of the last token."""
        x = self._read_by_attention(x)
        queries = np.einsum("nd,hdf->nhf", x[:, -1], self.W_Q)
        keys = np.einsum("ntd,hdf->nthf", x, self.W_K)
        scores = self.scale * np.einsum("nhf,nthf->nht", queries, keys)
        if self.hard:
            return np.eye(x.shape[1])[scores.argmax(-1)]
        return np.asarray(softmax(scores, axis=-1))

    def resid_mid(self, x: np.ndarray) -> np.ndarray:
        """Tokens (n, T, d) -> the last token (n, d) after attention, before LayerNorm and MLP."""
        averages = self.attention_pattern(x) @ self._read_by_attention(x)
        out = np.einsum("nhd,hdf,hfe->ne", averages, self.W_V, self.W_O, optimize=True)
        return out + x[:, -1] if self.residual else out

    def mlp_input(self, x: np.ndarray) -> np.ndarray:
        """Tokens (n, T, d) -> what the MLP reads (n, d): resid_mid after LayerNorm, if there is one."""
        return self._normed(self.resid_mid(x), self.norm_gain, self.norm_bias)

    def _read_by_attention(self, x: np.ndarray) -> np.ndarray:
        return self._normed(x, self.attention_norm_gain, self.attention_norm_bias)

    def _normed(self, y: np.ndarray, gain: np.ndarray | None, shift: np.ndarray | None) -> np.ndarray:
        if gain is None:
            return y
        if self.centred_norm:
            y = y - y.mean(-1, keepdims=True)
        deviation = np.sqrt((y**2).mean(-1, keepdims=True) + self.norm_epsilon)
        return np.asarray(y / deviation * gain + shift)

    def preactivations(self, t: np.ndarray) -> np.ndarray:
        """Times (n,) -> preactivations (n, hidden); a region of time ends where one changes sign."""
        return self.mlp.preactivations(self.mlp_input(self.tokens(t)))[0]

    def __call__(self, t: np.ndarray) -> np.ndarray:
        """Times (n,) -> outputs (n,)."""
        return self.mlp(self.mlp_input(self.tokens(t)))[:, 0]

    def as_arrays(self) -> dict[str, np.ndarray]:
        """All of it by name, for a result file; the MLP as W1, b1, W2, b2, perhaps W3, b3.

        Raises:
            NetworkError: the MLP is not one or two hidden layers of ReLU units.
        """
        _require_storable(self.mlp)
        arrays = {name: np.asarray(getattr(self, name)) for name in (*ARRAYS, *FLAGS)
                  if getattr(self, name) is not None}  # fmt: skip
        for k, (W, b) in enumerate(self.mlp.layers, start=1):
            arrays |= {f"W{k}": plain(W), f"b{k}": plain(b)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> BlockArrays:
        """What `as_arrays` gave; other names are ignored.

        Raises:
            FileError: a name is missing.
        """
        try:
            n_layers = 3 if "W3" in arrays else 2
            named = [(f"W{k}", f"b{k}") for k in range(1, n_layers + 1)]
            mlp = Network([(numbers(arrays, W), numbers(arrays, b)) for W, b in named])
            known: dict[str, Any] = {name: arrays[name] for name in ARRAYS if name in arrays}
            known |= {name: arrays[name].item() for name in FLAGS[:-1]}
            known["centred_norm"] = bool(arrays.get("centred_norm", True))  # files older than RMSNorm
            return cls(mlp=mlp, **known)
        except (KeyError, TypeError) as error:
            raise FileError(f"these arrays are not a block ({error}); give those of as_arrays") from None

    def save(self, path: str | Path) -> None:
        """Write an npz file, under another name until it is whole."""
        with written_aside(Path(path)) as aside, open(aside, "wb") as file:
            np.savez(file, allow_pickle=False, **self.as_arrays())

    @classmethod
    def load(cls, path: str | Path) -> BlockArrays:
        """Read what `save` wrote.

        Raises:
            FileError: the file is missing, or holds no block.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls.from_arrays(dict(stored))
        except (OSError, ValueError) as error:
            if isinstance(error, FileError):
                raise
            raise FileError(f"{path} is missing or no npz; write one with BlockArrays.save") from None


def require_block(block: Any) -> None:
    """Refuse what is no block, and say where blocks come from.

    Raises:
        NetworkError: it is none.
    """
    if not isinstance(block, BlockArrays):
        raise NetworkError(
            f"{type(block).__name__} is no BlockArrays; take geomtoy.load_block(path).block or "
            "geomtoy.models.block_export.block_arrays(model), or see geomtoy.count_regions for networks"
        )


def _require_storable(mlp: Network) -> None:
    """Raise a `NetworkError` unless W1 to b3 say all of it."""
    plain_units = all(unit == RELU for k in range(len(mlp.widths)) for unit in mlp.units(k + 1))
    if not (len(mlp.widths) in (1, 2) and plain_units and not mlp.maxima):
        raise NetworkError(f"files of blocks hold one or two hidden layers of ReLU units, not {mlp!r}")


def stack_blocks(blocks: Sequence[BlockArrays]) -> dict[str, np.ndarray]:
    """Blocks of one shape as arrays with a leading axis of seeds: what a result file holds."""
    each = [block.as_arrays() for block in blocks]
    return {name: np.stack([arrays[name] for arrays in each]) for name in each[0]}


def unstack_blocks(arrays: Mapping[str, np.ndarray]) -> list[BlockArrays]:
    """The blocks that `stack_blocks` took; other arrays are ignored.

    Raises:
        FileError: an array is missing.
    """
    names = [name for name in (*ARRAYS, *FLAGS, *LAYERS) if name in arrays]
    seeds = len(arrays[names[0]]) if names else 1
    return [BlockArrays.from_arrays({name: arrays[name][s] for name in names}) for s in range(seeds)]
