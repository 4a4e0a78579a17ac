"""Where kernels are kept, and what is said while they are compiled."""

import sys
from pathlib import Path

import pytest

from geomtoy import kernels


@pytest.fixture
def room(tmp_path):
    (tmp_path / "kernel.py").write_text("x = 1\n")
    yield tmp_path
    kernels._uncompiled.discard(tmp_path)


@pytest.mark.parametrize("watched", [True, False])
def test_whoever_watches_is_told_once(room, watched, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: watched)
    with kernels.keyed_cache(room):
        pass
    for _ in range(2):
        kernels.announce(room)
    assert capsys.readouterr().err.count("compiling") == watched


def test_nothing_is_said_where_kernels_are(room, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    kernels.folder(room).mkdir(parents=True)
    with kernels.keyed_cache(room):
        pass
    kernels.announce(room)
    assert not capsys.readouterr().err


def test_a_change_of_any_source_is_a_new_folder(room):
    before = kernels.folder(room)
    (room / "other.py").write_text("y = 2\n")
    assert kernels.folder(room) != before


def test_kernels_of_a_room_that_is_read_only_are_kept_in_the_users_cache(room, monkeypatch):
    assert kernels.folder(room).is_relative_to(room)
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert kernels.folder(room).is_relative_to(Path("/caches/geomtoy"))
