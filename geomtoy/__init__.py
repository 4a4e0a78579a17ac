"""geomtoy: exact counts of the affine regions of small networks, and the figures they explain."""
