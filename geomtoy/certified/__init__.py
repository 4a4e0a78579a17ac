"""Validated numerics: power series with proven errors, and the topology of their zero curves."""

from pathlib import Path

from geomtoy.kernels import keyed_cache

with keyed_cache(Path(__file__).parent):
    from geomtoy.certified.curves import Budget, CurveArrangement, arrange
    from geomtoy.certified.faces import Faces, build_faces, signs_at
    from geomtoy.certified.path import PathFunctions
    from geomtoy.certified.prenorm import NormedFunctions
    from geomtoy.certified.softmax import SoftFunctions
    from geomtoy.certified.zeros import simple_zeros

__all__ = [
    "Budget",
    "CurveArrangement",
    "Faces",
    "NormedFunctions",
    "PathFunctions",
    "SoftFunctions",
    "arrange",
    "build_faces",
    "signs_at",
    "simple_zeros",
]
