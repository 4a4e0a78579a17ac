"""Ctrl-C while the command `geomtoy` is still loading: one sentence, status 130, no traceback.

Importing geomtoy takes a second, so the package imports this module before any other. Where the process
is the command, the module listens to interrupts from then on, and `interrupts_raise`, with which the
command line begins its work, ends that. In every other program it changes nothing. It imports the
standard library alone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import PurePath

INTERRUPTED = 130
"""The exit status of a command that was interrupted: 128 and the number of SIGINT."""


def interrupts_raise() -> None:
    """From now on an interrupt of the command raises KeyboardInterrupt again, as Python has it."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def is_command(argv: Sequence[str], orig_argv: Sequence[str]) -> bool:
    """Whether these `sys.argv` and `sys.orig_argv` are of `geomtoy` or `python -m geomtoy`.

    While a package is imported for -m, argv[0] is "-m", and what python was asked to run stands in
    orig_argv before the arguments. A worker that the command starts has the command's argv, but it
    runs something else.
    """
    if not 0 < len(argv) <= len(orig_argv):
        return False
    asked = orig_argv[-len(argv)]
    if argv[0] == "-m":
        return asked.removeprefix("-m") == "geomtoy"
    return asked == argv[0] and PurePath(asked).name in ("geomtoy", "geomtoy.exe")


def _end(*_: object) -> None:
    """Modules hold nothing that must be put away, and a KeyboardInterrupt may come where Python prints
    and forgets it (in callbacks of the import machinery): so the process ends here."""
    os.write(2, b"geomtoy: interrupted; nothing was written\n")
    os._exit(INTERRUPTED)


if (
    is_command(sys.argv, sys.orig_argv)
    and threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler  # one that is ignored stays so
):
    signal.signal(signal.SIGINT, _end)
