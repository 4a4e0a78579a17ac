"""Vertices, edges and cells as numbered things that meet: no coordinate is looked at here."""
