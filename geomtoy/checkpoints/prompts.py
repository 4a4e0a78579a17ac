"""Files of prompts: one a line as text, or one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geomtoy.errors import FileError


@dataclass(frozen=True)
class Line:
    """One line of a file of prompts; `number` counts from 1 as editors do."""

    file: Path
    number: int
    record: dict[str, Any]

    def text(self, key: str, otherwise: str | None = None) -> str:
        """What the line says under a key; `otherwise` where it says nothing.

        Raises:
            FileError: it says nothing and there is no `otherwise`, or what it says is no text.
        """
        value = self.record.get(key, otherwise)
        if not isinstance(value, str):
            state = "has no" if value is None else "has no text as"
            raise FileError(f'{self} {state} "{key}"; write it as a JSON string')
        return value

    def __str__(self) -> str:
        return f"{self.file} line {self.number}"


def read_prompts(path: str | Path) -> list[Line]:
    """Lines of a .jsonl file, or of a .txt file as records {"prompt": line}; empty ones are skipped.

    Raises:
        FileError: there is no such file, it holds no prompt, or a line is no JSON object.
    """
    file = Path(path)
    if file.suffix not in (".txt", ".jsonl"):
        raise FileError(f"{file} is no file of prompts; give one whose name ends in .txt or .jsonl")
    try:
        rows = file.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise FileError(f"{file} does not exist; give a file of prompts") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{file} is no readable text: {error}") from None
    filled = [(number, row) for number, row in enumerate(rows, start=1) if row.strip()]
    if not filled:
        raise FileError(f"{file} holds no prompts; write one a line")
    if file.suffix == ".txt":
        return [Line(file, number, {"prompt": row.rstrip("\r")}) for number, row in filled]
    return [_object(Line(file, number, {}), row) for number, row in filled]


def _object(line: Line, row: str) -> Line:
    try:
        record = json.loads(row)
    except json.JSONDecodeError as error:
        raise FileError(f"{line} is no JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(record, dict):
        raise FileError(f"{line} is no JSON object; write one a line")
    return Line(line.file, line.number, record)
