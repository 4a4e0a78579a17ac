"""Sign changes of a block's preactivations in float64: cubics on bins, bins halved until cubics fit.

Derivatives are carried forward with the values in NumPy: the same chain rule as jax.jvp, to the same
rounding, without loading jax.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from geomtoy.block_arrays import BlockArrays

CHUNK = 1 << 21
DEPTH = 10
MOST = 50  # points for each bin, beyond which no bin is halved
MARGIN = 4.0


@dataclass(frozen=True, eq=False)
class Scan:
    """Times and units (n,) of sign changes, sorted; bins (m, 2) that stayed unresolved; points used."""

    times: np.ndarray
    units: np.ndarray
    unresolved: np.ndarray
    evaluations: int


class Preactivations:
    """z (n, hidden) and dz/dt at times (n,), with a LayerNorm's deviation multiplied out of both.

    `points` counts the times asked for.
    """

    def __init__(self, block: BlockArrays) -> None:
        self.block, self.points = block, 0
        W, self.bias = block.mlp.float_layers[0]
        if block.norm_gain is not None:
            self.bias = self.bias + W @ block.norm_bias
            W = W * block.norm_gain
            if block.centred_norm:
                W = W - W.mean(axis=1, keepdims=True)
        self.rows = W.T
        self.scores = block.scale * block.W_Q @ block.W_K.swapaxes(1, 2)
        self.values = block.W_V @ block.W_O

    def __call__(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        block = self.block
        self.points += len(t)
        size = max(1, CHUNK // (block.context_length * max(block.d_model, block.n_heads)))
        parts = [self._chunk(part) for part in np.split(t, range(size, len(t), size))]
        z, dz = (np.concatenate(column) for column in zip(*parts, strict=True))
        return z, dz

    def _chunk(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        f = self.block.frequencies
        x = self.block.tokens(t)
        half = f.shape[1]
        dx = np.concatenate([f * x[..., half:], -f * x[..., :half]], axis=-1)
        y, dy = self._resid_mid(x, dx)
        z, dz = y @ self.rows, dy @ self.rows
        if self.block.norm_gain is None:
            return z + self.bias, dz
        centred = y - y.mean(-1, keepdims=True) if self.block.centred_norm else y
        deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + self.block.norm_epsilon)
        slope = (centred * dy).mean(-1, keepdims=True) / deviation
        return z + self.bias * deviation, dz + self.bias * slope

    def _resid_mid(self, x: np.ndarray, dx: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q, dq = (np.tensordot(one[:, -1], self.scores, (1, 1)) for one in (x, dx))  # (n, H, d)
        keys, dkeys = x.swapaxes(1, 2), dx.swapaxes(1, 2)
        w, dw = self._weights(q @ keys, dq @ keys + q @ dkeys)
        averages, slopes = w @ x, dw @ x + w @ dx
        y, dy = (np.tensordot(one, self.values, ((1, 2), (0, 1))) for one in (averages, slopes))
        return (y + x[:, -1], dy + dx[:, -1]) if self.block.residual else (y, dy)

    def _weights(self, s: np.ndarray, ds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.block.hard:
            return np.eye(s.shape[-1])[s.argmax(-1)], np.zeros_like(s)
        w = softmax(s, axis=-1)
        return w, w * (ds - (w * ds).sum(-1, keepdims=True))


@dataclass(frozen=True, eq=False)
class _Bins:
    """Ends (m, 2), and values and slopes (m, 2, hidden) there."""

    t: np.ndarray
    z: np.ndarray
    dz: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> _Bins:
        return _Bins(self.t[chosen], self.z[chosen], self.dz[chosen])


def scan(block: BlockArrays, low: float, high: float, bins: int) -> Scan:
    """Find the sign changes. Cost: two evaluations a bin, a few for each zero and for each halving."""
    f = Preactivations(block)
    edges = np.linspace(low, high, bins + 1)
    z, dz = f(edges)
    pairs = np.column_stack([np.arange(bins), np.arange(1, bins + 1)])
    pending = _Bins(edges[pairs], z[pairs], dz[pairs])
    settled: list[_Bins] = []
    depth = 0
    while len(pending.t) and depth < DEPTH and f.points < MOST * bins:
        middle = pending.t.mean(axis=1)
        halves, fits = _halve(pending, middle, *f(middle))
        settled.append(halves[np.tile(fits, 2)])
        pending = halves[np.tile(~fits, 2)]
        depth += 1
    settled.append(pending)
    parts = [_zeros(f, one) for one in settled]
    times, units = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(times, kind="stable")
    return Scan(times[order], units[order], pending.t, f.points)


def _halve(bins: _Bins, t: np.ndarray, z: np.ndarray, dz: np.ndarray) -> tuple[_Bins, np.ndarray]:
    """First halves then second halves, and which bins are so well fitted that halves hide no zero."""
    t0, t1 = bins.t.T
    h = (t1 - t0)[:, None]
    predicted = bins.z.mean(axis=1) - np.diff(bins.dz, axis=1)[:, 0] * h / 8
    error = MARGIN * np.abs(predicted - z)
    halves = _Bins(
        np.concatenate([np.column_stack([t0, t]), np.column_stack([t, t1])]),
        np.concatenate([np.stack([bins.z[:, 0], z], 1), np.stack([z, bins.z[:, 1]], 1)]),
        np.concatenate([np.stack([bins.dz[:, 0], dz], 1), np.stack([dz, bins.dz[:, 1]], 1)]),
    )
    clear = _is_clear(halves, np.tile(error, (2, 1)))
    return halves, np.logical_and.reduce(clear.reshape(2, *z.shape), axis=(0, 2))


def _is_clear(bins: _Bins, error: np.ndarray) -> np.ndarray:
    """Whether each cubic (m, hidden), off by `error` inside, has at most the zero that its ends show.

    Its Bernstein coefficients have as many sign changes as it has zeros, or an even number more.
    """
    step = (bins.t[:, 1:] - bins.t[:, :1]) / 3
    z0, z1 = bins.z[:, 0], bins.z[:, 1]
    inner = z0 + step * bins.dz[:, 0], z1 - step * bins.dz[:, 1]
    same = (z0 > 0) == (z1 > 0)
    sign = np.where(z0 > 0, 1, -1)
    chain = np.stack([z0, *inner, z1])
    positive = (np.minimum(sign * inner[0], sign * inner[1]) > error) | ~chain.any(axis=0)
    crossing = (-sign * np.diff(chain, axis=0)).min(axis=0) > error
    return np.where(same, positive, crossing)


def _zeros(f: Preactivations, bins: _Bins) -> tuple[np.ndarray, np.ndarray]:
    """Each sign change of a bin: Newton within its bracket, else halving, to the last digits."""
    where, unit = np.nonzero((bins.z[:, 0] > 0) != (bins.z[:, 1] > 0))
    low, high = bins.t[where].T.copy()
    rising = bins.z[where, 1, unit] > 0
    z0, z1 = bins.z[where, 0, unit], bins.z[where, 1, unit]
    t = low + (high - low) * z0 / (z0 - z1)
    active = np.arange(len(t))
    for step in range(100):
        if not len(active):
            break
        z, dz = (value[np.arange(len(active)), unit[active]] for value in f(t[active]))
        above = (z > 0) == rising[active]
        high[active] = np.where(above, t[active], high[active])
        low[active] = np.where(above, low[active], t[active])
        with np.errstate(all="ignore"):
            new = t[active] - z / dz
        halve = ~((low[active] < new) & (new < high[active])) | (step > 8 and step % 2 == 1)
        new = np.where(halve, (low[active] + high[active]) / 2, new)
        moved = np.abs(new - t[active]) > 4e-16 * np.maximum(1, np.abs(new))
        t[active] = new
        active = active[moved]
    return t, unit
