"""Documentation: Markdown by hand, references from docstrings; `sphinx-build -W docs out/docs`."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("KERAS_BACKEND", "jax")  # its own default asks for TensorFlow

import geomtoy  # noqa: E402

project = "geomtoy"
author = copyright = "The geomtoy developers"
version = release = geomtoy.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["*.py"]
html_theme = "furo"
html_title = "geomtoy"
html_extra_path = ["../figures/demo.html"]
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
suppress_warnings = ["myst.xref_missing"]  # links into the repository, which tests/test_docs.py checks

autodoc_typehints = "none"
autodoc_mock_imports = ["torch", "transformers"]
autodoc_member_order = "bysource"
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = ["Exactness", "Cost", "Source"]

HEAD = re.compile(r"^(\s*)(Exactness|Cost|Source): (.+)$")
"""A section of our docstrings that begins on the line of its name."""
PLAIN = re.compile(r"[*|\\]|(?<=\w)_(?=\W|$)")
"""Signs that reStructuredText would read as markup."""


def as_restructured(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Our docstrings are Markdown in Google's sections; Sphinx reads reStructuredText."""
    found: list[str] = []
    for line in lines:
        head = HEAD.match(line)
        if head:
            indent, section, rest = head.groups()
            found += ["", f"{indent}{section}:", f"{indent}    {_escaped(rest)}"]
        else:
            found.append(_escaped(line))
    lines[:] = found


def _escaped(line: str) -> str:
    """Code between backticks is literal; elsewhere no sign has a meaning."""
    parts = line.split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner on this line
        return PLAIN.sub(r"\\\g<0>", line).replace("`", "\\`")
    parts[::2] = [PLAIN.sub(r"\\\g<0>", part) for part in parts[::2]]
    parts[1::2] = [f"\\ ``{part}``\\ " for part in parts[1::2]]
    return "".join(parts)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", as_restructured, priority=1)
    app.connect("build-finished", _pictures)


def _pictures(app: Any, error: Exception | None) -> None:
    """Films and pictures that Markdown tables name are beside the pages."""
    if error is None and app.builder.format == "html":
        target = Path(app.outdir) / "figures"
        shutil.copytree(
            ROOT / "figures", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("demo*")
        )
