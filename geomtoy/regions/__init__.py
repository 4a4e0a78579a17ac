"""Exact regions of piecewise-affine networks on 2D slices and segments."""

from geomtoy.regions.complex import CellComplex
from geomtoy.regions.count import RegionCount, count_regions, enumerate_regions
from geomtoy.regions.pieces import Pieces

__all__ = ["CellComplex", "Pieces", "RegionCount", "count_regions", "enumerate_regions"]
