"""What follows from an exact partition, exactly; `docs/howto/answers.md` shows each in use.

- on the cells of a window: `extrema`, `integral`, `lipschitz`, `jacobian`, `jacobians`, `shapes`
- of two networks: `compare`, and `changes` between checkpoints
- of properties in a box: `find_point`, `verify`
- over many slices: `over_slices`, `random_slices`
- around a point of R^d: `region_at`
"""

from geomtoy.answers.comparison import Changes, Comparison, changes, compare
from geomtoy.answers.extrema import Extrema, Extremum, extrema
from geomtoy.answers.integrals import Integral, integral
from geomtoy.answers.jacobians import jacobian, jacobians
from geomtoy.answers.lipschitz import Lipschitz, lipschitz
from geomtoy.answers.neighbourhood import Border, HalfSpace, Region, region_at
from geomtoy.answers.sampling import SliceCounts, over_slices, random_slices
from geomtoy.answers.shapes import Shapes, shapes
from geomtoy.answers.verification import Verification, Witness, find_point, verify

__all__ = [
    "Border",
    "Changes",
    "Comparison",
    "Extrema",
    "Extremum",
    "HalfSpace",
    "Integral",
    "Lipschitz",
    "Region",
    "Shapes",
    "SliceCounts",
    "Verification",
    "Witness",
    "changes",
    "compare",
    "extrema",
    "find_point",
    "integral",
    "jacobian",
    "jacobians",
    "lipschitz",
    "over_slices",
    "random_slices",
    "region_at",
    "shapes",
    "verify",
]
