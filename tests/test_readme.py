"""The README's own code runs, and the parts of it that are made from files say what the files say."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import claims
import gallery
import pytest
from figure import ROOT

from geomtoy.errors import FileError

README = (ROOT / "README.md").read_text()


def test_the_python_example_runs_and_leaves_a_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["cells"].certify().valid
    assert (tmp_path / "net.npz").exists()


def test_every_module_and_function_that_is_named_exists():
    for room, name in re.findall(
        r"`(?:geomtoy\.)?(views|training|store|verdicts|models|theory)\.(\w+)", README
    ):
        package = import_module(f"geomtoy.{room}")
        assert name in getattr(package, "__all__", ()) or import_module(f"geomtoy.{room}.{name}")


@pytest.mark.parametrize(
    "room", ["instruments", "plots", "store", "tasks", "training", "verdicts", "views"]
)
def test_a_room_explains_what_it_exports(room):
    package = import_module(f"geomtoy.{room}")
    modules = {path.stem for path in Path(package.__file__).parent.glob("*.py")}
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name not in modules, f"{name} has its module's name"
        assert f"{name}`" in package.__doc__ or room in ("store", "verdicts")


def record(folder: Path, name: str, *found: tuple[str, str, int], checks: int = 0) -> None:
    """A figure's numbers and its picture, as far as the README reads them."""
    verdicts = [{"claim": claim, "outcome": outcome, "seeds": seeds} for claim, outcome, seeds in found]
    check = {"what": "bound", "outcome": "passes", "checked": 1200, "violations": 0}
    text = {"verdicts": verdicts, "self_checks": [check] * checks}
    (folder / f"{name}.json").write_text(json.dumps(text))
    (folder / f"{name}.png").touch()


def test_a_long_run_replaces_the_claims_of_the_short_one(tmp_path):
    record(tmp_path, "fig1", ("one", "holds", 0))
    record(tmp_path, "fig2", ("two", "fails", 3), ("two again", "mixed", 3))
    record(tmp_path, "fig2_full", ("two", "holds", 8), checks=1)
    record(tmp_path, "fig2b", ("beside", "mixed", 2))
    record(tmp_path, "fig3_full", ("three", "holds", 4))
    record(tmp_path, "fig4", ("another paper", "holds", 4))
    found = claims.records(tmp_path, ["fig1", "fig2", "fig2b", "fig3"])
    assert claims.tables(found, "way").splitlines() == [
        "| figure | claim | verdict | seeds |",
        "|---|---|---|---|",
        "| [fig1](way/fig1.json) | one | **holds** | none needed |",
        "| [fig2_full](way/fig2_full.json) | two | **holds** | 8 |",
        "| [fig2b](way/fig2b.json) | beside | **mixed** | 2 |",
        "| [fig3_full](way/fig3_full.json) | three | **holds** | 4 |",
        "",
        claims.SELF_CHECKS,
        "",
        "| figure | self-check | outcome | cases |",
        "|---|---|---|---|",
        "| [fig2_full](way/fig2_full.json) | bound | passes | 1,200 |",
    ]


def test_the_gallery_shows_each_figure_once_with_its_scripts_first_line(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "MODULES", {"fig_a": "paper.fig_a", "fig_b": "paper.fig_b"})
    (tmp_path / "paper").mkdir()
    for name in ("fig_b", "fig_a", "fig_a_full"):
        record(tmp_path, name)
    for script in ("paper/fig_a", "paper/fig_b", "film_c"):
        (tmp_path / f"{script}.py").write_text(f'"""What {Path(script).name} shows.\n\nAnd how."""\n')
    (tmp_path / "film_c.gif").touch()
    (tmp_path / "other.png").touch()
    text = gallery.with_gallery(
        f"before\n{gallery.BEGIN}\nold\n{gallery.END}\nafter", tmp_path, tmp_path
    )
    assert re.findall(r"!\[(.*?)\]\((.*?)\)<br>\[(.*?)\]\((.*?)\)", text) == [
        (f"What {name} shows", f"../figures/{picture}", f"What {name} shows", f"../scripts/{script}.py")
        for name, picture, script in [
            ("fig_a", "fig_a_full.png", "paper/fig_a"),
            ("fig_b", "fig_b.png", "paper/fig_b"),
            ("film_c", "film_c.gif", "film_c"),
        ]
    ]
    assert text.startswith(f"before\n{gallery.BEGIN}\n|")
    assert text.endswith(f"|\n{gallery.END}\nafter")
    assert "old" not in text


@pytest.mark.parametrize("script", [None, "x = 1\n"])
def test_a_picture_without_a_caption_is_refused(script, tmp_path):
    record(tmp_path, "fig_x")
    if script is not None:
        (tmp_path / "fig_x.py").write_text(script)
    with pytest.raises(FileError, match=r"fig_x\.py .*caption"):
        gallery.gallery(tmp_path, tmp_path)


def test_markers_that_are_missing_or_there_twice_are_named():
    for readme in ("", claims.BEGIN, 2 * (claims.BEGIN + claims.END)):
        with pytest.raises(FileError, match="made by scripts"):
            claims.with_section(readme, claims.BEGIN, claims.END, "")


@pytest.mark.parametrize("readme", claims.readmes(), ids=str)
def test_the_claims_are_those_of_the_published_figures(readme):
    names, way = claims.readmes()[readme]
    text = readme.read_text()
    assert claims.with_claims(text, claims.records(ROOT / "figures", names), way) == text


def test_the_gallery_is_that_of_the_figures():
    page = (ROOT / "docs" / "gallery.md").read_text()
    assert gallery.with_gallery(page, ROOT / "figures", ROOT / "scripts") == page
