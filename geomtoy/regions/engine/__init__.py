"""Layer after layer: where cuts run, where they meet, and the cells that this makes."""
