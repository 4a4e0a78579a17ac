"""Ways to look at the regions of a transformer block; each result says which way and how exact it is."""
