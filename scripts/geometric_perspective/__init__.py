"""Reasoning in Large Language Models: A Geometric Perspective, arXiv 2407.02678, at toy scale."""
