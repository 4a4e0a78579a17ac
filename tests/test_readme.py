"""The README's own code runs, and the parts of it that are made from files say what the files say."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from geomtoy.errors import FileError

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
VERDICT = r"\*\*(holds|mixed|fails)\*\*"


@pytest.fixture
def claims(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return import_module("claims")


@pytest.fixture
def gallery(claims):
    return import_module("gallery")


def test_the_python_example_runs_and_leaves_a_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["cells"].certify().valid
    assert (tmp_path / "net.npz").exists()


def test_every_module_and_function_that_is_named_exists():
    for room, name in re.findall(r"`(?:geomtoy\.)?(views\.\w+)\.(\w+)`", README):
        assert hasattr(import_module(f"geomtoy.{room}"), name)
    for room in re.findall(r"`(geomtoy\.(?:models|training|theory)\.\w+)`", README):
        import_module(room)


def record(folder: Path, name: str, *claims: tuple[str, str, int]) -> None:
    """A figure's numbers and its picture, as far as the README reads them."""
    verdicts = [{"claim": claim, "outcome": holds, "seeds": seeds} for claim, holds, seeds in claims]
    (folder / f"{name}.json").write_text(json.dumps({"verdicts": verdicts}))
    (folder / f"{name}.png").touch()


def test_a_long_run_replaces_the_claims_of_the_short_one(claims, tmp_path):
    record(tmp_path, "fig1", ("one", "holds", 0))
    record(tmp_path, "fig2", ("two", "fails", 3), ("two again", "mixed", 3))
    record(tmp_path, "fig2_full", ("two", "holds", 8))
    record(tmp_path, "fig2b", ("beside", "mixed", 2))
    record(tmp_path, "fig3_full", ("three", "holds", 4))
    _, _, *rows = claims.table(tmp_path).splitlines()
    assert rows == [
        "| [fig1](figures/fig1.json) | one | **holds** | none needed |",
        "| [fig2_full](figures/fig2_full.json) | two | **holds** | 8 |",
        "| [fig2b](figures/fig2b.json) | beside | **mixed** | 2 |",
        "| [fig3_full](figures/fig3_full.json) | three | **holds** | 4 |",
    ]


def test_the_gallery_shows_each_figure_once_with_its_scripts_first_line(gallery, tmp_path):
    for name in ("fig_b", "fig_a", "fig_a_full"):
        record(tmp_path, name)
    for name in ("fig_a", "fig_b", "film_c"):
        (tmp_path / f"{name}.py").write_text(f'"""What {name} shows.\n\nAnd how."""\n')
    (tmp_path / "film_c.gif").touch()
    (tmp_path / "other.png").touch()
    text = gallery.with_gallery(
        f"before\n{gallery.BEGIN}\nold\n{gallery.END}\nafter", tmp_path, tmp_path
    )
    assert re.findall(r"!\[(.*?)\]\((.*?)\)<br>\[(.*?)\]\((.*?)\)", text) == [
        (f"What {name} shows", f"figures/{picture}", f"What {name} shows", f"scripts/{name}.py")
        for name, picture in [
            ("fig_a", "fig_a_full.png"),
            ("fig_b", "fig_b.png"),
            ("film_c", "film_c.gif"),
        ]
    ]
    assert text.startswith(f"before\n{gallery.BEGIN}\n|")
    assert text.endswith(f"|\n{gallery.END}\nafter")
    assert "old" not in text


@pytest.mark.parametrize("script", [None, "x = 1\n"])
def test_a_picture_without_a_caption_is_refused(gallery, script, tmp_path):
    record(tmp_path, "fig_a")
    if script is not None:
        (tmp_path / "fig_a.py").write_text(script)
    with pytest.raises(FileError, match=r"fig_a\.py .*caption"):
        gallery.gallery(tmp_path, tmp_path)


def test_markers_that_are_missing_or_there_twice_are_named(claims):
    for readme in ("", claims.BEGIN, 2 * (claims.BEGIN + claims.END)):
        with pytest.raises(FileError, match="made by scripts"):
            claims.with_section(readme, claims.BEGIN, claims.END, "")


def test_the_claims_are_those_of_the_figures(claims):
    """But for the verdicts: figures may have been drawn again on a machine that rounds otherwise."""
    drawn = claims.with_claims(README, ROOT / "figures")
    assert re.sub(VERDICT, "", drawn) == re.sub(VERDICT, "", README)


def test_the_gallery_is_that_of_the_figures(gallery):
    assert gallery.with_gallery(README, ROOT / "figures", ROOT / "scripts") == README
