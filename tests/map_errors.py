"""How far float maps of cells are from the exact ones, as a share of the bounds that they come with."""

from fractions import Fraction

import numpy as np

from geomtoy.regions.maps.chain import level_maps
from geomtoy.regions.maps.floats import all_maps


def worst_share(cells):
    """Greatest error of a coefficient on any cell of any layer, as a share of its bound; counts them."""
    sub, worst, finite = cells.subdivision, Fraction(0), 0
    for layer in range(1, len(sub.network.layers) + 1):
        maps = all_maps(level_maps(sub.network, sub.frame, sub.levels[:layer]), 7)
        share, known = _share(maps, sub, layer)
        worst, finite = max(worst, share), finite + known
    return worst, finite


def worst_output_share(cells):
    """The same of the output maps that a subdivision keeps."""
    sub = cells.subdivision
    return _share(sub.output_maps, sub, len(sub.network.layers))[0]


def _share(maps, sub, layer):
    worst, finite = Fraction(0), 0
    for cell in range(len(maps.rows)):
        exact = sub.lines.maps.affine(layer, cell)
        for i, bound in enumerate(maps.error[maps.segment[cell]].tolist()):
            row = maps.rows[cell, :, i].tolist()
            if not np.isfinite([*row, bound]).all():
                continue
            finite += 1
            for k, stored in enumerate(row):
                gap = abs(Fraction(stored) - Fraction(int(exact.rows[i, k]), int(exact.scale)))
                worst = max(worst, gap / Fraction(bound) if bound else Fraction(10**9 * (gap > 0)))
    return worst, finite
