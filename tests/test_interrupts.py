"""Ctrl-C while modules are still being imported: one sentence, status 130, no traceback."""

import os
import subprocess
import sys

import pytest
from figure import ROOT

INTERRUPT = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
ENTRY = ("-c", "from geomtoy_command import main; raise SystemExit(main())", "count", "net.npz")
FIGURES = (ROOT / "scripts/make_figures.py", "--tiny", "--only", "fig1_partition")
IGNORED = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def interrupted_by(name, folder, *arguments):
    """Run python where the import of a module of this name is interrupted."""
    (folder / f"{name}.py").write_text(INTERRUPT)
    path = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("module", "arguments", "sentence"),
    [
        ("numba", ENTRY, "geomtoy: interrupted; nothing was written\n"),
        ("tyro", FIGURES, "make_figures.py: interrupted; the same command goes on where it was\n"),
    ],
)
def test_an_interrupt_of_an_import_is_one_sentence(tmp_path, module, arguments, sentence):
    done = interrupted_by(module, tmp_path, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", sentence)


def test_an_interrupt_that_is_ignored_stays_so(tmp_path):
    code = IGNORED + "from geomtoy_command import interrupts_end\n"
    code += "with interrupts_end('stopped'): import numba\nprint('went on')"
    done = interrupted_by("numba", tmp_path, "-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


def test_after_imports_an_interrupt_is_what_it_was(tmp_path):
    code = "from geomtoy_command import interrupts_end\n"
    code += "with interrupts_end('stopped'): import json\n"
    code += "try: import numba\nexcept KeyboardInterrupt: print('caught')"
    done = interrupted_by("numba", tmp_path, "-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "caught\n", "")
