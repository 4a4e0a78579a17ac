"""A picture and a line of numbers, as notebooks show them."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO
from typing import Any

from geomtoy.errors import GeomtoyError
from geomtoy.network import Network
from geomtoy.plots.results import Style, draw
from geomtoy.plots.style import DOUBLE, SINGLE, new_figure, paper_style
from geomtoy.regions import Pieces, enumerate_regions

FEW = 2_000
"""Regions of a network that are enumerated only to show them."""


def html(result: Any) -> str:
    """The picture, if there is one, over what `repr` says."""
    line = f"<code>{escape(repr(result))}</code>"
    try:
        shown = _seen(result) if isinstance(result, Network) else result
        return f"<div>{_image(shown)}</div>{line}" if shown is not None else line
    except GeomtoyError:  # the whole plane, or too many regions: numbers alone
        return line


def _seen(network: Network) -> Any:
    """The partition of the default window, for networks of one or two inputs."""
    return enumerate_regions(network, max_regions=FEW) if network.d_in <= 2 else None


def _image(result: Any) -> str:
    with paper_style():
        figure = new_figure(*((DOUBLE, 2.4) if isinstance(result, Pieces) else (SINGLE, SINGLE)))
        draw(result, figure.add_subplot(), Style())
        file = BytesIO()
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})
    return f'<img alt="" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'
