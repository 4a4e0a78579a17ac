"""Who decides whether an answer is correct: equality, a command or a Python function."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from geomtoy.errors import SettingError

Judge = Callable[[str, str, str], bool]
"""Gets the question, the expected answer and the generated one."""


def exact_match(question: str, answer: str, generated: str) -> bool:
    """Whether the generated answer is the expected one, but for space around."""
    return generated.strip() == answer.strip()


def judge(spec: str | None) -> Judge:
    """A judge by `module:function`, looked up in the working directory too, by command, or exact match.

    A command gets {"question", "answer", "generated"} as JSON on its standard input.

    Raises:
        SettingError: there is no such function or command; or later, when a command ends neither with
            0 (correct) nor 1 (incorrect).
    """
    if spec is None:
        return exact_match
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", spec):
        return _function(*spec.split(":"))
    try:
        words = shlex.split(spec)
    except ValueError as error:
        raise SettingError(f"judge {spec!r} is no command: {error}") from None
    if not words:
        raise SettingError("the judge is empty; give a command or module:function")
    return _command(words)


def _function(module: str, name: str) -> Judge:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found: Judge = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SettingError(f"judge {module}:{name} cannot be found: {error}") from None
    return found


def _command(words: list[str]) -> Judge:
    def by_command(question: str, answer: str, generated: str) -> bool:
        asked = json.dumps({"question": question, "answer": answer, "generated": generated})
        try:
            ended = subprocess.run(words, input=asked, text=True, stdout=subprocess.DEVNULL, check=False)
        except OSError as error:
            raise SettingError(f"judge {words[0]!r} cannot be run: {error.strerror}") from None
        if ended.returncode not in (0, 1):
            raise SettingError(
                f"judge {words[0]!r} ended with status {ended.returncode}; 0 is correct, 1 is incorrect"
            )
        return ended.returncode == 0

    return by_command
