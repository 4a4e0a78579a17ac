"""Results draw themselves: one door from what is computed to `geomtoy.plots`, which loads matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Picture:
    """A result with a picture: `plot` draws it, notebooks show it with one line of numbers."""

    def plot(
        self,
        ax: Axes | None = None,
        *,
        color: Any = None,
        cmap: str = "viridis",
        by_layer: bool | None = None,
        linewidth: float = 0.5,
    ) -> Axes:
        """Draw the result with matplotlib, on its window.

        Args:
            ax: where to draw, keeping what is there (a level set over its partition, say); by default a
                new figure of pyplot, as wide as a column of a paper.
            color: of cells: "pattern" (the default, a stable colour for each activation pattern), "area"
                (logarithmic), "slope" (of the outputs, Frobenius norm), "class" (the first of the
                greatest outputs; of one output, whether it is > 0), numbers (n_cells,) or colours
                (n_cells, 3 or 4). Of a level set: a colour of matplotlib.
            cmap: for numbers; a new figure has a bar that explains them.
            by_layer: colour borders by the hidden layer that makes them; by default if there are two or
                more hidden layers.
            linewidth: of borders, in points; thinner where cells are many.
        Raises:
            WindowError: the window is the whole plane.
            SettingError: this result has no such colours.
        """
        from geomtoy.plots.results import Style, plot

        return plot(self, ax, Style(color, cmap, by_layer, linewidth))

    def _repr_html_(self) -> str:
        """A picture and a line of numbers, for notebooks."""
        from geomtoy.plots.notebook import html

        return html(self)
