"""Density of regions around data through training, arXiv 2402.15555, at toy scale."""
