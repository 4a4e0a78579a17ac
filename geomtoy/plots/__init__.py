"""Drawing with matplotlib: takes results, never trains.

- `partition`: cells and their borders: `draw_borders`, `draw_partition`
- `level_set`: zero sets: `draw_level_points`, `draw_level_set`
- `functions`: fits of functions of one variable: `draw_bins`, `draw_fit`, `draw_joints`, `draw_pieces`,
  `ticks_in_pi`
- `distributions`: histograms: `draw_areas`, `draw_counts`, `draw_edge_lengths`
- `marks`: points that a slice goes through: `draw_marks`
- `colours`: a colour a pattern: `pattern_colours`
- `quick`: a whole picture in one call: `plot_regions`
- `style`: sizes, colours and fonts of the figures: `new_figure`, `paper_style`, `save_figure`
"""

from geomtoy.plots.colours import pattern_colours
from geomtoy.plots.distributions import draw_areas, draw_counts, draw_edge_lengths
from geomtoy.plots.functions import draw_bins, draw_fit, draw_joints, draw_pieces, ticks_in_pi
from geomtoy.plots.level_set import draw_level_points, draw_level_set
from geomtoy.plots.marks import draw_marks
from geomtoy.plots.partition import draw_borders, draw_partition
from geomtoy.plots.quick import plot_regions
from geomtoy.plots.style import new_figure, paper_style, save_figure

__all__ = [
    "draw_areas",
    "draw_bins",
    "draw_borders",
    "draw_counts",
    "draw_edge_lengths",
    "draw_fit",
    "draw_joints",
    "draw_level_points",
    "draw_level_set",
    "draw_marks",
    "draw_partition",
    "draw_pieces",
    "new_figure",
    "paper_style",
    "pattern_colours",
    "plot_regions",
    "save_figure",
    "ticks_in_pi",
]
