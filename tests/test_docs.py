"""What the documentation shows runs, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from figure import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md"))
TEXTS = [*PAGES, *ROOT.glob("*.md"), *(ROOT / "scripts").rglob("*.md")]
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
MORE = re.compile(r"```py(?:thon)?\n(.*?)```", re.DOTALL)
"""With what needs a package that is nobody's duty here."""
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [p for p in PAGES if CODE.search(p.read_text())], ids=name)
def test_code_of_a_page_runs_as_one_program(page, tmp_path):
    shown = MORE if all(map(find_spec, ("torch", "keras"))) else CODE
    program = tmp_path / f"{page.stem}.py"
    program.write_text("\n".join(shown.findall(page.read_text())))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", TEXTS, ids=name)
def test_links_lead_to_files(text):
    for target in LINK.findall(text.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (text.parent / target).exists(), target


@pytest.mark.parametrize("page", [p for p in PAGES if p != DOCS / "index.md"], ids=name)
def test_a_page_is_in_a_table_of_contents(page):
    """Found by a reader who starts at the index."""
    folder = "reference/" if page.parent.name == "reference" and page.stem != "index" else ""
    index = (DOCS / folder / "index.md").read_text()
    entry = page.relative_to(DOCS / folder).with_suffix("").as_posix()
    assert re.search(rf"^{re.escape(entry)}$", index, re.MULTILINE)
