"""Shapes and types in signatures are checked while testing, by `--jaxtyping-packages` in pyproject."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int is a float here, as it is for mypy."""
