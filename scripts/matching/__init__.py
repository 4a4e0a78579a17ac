"""Multi-step reasoning by matching, arXiv 2405.15302, at toy scale."""
