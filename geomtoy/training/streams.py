"""One integer seed, many independent random streams, each found by its name."""

from __future__ import annotations

from zlib import crc32

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from geomtoy.errors import SettingError


def stream(seed: int, name: str) -> Key[Array, ""]:
    """The key of a named stream: adding or removing another stream does not change this one."""
    return jax.random.fold_in(jax.random.key(seed), crc32(name.encode()))


def streams(seed: int, name: str, seeds: int) -> Key[Array, " seeds"]:
    """One key per run; run s has the same key however many runs there are."""
    return jax.vmap(jax.random.fold_in, (None, 0))(stream(seed, name), jnp.arange(seeds))


def require_float64() -> None:
    """Refuse to train in float32, whose trajectories depend on how many seeds run together.

    Raises:
        SettingError: JAX's 64-bit mode is off.
    """
    if not jax.config.read("jax_enable_x64"):
        raise SettingError(
            "JAX computes in float32; call jax.config.update('jax_enable_x64', True) before training "
            "or set JAX_ENABLE_X64=1"
        )
