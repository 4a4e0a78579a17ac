"""A complex checked by code that shares nothing with the code that made it.

What is believed: the network and the slice, integer arithmetic (python-flint), and this package, which
imports nothing of `geomtoy.regions`. What is checked is a `Record`, plain numbers and nothing else. The
lines of edges follow from the patterns on their two sides and the network; vertices are where the lines
of two edges of a cell meet.

Theorem. If all checks pass, the cells are the closed activation regions of the network in the window,
each once, with the recorded patterns.

1. The cells tile the window. Each is a closed polygon that turns left only and once around in all, so
   it is convex, and its boundary winds once around each point inside and around none outside. Each
   inner edge is run along once in either direction, so all boundaries add up, as chains, to that of the
   edges with one cell: once around the window along its sides. A point on no edge is hence inside
   exactly one cell if it is in the window, and inside none if not.
2. On a cell every unit is on the recorded piece, closed. By induction over layers: let this be so for
   the layers before l (for l = 1 there are none). On the cell those layers are affine, so a unit z of
   layer l is too. At each corner z is in the closed interval of the recorded piece, so it is everywhere
   on the cell, the corners' convex hull. At a corner one map is enough for all cells around it: the
   activations are continuous, so closed pieces give the network's value there, whichever they are.
   At infinity corners and signs are polynomials in R, which is larger than all their roots.
3. In its interior the piece is as defined. z > tau is recorded only where it holds at a corner, so it
   holds in the interior: z - tau is affine, not negative and not zero throughout. Else z <= tau holds.
4. No two patterns are equal, so every pattern with an open set of inputs is that of exactly one cell.

Where maxima merged cells, a cell records winners only, and 2 and 3 are checked on the parts into which
the lines of the open matches cut it, with all pieces known; the outputs' map must be the same on all.
The winners decide the matches that they play, and those decide the winners.

"The network", "the slice" and "the window" are those that the record names, so for a complex from a file
those in the file: that they are the ones somebody has in mind is not proven. Whoever moves the centre of
a stored frame has the same cells of the same inputs under other slice coordinates, and the slice and the
window that the complex then names (`subdivision.frame`) are moved against each other.

Linear regions are components of cells across edges with equal exact maps, by definition. Floats are
compared with exact numbers, one by one.
"""

from geomtoy.certify.check import certify
from geomtoy.certify.record import Certificate, Record

__all__ = ["Certificate", "Record", "certify"]
