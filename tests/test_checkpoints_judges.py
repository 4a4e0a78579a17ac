"""Who judges an answer: equality, a function, a command."""

import sys

import pytest

from geomtoy.checkpoints.judges import exact_match, judge
from geomtoy.errors import SettingError


def test_judges_by_equality_function_and_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert exact_match("q", " 42", "42\n")
    assert not exact_match("q", "42", "4 2")
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "loose.py").write_text(
        "def contains(question, answer, generated): return answer in generated\n"
    )
    for spec in ("loose:contains", 'grep -q \'"generated": ".*42\''):
        assert judge(spec)("q", "42", "it is 42")
        assert not judge(spec)("q", "42", "it is 7")
    with pytest.raises(SettingError, match="ended with status 2; 0 is correct"):
        judge(f"{sys.executable} -c 'exit(2)'")("q", "a", "b")
    with pytest.raises(SettingError, match="judge 'no-such-program' cannot be run"):
        judge("no-such-program x")("q", "a", "b")
    for spec in ("loose:missing", "no_such_module:f"):
        with pytest.raises(SettingError, match=f"judge {spec} cannot be found"):
            judge(spec)
    for spec in ("", "'"):
        with pytest.raises(SettingError, match="judge"):
            judge(spec)
