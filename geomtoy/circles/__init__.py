"""Exact regions behind LayerNorm or RMSNorm: arrangements of circles on a sphere.

Borders are curved, so one pattern may have several regions. Here a single unit is on in the middle of a
strip, and off in two regions beside it:

>>> import geomtoy
>>> from geomtoy.layers import Affine, RMSNorm
>>> net = geomtoy.compile_layers([RMSNorm(epsilon=1.0), Affine([[0, 0, 2]], [-1]), "relu"], 3)
>>> plane = geomtoy.Slice((0, 0, 1), (1, 0, 0), (0, 1, 0))
>>> cells = geomtoy.enumerate_regions(net, slice=plane, window=[(-4, -1), (4, -1), (4, 1), (-4, 1)])
>>> sorted(cells.activation_patterns[:, 0].tolist())
[0, 0, 1]
"""

from pathlib import Path

from geomtoy.kernels import keyed_cache

with keyed_cache(Path(__file__).parent):
    from geomtoy.circles.api import count_circle_regions, enumerate_circle_regions
    from geomtoy.circles.complex import CircleComplex

__all__ = ["CircleComplex", "count_circle_regions", "enumerate_circle_regions"]
