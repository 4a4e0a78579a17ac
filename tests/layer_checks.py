"""Layers that geomtoy compiles, counts and lists, against layers applied to exact cells."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
from layer_oracle import layer_oracle

from geomtoy import UNIT_SQUARE, CellComplex, count_regions, enumerate_regions
from geomtoy.compiler import compile_layers


def assert_same_regions(steps, d_in=2, window=UNIT_SQUARE, slice=None):
    truth = layer_oracle(steps, d_in=d_in, slice=slice, window=window)
    net, where = compile_layers(steps, d_in), {"slice": slice, "window": window}
    count = count_regions(net, **where)
    assert (count.regions, count.linear_regions) == (truth.regions, truth.linear_regions)
    assert count_regions(net, **where, linear=False).regions == truth.regions
    cells = enumerate_regions(net, **where)
    assert len(cells) == truth.regions
    assert cells.n_linear_regions == truth.linear_regions
    certificate = cells.certify()
    assert certificate.valid, str(certificate)
    if isinstance(cells, CellComplex) and window is not None:
        area = defaultdict(Fraction)
        for cell in truth.cells:
            area[cell.pattern] += cell.area
        np.testing.assert_allclose(sorted(cells.areas()), sorted(map(float, area.values())), atol=1e-12)
    return net, cells
