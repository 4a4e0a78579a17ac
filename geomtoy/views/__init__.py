"""Ways to look at the regions of a transformer block; each result says which way and how exact it is.

- `along_time`: along a path of one number: `count_regions_along`, `estimate_pattern_changes`,
  `estimate_regions_along`
- `plane`: softmax attention while the query or the whole context moves on a plane: `PlaneRegions`,
  `count_regions_on_plane`; `plane_cells`: the regions themselves: `enumerate_regions_on_plane`, a
  `CurvedComplex`
- `surface`: the same where tokens move on a curved surface, such as (time, amplitude):
  `TokenSurface`, `count_regions_on_surface`
- `mlp_input`: the MLP's input space, on a plane: `enumerate_mlp_input`
- `hard_attention`: hard attention while the query moves on a plane: `HardCells`,
  `enumerate_hard_attention`
- `frozen`: the block whose attention pattern is held: `enumerate_frozen`
- `token_lens`: between points that tokens reach: `count_on_segments`, `count_on_triangles`,
  `enumerate_triangle`, `estimate_patterns`
- `low_rank`: the same for a matrix of low rank: `count_low_rank_triangle`,
  `enumerate_low_rank_triangle`
- `result`: what most of these return: `BlockRegions`
"""

from geomtoy.views.along_time import (
    count_regions_along,
    estimate_pattern_changes,
    estimate_regions_along,
)
from geomtoy.views.curved_complex import CurvedComplex
from geomtoy.views.frozen import enumerate_frozen
from geomtoy.views.hard_attention import HardCells, enumerate_hard_attention
from geomtoy.views.low_rank import count_low_rank_triangle, enumerate_low_rank_triangle
from geomtoy.views.mlp_input import enumerate_mlp_input
from geomtoy.views.plane import PlaneRegions, count_regions_on_plane
from geomtoy.views.plane_cells import enumerate_regions_on_plane
from geomtoy.views.result import BlockRegions
from geomtoy.views.surface import TokenSurface, count_regions_on_surface
from geomtoy.views.token_lens import (
    count_on_segments,
    count_on_triangles,
    enumerate_triangle,
    estimate_patterns,
)

__all__ = [
    "BlockRegions",
    "CurvedComplex",
    "HardCells",
    "PlaneRegions",
    "TokenSurface",
    "count_low_rank_triangle",
    "count_on_segments",
    "count_on_triangles",
    "count_regions_along",
    "count_regions_on_plane",
    "count_regions_on_surface",
    "enumerate_frozen",
    "enumerate_hard_attention",
    "enumerate_low_rank_triangle",
    "enumerate_mlp_input",
    "enumerate_regions_on_plane",
    "enumerate_triangle",
    "estimate_pattern_changes",
    "estimate_patterns",
    "estimate_regions_along",
]
