"""Where kernels are kept, and what is said while they are compiled."""

import sys
from errno import ENOSPC
from importlib.util import module_from_spec, spec_from_file_location
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


# Kernels that cannot be kept

DOUBLED = "from geomtoy.kernels import kernel\n@kernel\ndef doubled(x):\n    return 2 * x\n"


def doubled_in(room):
    """The kernel of a room, as a program of its own would import it."""
    (room / "kernel.py").write_text(DOUBLED)
    spec = spec_from_file_location("a_kernel", room / "kernel.py")
    module = module_from_spec(spec)
    with kernels.keyed_cache(room):
        spec.loader.exec_module(module)
    return module.doubled


def test_without_a_folder_that_can_be_written_kernels_are_compiled(room):
    (room / "__pycache__").write_text("no folder")
    assert doubled_in(room)(3.0) == 6.0


def test_on_a_full_disk_kernels_are_compiled(room, monkeypatch):
    def full(*_):
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    assert doubled_in(room)(3.0) == 6.0


@pytest.mark.parametrize("damage", [b"", b"\x80\x04garbage"])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_kernels_are_compiled_and_kept_again(room, kind, damage):
    doubled_in(room)(3.0)
    (file,) = room.rglob(f"*.{kind}")
    file.write_bytes(damage)
    assert doubled_in(room)(3.0) == 6.0
    (file,) = room.rglob(f"*.{kind}")
    assert file.stat().st_size > len(damage)
    again = doubled_in(room)
    assert again(3.0) == 6.0
    assert sum(again.stats.cache_hits.values()) == 1


def test_what_kernels_alone_call_is_optimized_as_a_part_of_them(monkeypatch):
    made = []

    class Counted(kernels.AsIs):
        def __init__(self, *given):
            made.append(given)
            super().__init__(*given)

    monkeypatch.setattr(kernels, "AsIs", Counted)

    @kernels.inner(forceinline=True)
    def tripled(x):
        return 3 * x

    @kernels.kernel
    def called(x):
        return tripled(x) + 1

    assert called(2) == 7
    assert len(made) == 1
