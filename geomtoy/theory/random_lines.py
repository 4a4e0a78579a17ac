"""The cells that a stationary isotropic Poisson process of lines cuts out of the plane."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from geomtoy.theory.checks import positive


@dataclass(frozen=True)
class PoissonLineCells:
    """Means over typical cells and edges, for lines of mean total length `intensity` in unit area.

    Args:
        intensity: tau.
    Source: mean area pi / tau^2, perimeter 2 pi / tau, four edges a cell: Goudsmit 1945, Rev. Mod. Phys.
        17, 321; Miles 1964, PNAS 52, 901. A line meets the others in a Poisson process of rate
        2 tau / pi, so edges have the exponential distribution of that rate. The second moment of the
        area is its mean times that of the cell around a fixed point, the integral over the plane of the
        probability exp(-2 tau r / pi) that no line separates the point from one at distance r.
    """

    intensity: float

    def __post_init__(self) -> None:
        positive("intensity", self.intensity)

    @property
    def mean_area(self) -> float:
        return pi / self.intensity**2

    @property
    def mean_squared_area(self) -> float:
        return pi**4 / (2 * self.intensity**4)

    @property
    def mean_perimeter(self) -> float:
        return 2 * pi / self.intensity

    @property
    def mean_edge(self) -> float:
        return pi / (2 * self.intensity)
