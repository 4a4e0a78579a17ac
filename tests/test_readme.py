"""The README's own code runs."""

from __future__ import annotations

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_python_example_runs_and_leaves_a_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["cells"].certify().valid
    assert (tmp_path / "net.npz").exists()


def test_every_module_and_function_that_is_named_exists():
    from importlib import import_module

    for room, name in re.findall(r"`(?:geomtoy\.)?(views\.\w+)\.(\w+)`", README):
        assert hasattr(import_module(f"geomtoy.{room}"), name)
    for room in re.findall(r"`(geomtoy\.(?:models|training|theory)\.\w+)`", README):
        import_module(room)
