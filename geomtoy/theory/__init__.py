"""Published statements about region counts, as functions of exact integers where they are integers."""

from geomtoy.theory.arrangements import (
    arrangement_regions,
    bounded_arrangement_regions,
    central_arrangement_regions,
)
from geomtoy.theory.bounds import (
    montufar_lower_bound,
    montufar_upper_bound,
    serra_lower_bound,
    serra_upper_bound,
)
from geomtoy.theory.random_lines import PoissonLineCells
from geomtoy.theory.random_networks import (
    expected_breakpoints_shallow,
    expected_regions_shallow,
    hanin_rolnick_bound,
)

__all__ = [
    "PoissonLineCells",
    "arrangement_regions",
    "bounded_arrangement_regions",
    "central_arrangement_regions",
    "expected_breakpoints_shallow",
    "expected_regions_shallow",
    "hanin_rolnick_bound",
    "montufar_lower_bound",
    "montufar_upper_bound",
    "serra_lower_bound",
    "serra_upper_bound",
]
