"""The command `geomtoy`, beside the package, whose import takes a second in which one may press Ctrl-C.

It imports nothing but the standard library's smallest before it listens to interrupts.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""The exit status of a command that was interrupted: 128 and the number of SIGINT."""


def main() -> int:
    """Run the command line; returns its exit status."""
    with interrupts_end("geomtoy: interrupted; nothing was written"):
        from geomtoy.cli import main as run
    return run()


@contextmanager
def interrupts_end(sentence: str) -> Iterator[None]:
    """While modules are imported, an interrupt ends the process with a sentence on stderr, at once.

    Modules hold nothing that must be put away, and a KeyboardInterrupt may come where Python prints and
    forgets it (in callbacks of the import machinery). An interrupt that is ignored stays so.
    """

    def end(*_: object) -> None:
        os.write(2, f"{sentence}\n".encode())
        os._exit(INTERRUPTED)

    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
