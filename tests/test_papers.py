"""What all papers share: one command, typed options, shared runs, verdicts that are not stale."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import asdict, fields

import claims
import pytest
from figure import MODULES, ROOT, module_of
from figures_command import config_of, main

from geomtoy.errors import SettingError

PRESETS = ("tiny", "default", "full")
PUBLISHED = sorted(path.stem for path in (ROOT / "figures").glob("*.json"))


def test_one_setting_of_matching_trains_alone():
    """A figure asks for its own runs, and others ask for the same."""
    runs = {name: asked_for(name) for name in MODULES if MODULES[name].startswith("matching")}
    assert len(runs["fig_match_training"]) == 1
    assert runs["fig_match_flow"] == runs["fig_match_depth"]
    assert runs["fig_match_starts"] == runs["fig_match_gamma"]
    assert runs["fig_match_training"] < runs["fig_match_matrices"]
    assert runs["fig_lens_matching"] < runs["fig_match_noise"]
    assert runs["fig_match_depth"] == runs["fig_match_orders"]


def asked_for(name: str) -> set[str]:
    config = module_of(name).PRESETS.default
    settings = getattr(config, "settings", {})
    return {json.dumps(asdict(run), sort_keys=True) for run in settings.values()}


def test_options_win_over_presets_and_unknown_ones_are_refused(capsys):
    assert config_of("fig_match_training", "full", ["--seeds", "2"]).seeds == 2
    assert config_of("fig_match_training", "full", []).steps == 8000
    assert config_of("fig5_regions_grid", "default", ["--heads", "3", "7"]).heads == (3, 7)
    for name, unknown in (("fig1_partition", "--steps"), ("fig3_region_bounds", "--dask-address")):
        with pytest.raises(SystemExit) as stopped:
            main(["--only", name, unknown, "5"])
        assert stopped.value.code == 2
        assert unknown in capsys.readouterr().err


def test_one_command_makes_those_asked_for(tmp_path, capsys):
    folders = ["--out", str(tmp_path / "out"), "--results", str(tmp_path / "results")]
    main(["--tiny", "--only", "fig1_partition", *folders, "--seeds", "3"])
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["fig1_partition_tiny.json", "fig1_partition_tiny.png"]
    assert "all: " in capsys.readouterr().out
    with pytest.raises(SettingError, match="two presets"):
        main(["--tiny", "--full"])
    with pytest.raises(SettingError, match="there is no figure 'fig9'"):
        main(["--only", "fig9"])
    for few in ("0", "-1"):
        with pytest.raises(SettingError, match=rf"--seeds is {few}; give at least 1"):
            main(["--only", "fig1_partition", "--seeds", few])
    with pytest.raises(SystemExit):
        main(["--only", "fig1_partition", "--help"])
    assert "--neurons" in capsys.readouterr().out


def test_a_mistake_is_one_sentence_and_status_2():
    program = [sys.executable, ROOT / "scripts/make_figures.py", "--only", "fig9"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("make_figures.py: there is no figure 'fig9'; there are fig")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", MODULES)
def test_presets_are_frozen_typed_and_explained(name):
    presets = module_of(name).PRESETS
    for preset in PRESETS:
        config = presets.named(preset)
        with pytest.raises(AttributeError):
            config.seeds = 99
    lines = " ".join(kind.__doc__ or "" for kind in type(presets.default).__mro__)
    for one in fields(presets.default):
        assert one.name in lines, f"{one.name} is explained nowhere"
    assert presets.suffix("default") == ""
    assert presets.suffix("tiny") == "_tiny"


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_verdicts_are_those_of_todays_rules(name):
    record = json.loads((ROOT / "figures" / f"{name}.json").read_text())
    again = claims.judged(name.removesuffix("_full"), record)
    assert json.loads(claims.to_json(again, digits=12)) == record


def test_no_figure_imports_another():
    for name, module in MODULES.items():
        tree = ast.parse((ROOT / "scripts" / (module.replace(".", "/") + ".py")).read_text())
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {one for one in imported if ".fig" in one} - {"matplotlib.figure"}, name
