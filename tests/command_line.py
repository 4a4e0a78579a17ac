"""The command line as its users meet it: exit status, JSON on stdout, one sentence on stderr."""

import json
import re
import subprocess
import sys

import pytest

from geomtoy.cli import main

COUNT_KEYS = {"net", "regions", "linear_regions", "certified", "seconds"}
"""What every count prints, and often more."""

each_command = pytest.mark.parametrize(
    "command", [("count",), ("regions", "-o", "out.npz"), ("plot", "-o", "out.png")]
)
"""Each of the commands that look at one network."""


def run(*arguments):
    """Exit status, also where argparse exits by itself."""
    try:
        return main([str(a) for a in arguments])
    except SystemExit as stop:
        return stop.code


def records(capsys):
    """What commands that complained of nothing printed, a JSON object a line."""
    out, err = capsys.readouterr()
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def sentence(capsys):
    """The one sentence on stderr of a command that failed and printed nothing."""
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"geomtoy: [^\n]+\n", err), err
    return err[len("geomtoy: ") : -1]


def refused(capsys, *arguments):
    """The one sentence of a command that ends with status 2."""
    assert run(*arguments) == 2
    return sentence(capsys)


def in_a_shell(*arguments, **settings):
    """Run python in a process of its own."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False, **settings
    )
