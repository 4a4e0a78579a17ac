"""Shared settings: one fixed hypothesis profile, and float64 should a test import jax."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("JAX_ENABLE_X64", "1")

settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fixed")
