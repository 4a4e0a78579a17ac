"""Recall and the truncation of weights, arXiv 2406.03068, at toy scale."""
