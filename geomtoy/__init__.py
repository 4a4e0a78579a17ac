"""geomtoy: exact counts of the affine regions of small networks, and the figures they explain."""

# First of all: an interrupt while what follows is imported ends the command `geomtoy` with a sentence.
from geomtoy import starting as starting

# isort: split
from geomtoy.activations import PiecewiseLinear, leaky_relu
from geomtoy.answers import (
    changes,
    compare,
    extrema,
    find_point,
    integral,
    jacobian,
    jacobians,
    lipschitz,
    over_slices,
    random_slices,
    region_at,
    shapes,
    verify,
)
from geomtoy.block_files import StoredBlock
from geomtoy.compiler import compile_layers
from geomtoy.errors import GeomtoyError, OutOfTimeError
from geomtoy.files import Stored, load_block
from geomtoy.importers.any_model import from_model
from geomtoy.loading import load, save
from geomtoy.network import Network
from geomtoy.regions import (
    CellComplex,
    LevelSet,
    Pieces,
    RegionCount,
    count_regions,
    enumerate_decision_boundary,
    enumerate_level_set,
    enumerate_regions,
)
from geomtoy.slices import UNIT_SQUARE, Segment, Slice
from geomtoy.version import VERSION
from geomtoy.watching import RegionCallback

__version__ = VERSION

__all__ = [
    "UNIT_SQUARE",
    "CellComplex",
    "GeomtoyError",
    "LevelSet",
    "Network",
    "OutOfTimeError",
    "Pieces",
    "PiecewiseLinear",
    "RegionCallback",
    "RegionCount",
    "Segment",
    "Slice",
    "Stored",
    "StoredBlock",
    "__version__",
    "changes",
    "compare",
    "compile_layers",
    "count_regions",
    "enumerate_decision_boundary",
    "enumerate_level_set",
    "enumerate_regions",
    "extrema",
    "find_point",
    "from_model",
    "integral",
    "jacobian",
    "jacobians",
    "leaky_relu",
    "lipschitz",
    "load",
    "load_block",
    "over_slices",
    "random_slices",
    "region_at",
    "save",
    "shapes",
    "verify",
]
