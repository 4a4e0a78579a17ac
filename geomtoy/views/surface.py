"""A soft block whose tokens move on a curved surface, such as (time, amplitude): regions, with proof."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from geomtoy.block_arrays import BlockArrays, require_block
from geomtoy.certified.bounds import SLACK, TINY, U
from geomtoy.certified.layout import in_rows
from geomtoy.certified.patches import Series
from geomtoy.certified.surface import SurfaceFunctions, surface_series
from geomtoy.errors import SliceError
from geomtoy.slices import UNIT_SQUARE
from geomtoy.views.block_readout import BlockReadout
from geomtoy.views.exact_values import TokensAt, affine_tokens
from geomtoy.views.hidden_layers import needs_plain_attention
from geomtoy.views.plane import PlaneRegions, parallelogram, posed_on, proven_regions
from geomtoy.views.plane_tokens import UNIT, Frame
from geomtoy.views.soft_path import reading
from geomtoy.views.soft_plane import REACH


@dataclass(frozen=True, eq=False)
class TokenSurface:
    """Tokens offset + sine sin(phase) + cosine cos(phase), where all four are affine in (s, t).

    Args:
        offset, sine, cosine, phase: (3, T, d) coefficients of 1, s and t, the last token asking; one
            number stands for an array.
    Raises:
        SliceError: shapes differ, or a number is not finite.
    """

    offset: np.ndarray
    sine: Any = 0.0
    cosine: Any = 0.0
    phase: Any = 0.0

    def __post_init__(self) -> None:
        offset = np.asarray(self.offset, float)
        if offset.ndim != 3 or len(offset) != 3:
            raise SliceError(f"the offset has shape {offset.shape}; give (3, T, d)")
        for name in ("offset", "sine", "cosine", "phase"):
            part = np.asarray(getattr(self, name), float)
            if not np.isfinite(part).all():
                raise SliceError(f"{name} holds a number that is not finite")
            if part.shape not in ((), offset.shape):
                raise SliceError(f"{name} has shape {part.shape}; give {offset.shape}")
            object.__setattr__(self, name, np.broadcast_to(part, offset.shape))

    @classmethod
    def time_and_amplitude(cls, block: BlockArrays) -> TokenSurface:
        """All tokens of the block's time encoding at time s, times t.

        Raises:
            NetworkError: the block is none.
        """
        require_block(block)
        C, half = block.frequencies.shape
        sine, cosine, phase = np.zeros((3, 3, C, 2 * half))
        sine[2, :, :half] = cosine[2, :, half:] = 1.0
        phase[1] = np.tile(np.asarray(block.frequencies, float), 2)
        return cls(np.zeros_like(phase), sine, cosine, phase)

    def tokens(self, points: Any) -> np.ndarray:
        """(n, 2) points (s, t) -> tokens (n, T, d)."""
        points = np.asarray(points, float)
        offset, sine, cosine, phase = (
            part[0] + np.tensordot(points, part[1:], 1)
            for part in (self.offset, self.sine, self.cosine, self.phase)
        )
        return np.asarray(offset + sine * np.sin(phase) + cosine * np.cos(phase))


def count_regions_on_surface(
    block: BlockArrays, surface: TokenSurface, *, window: Any = UNIT_SQUARE, max_patches: int = 20_000
) -> PlaneRegions:
    """Count the activation regions of a soft block on a window of two parameters of its tokens.

    Args:
        block: softmax attention, with or without residual and a norm before the MLP, which has one or
            two hidden layers of ReLU units.
        surface: where the tokens are for parameters (s, t).
        window: parallelogram of parameters.
        max_patches: budget for the proof.
    Raises:
        SettingError: attention is hard, or max_patches is not positive.
        NetworkError: the block is none, its MLP is not one or two hidden layers of ReLU units, or there
            is a norm before attention.
        SliceError: the surface does not fit the block, or is none.
        WindowError: the window is no parallelogram.
    Exactness: as in `count_regions_on_plane`, of the tokens that the stored floats describe.
    Cost: O(n^2 H f T) for each patch and n = 66 coefficients: all tokens move, and their scores are
        series of any form.
    Source: see `geomtoy.certified.surface`.
    """
    require_block(block)
    needs_plain_attention(block)
    if not isinstance(surface, TokenSurface):
        raise SliceError(
            f"a surface is a geomtoy.views.TokenSurface, no {type(surface).__name__}; make one"
        )
    if surface.offset.shape[2] != block.d_model:
        raise SliceError(
            f"tokens on the surface have {surface.offset.shape[2]} dimensions; "
            f"the block reads {block.d_model}"
        )
    frame = parallelogram(window)

    def series(after: BlockReadout) -> Series:
        functions = _functions(surface, frame, block, after)
        return partial(surface_series, in_rows(functions))

    posed = posed_on(block, "surface", frame, max_patches, series, _tokens_at(surface, frame))
    return proven_regions(posed, max_patches)


def _functions(
    surface: TokenSurface, frame: Frame, block: BlockArrays, after: BlockReadout
) -> SurfaceFunctions:
    waves = np.array([surface.offset, surface.sine, surface.cosine, surface.phase])
    error = np.zeros(waves[:, 0].shape)
    if frame != UNIT:
        (cs, ct), (au, av), (bu, bv) = frame
        turn = np.array([[1, cs, ct], [0, au, av], [0, bu, bv]], float)
        size = np.einsum("ab,wbtd->watd", np.abs(turn), np.abs(waves))
        waves = np.einsum("ab,wbtd->watd", turn, waves)
        error = 8 * U * SLACK * (size[:, 0] + REACH * (size[:, 1] + size[:, 2])) + TINY
    return SurfaceFunctions(waves.transpose(0, 1, 3, 2), error.transpose(0, 2, 1), reading(block, after))


def _tokens_at(surface: TokenSurface, frame: Frame) -> TokensAt:
    parts = [
        affine_tokens(part) for part in (surface.offset, surface.sine, surface.cosine, surface.phase)
    ]
    origin, *axes = [[fmpq(x.numerator, x.denominator) for x in pair] for pair in frame]

    def tokens(u: arb, v: arb) -> arb_mat:
        s, t = (arb(origin[k]) + u * arb(axes[0][k]) + v * arb(axes[1][k]) for k in range(2))
        offset, sine, cosine, phase = (part(s, t) for part in parts)
        entries = [
            a + b * angle.sin() + c * angle.cos()
            for a, b, c, angle in zip(*(x.entries() for x in (offset, sine, cosine, phase)), strict=True)
        ]
        return arb_mat(offset.nrows(), offset.ncols(), entries)

    return tokens
