"""Affine maps of a layer on cells: in float64, in rationals, and what is known without either."""
