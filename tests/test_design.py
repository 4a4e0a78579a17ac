"""docs/design.md and docs/curved.md speak of what there is, and are short."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("design", "curved")}
CODE = "\n".join(path.read_text() for path in (ROOT / "geomtoy").rglob("*.py"))
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", "\n".join(PAGES.values()))))


@pytest.mark.parametrize("path", [q for q in QUOTED if q.endswith((".py", "/"))])
def test_files_and_folders_that_it_names_exist(path):
    assert any((ROOT / place / path).exists() for place in ("geomtoy/regions", "geomtoy", "."))


@pytest.mark.parametrize("name", [q for q in QUOTED if re.fullmatch(r"[A-Za-z_.]+(\(\))?", q)])
def test_names_that_it_uses_are_those_of_the_code(name):
    assert re.search(rf"\b{re.escape(name.removesuffix('()').split('.')[-1])}\b", CODE)


@pytest.mark.parametrize(("page", "least"), [("design", 800), ("curved", 300)])
def test_it_is_short_enough_to_be_read(page, least):
    assert least < len(PAGES[page].split()) < 1800


def test_the_drawing_shows_what_its_words_say():
    """Six units of two cells: a twin pair, and four chords through one point."""
    import sys

    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import drawing
    finally:
        sys.path.pop(0)
    mesh, cutting, meetings = drawing.second_layer()
    assert mesh.n_cells == 2
    assert np.bincount(meetings.incidence.chord_point).max() == 4
    assert any(twin for _, twin in drawing.chord_ends(mesh, cutting))
    texts = [text for _, (text, _) in drawing.words(mesh, cutting, meetings)]
    assert any(text.startswith("meeting of 4 chords,\n6 pairs") for text in texts)


def test_error_bounds_have_one_home():
    """No file outside numbers/ takes the unit roundoff or what bounds are made with from there."""
    for path in (ROOT / "geomtoy" / "regions").rglob("*.py"):
        if path.parent.name != "numbers":
            taken = re.findall(
                r"^from geomtoy\.regions\.numbers\.(?:map_)?bounds import \(?([^)]*?)\)?$",
                path.read_text(),
                re.M,
            )
            names = set(re.findall(r"\w+", " ".join(taken)))
            assert not names & {"U", "TINY", "SLACK"}, path
