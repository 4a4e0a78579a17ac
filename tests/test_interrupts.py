"""Ctrl-C while modules are still being imported: one sentence, status 130, no traceback."""

import os
import subprocess
import sys

import pytest
from figure import ROOT

from geomtoy.starting import is_command

INTERRUPT = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
SCRIPT = "import sys\nfrom geomtoy.cli import main\nsys.exit(main())\n"
"""What an installer writes for the command `geomtoy`."""
IGNORING = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
COMMAND = "geomtoy: interrupted; nothing was written\n"
FIGURES = "make_figures.py: interrupted; the same command goes on where it was\n"


def python(folder, *arguments, interrupted=None):
    """Run python; it is interrupted where it imports a module of this name."""
    if interrupted is not None:
        (folder / f"{interrupted}.py").write_text(INTERRUPT)
    path = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def script(folder, text):
    """A program of the name that an installer gives to the command."""
    path = folder / "bin" / "geomtoy"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_an_interrupt_while_the_command_loads_is_one_sentence(tmp_path):
    command = script(tmp_path, SCRIPT)
    assert python(tmp_path, command, "count", "net.npz", interrupted="numba") == (130, "", COMMAND)


def test_so_it_is_for_the_module(tmp_path):
    done = python(tmp_path, "-m", "geomtoy", "count", "net.npz", interrupted="numba")
    assert done == (130, "", COMMAND)


def test_so_it_is_while_its_arguments_are_read(tmp_path):
    text = "import os, signal\nfrom argparse import ArgumentParser\n"
    text += "ArgumentParser.parse_args = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
    assert python(tmp_path, script(tmp_path, text + SCRIPT), "count", "net.npz") == (130, "", COMMAND)


def test_so_it_is_for_figures(tmp_path):
    program = (ROOT / "scripts/make_figures.py", "--tiny", "--only", "fig1_partition")
    assert python(tmp_path, *program, interrupted="tyro") == (130, "", FIGURES)


def test_an_interrupt_that_is_ignored_stays_so(tmp_path):
    text = IGNORING + "try: import geomtoy\nexcept ImportError: print('went on')\n"
    assert python(tmp_path, script(tmp_path, text), interrupted="numba") == (0, "went on\n", "")


def test_the_command_line_puts_the_handler_back(tmp_path):
    text = "import signal, geomtoy.cli\nbegan = signal.getsignal(signal.SIGINT)\n"
    text += "geomtoy.cli.main(['count', 'no.npz'])\nended = signal.getsignal(signal.SIGINT)\n"
    text += "print(began is ended, ended is signal.default_int_handler)\n"
    code, out, _ = python(tmp_path, script(tmp_path, text))
    assert (code, out) == (0, "False True\n")


def test_a_program_that_imports_geomtoy_is_interrupted_as_ever(tmp_path):
    text = "try: import geomtoy\nexcept KeyboardInterrupt: print('caught')"
    assert python(tmp_path, "-c", text, interrupted="numba") == (0, "caught\n", "")


def test_a_program_that_imports_geomtoy_keeps_its_handler(tmp_path):
    text = "import signal\nbefore = signal.getsignal(signal.SIGINT)\nimport geomtoy.cli\n"
    text += "print(signal.getsignal(signal.SIGINT) is before is signal.default_int_handler)"
    assert python(tmp_path, "-c", text, "geomtoy") == (0, "True\n", "")


def test_another_thread_may_import_geomtoy_for_the_command(tmp_path):
    text = "import signal, threading\nloads = threading.Thread(target=lambda: __import__('geomtoy'))\n"
    text += "loads.start()\nloads.join()\n"
    text += "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert python(tmp_path, script(tmp_path, text)) == (0, "True\n", "")


@pytest.mark.parametrize(
    ("argv", "orig_argv", "answer"),
    [
        (["/bin/geomtoy", "count", "-"], ["python", "/bin/geomtoy", "count", "-"], True),
        (["/bin/geomtoy"], ["python", "-X", "dev", "/bin/geomtoy"], True),
        (["bin/geomtoy.exe"], ["python.exe", "bin/geomtoy.exe"], True),
        (["-m", "-m", "x"], ["python", "-m", "geomtoy", "-m", "x"], True),
        (["-m"], ["python", "-mgeomtoy"], True),
        (["-m", "geomtoy"], ["python", "-m", "mine", "geomtoy"], False),
        (["-m"], ["python", "-m", "geomtoy.demo"], False),
        (["-c", "geomtoy"], ["python", "-c", "import geomtoy", "geomtoy"], False),
        (["geomtoy.py"], ["python", "geomtoy.py"], False),
        (["mine.py", "geomtoy"], ["python", "mine.py", "geomtoy"], False),
        (["/bin/geomtoy", "count"], ["python", "-c", "spawn_main()", "--fork"], False),
        (["/bin/geomtoy", "count", "a", "b", "c"], ["python", "-c", "spawn_main()"], False),
        ([""], ["python"], False),
        ([], ["python"], False),
    ],
)
def test_what_is_the_command(argv, orig_argv, answer):
    assert is_command(argv, orig_argv) is answer
