"""What is published: a README whose links work away from the repository."""

from __future__ import annotations

import re
import runpy

from figure import ROOT

SETUP = runpy.run_path(str(ROOT / "setup.py"), run_name="setup")


def test_links_of_the_readme_become_absolute_by_one_address():
    text = SETUP["absolute"]((ROOT / "README.md").read_text(), "https://example.org/geomtoy")
    targets = re.findall(r"\]\(([^)\s]+)", text)
    assert len(targets) > 20
    assert all(target.startswith("https://") for target in targets)
    assert "[![The page: a trained" in text
    assert "](https://example.org/geomtoy/raw/main/figures/demo_light.png)]" in text
    assert "](https://example.org/geomtoy/blob/main/docs/start.md)" in text
    assert "](https://arxiv.org/abs/2407.02678)" in text


def test_without_an_address_the_readme_stays_as_it_is():
    settings = SETUP["settings"]()
    assert settings["project_urls"] or settings["long_description"] == (ROOT / "README.md").read_text()


def test_a_citation_names_the_same_repository():
    address = SETUP["settings"]()["project_urls"].get("Repository")
    citation = (ROOT / "CITATION.cff").read_text()
    named = re.search(r'^repository-code: "?([^"\n]+)"?$', citation, re.MULTILINE)
    assert (named and named.group(1)) == address
