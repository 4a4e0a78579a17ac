"""What pyproject.toml alone cannot say: the address of the repository, and a README whose links use it.

A package index shows the README away from its files, so links into the repository become absolute once
`repository` under `[tool.geomtoy]` in pyproject.toml says where that is.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
PICTURE = re.compile(r"(!\[[^\]]*\]\()(?![a-z]+:)([^)\s]+)\)")
LINK = re.compile(r"(\]\()(?![a-z]+:|#)([^)\s]+)\)")


def absolute(text: str, address: str) -> str:
    """Markdown whose relative links lead to the main branch at an address."""
    text = PICTURE.sub(rf"\1{address}/raw/main/\2)", text)
    return LINK.sub(rf"\1{address}/blob/main/\2)", text)


def settings() -> dict[str, object]:
    """The dynamic parts of the package's metadata."""
    address = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["tool"]["geomtoy"][
        "repository"
    ]
    readme = (HERE / "README.md").read_text("utf-8")
    urls = {"Repository": address, "Changelog": f"{address}/blob/main/CHANGELOG.md"} if address else {}
    return {
        "long_description": absolute(readme, address) if address else readme,
        "long_description_content_type": "text/markdown",
        "project_urls": urls,
    }


if __name__ == "__main__":
    from setuptools import setup

    setup(**settings())
