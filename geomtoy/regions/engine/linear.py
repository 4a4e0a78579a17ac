"""Linear regions: cells joined across edges on whose two sides the output map is the same."""

from __future__ import annotations

from functools import partial

import numpy as np

from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.maps.same import same_maps
from geomtoy.regions.topology.components import components
from geomtoy.regions.topology.merge import inner_sides


def linear_regions(subdivision: Subdivision) -> np.ndarray:
    """Label (F,) of the linear region of each cell, 0, 1, ... in the order of first cells."""
    network, levels, sides = subdivision.network, subdivision.levels, inner_sides(subdivision.mesh)
    exact = partial(subdivision.lines.maps.affine, len(network.layers))
    same = same_maps(network, levels, exact, subdivision.output_maps, sides)
    return components(subdivision.mesh.n_cells, same)
