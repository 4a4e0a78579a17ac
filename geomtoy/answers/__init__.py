"""What follows from an exact partition, exactly; `docs/answers.md` shows each in use.

- on the cells of a window: `extrema`, `integral`, `lipschitz`, `jacobian`, `jacobians`
- around a point of R^d: `region_at`
"""

from geomtoy.answers.extrema import Extrema, Extremum, extrema
from geomtoy.answers.integrals import Integral, integral
from geomtoy.answers.jacobians import jacobian, jacobians
from geomtoy.answers.lipschitz import Lipschitz, lipschitz
from geomtoy.answers.neighbourhood import Border, HalfSpace, Region, region_at

__all__ = [
    "Border",
    "Extrema",
    "Extremum",
    "HalfSpace",
    "Integral",
    "Lipschitz",
    "Region",
    "extrema",
    "integral",
    "jacobian",
    "jacobians",
    "lipschitz",
    "region_at",
]
