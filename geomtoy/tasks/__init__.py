"""Synthetic tasks of tokens: pure functions of a key, on device."""
