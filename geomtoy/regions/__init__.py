"""Exact regions of piecewise-affine networks on 2D slices and segments."""

from pathlib import Path

from geomtoy.kernels import keyed_cache

with keyed_cache(Path(__file__).parent):
    from geomtoy.regions.api import RegionCount, count_regions, enumerate_regions
    from geomtoy.regions.numbers.predicates import exact_arithmetic
    from geomtoy.regions.results.complex import CellComplex
    from geomtoy.regions.results.level_sets import (
        LevelSet,
        enumerate_decision_boundary,
        enumerate_level_set,
    )
    from geomtoy.regions.results.pieces import Pieces

__all__ = [
    "CellComplex",
    "LevelSet",
    "Pieces",
    "RegionCount",
    "count_regions",
    "enumerate_decision_boundary",
    "enumerate_level_set",
    "enumerate_regions",
    "exact_arithmetic",
]
