"""`geomtoy attention`: intrinsic dimension and density by prompt, layer and head."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from geomtoy.checkpoints.measures import Measures, Rule
from geomtoy.checkpoints.model import Batch, Look, Model, Progress
from geomtoy.checkpoints.prompts import Line, read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.errors import FileError, named
from geomtoy.writing import written_aside

COLUMNS = ("line", "tokens", "layer", "head", "intrinsic_dimension", "density")
ALL = "all"


def report(
    model: str,
    prompts: str,
    threshold: float,
    rule: str,
    out: str | None,
    maps: str | None = None,
    progress: Progress = iter,
) -> None:
    """Print a JSON object a prompt, or write a .csv or .json file that also tells heads apart.

    Layers and heads count from 0, as the names of stored tensors do. Of a layer, intrinsic dimensions of
    heads are summed and their densities averaged.

    Args:
        maps: an .npz file for the maps themselves, in float32, as line_N_layer_K (heads, T, T), and
            line_N_tokens (T,).
    Raises:
        FileError, SettingError: the folder, the prompts or an option is not what is needed.
    """
    _require_suffix(out, ".csv", ".json")
    _require_suffix(maps, ".npz")
    chosen = Rule(threshold, rule == "relative")
    lines = read_prompts(prompts)
    stored, ids = _read(model, lines)
    measures = Measures([chosen], len(ids))
    with _archive(maps, lines, ids) as keep:

        def look(layer: int, batch: Batch, found: Tensor) -> None:
            measures(layer, batch, found)
            keep(layer, batch, found)

        stored.look(ids, look, progress)
    tokens = [len(one) for one in ids]
    found = [_record(measures, k, line, tokens[k]) for k, line in enumerate(lines)]
    if out is None:
        for record in found:
            print(
                json.dumps({key: record[key] for key in record if not key.endswith("head")}), flush=True
            )
        return
    with written_aside(Path(out)) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
        if Path(out).suffix == ".csv":
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([COLUMNS, *_rows(found)])
        else:
            file.write(json.dumps(_settings(model, chosen) | {"prompts": found}, indent=1) + "\n")


def _read(model: str, lines: Sequence[Line]) -> tuple[Model, list[list[int]]]:
    stored, tokenizer = Model(model), Tokenizer(model)
    found = []
    for line in lines:
        text = line.text("prompt")
        with named(line):
            found.append(tokenizer.encode(text))
            stored.require_fit(found[-1])
    return stored, found


@contextmanager
def _archive(path: str | None, lines: Sequence[Line], ids: Sequence[list[int]]) -> Iterator[Look]:
    """What writes maps into an npz file as they come."""
    if path is None:
        yield lambda *_: None
        return
    with (
        written_aside(Path(path)) as aside,
        zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive,
    ):

        def write(name: str, array: np.ndarray) -> None:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array)

        def keep(layer: int, batch: Batch, maps: Tensor) -> None:
            for n, padding, each in zip(batch.numbers, batch.padding, maps.float().numpy(), strict=True):
                write(f"line_{lines[n].number}_layer_{layer}", each[:, padding:, padding:])

        for line, tokens in zip(lines, ids, strict=True):
            write(f"line_{line.number}_tokens", np.array(tokens))
        yield keep


def _require_suffix(name: str | None, *suffixes: str) -> None:
    if name is not None and Path(name).suffix not in suffixes:
        raise FileError(f"cannot write {name}: the name must end in {' or '.join(suffixes)}")


def _settings(model: str, rule: Rule) -> dict[str, Any]:
    return {"model": model, "threshold": rule.epsilon, "rule": rule.name}


def _record(measures: Measures, k: int, line: Line, tokens: int) -> dict[str, Any]:
    dimension, density = measures.intrinsic_dimension(0, k), measures.density(0, k)
    return {
        "line": line.number,
        "tokens": tokens,
        "intrinsic_dimension": dimension.sum(-1).tolist(),
        "density": density.mean(-1).tolist(),
        "intrinsic_dimension_by_head": dimension.tolist(),
        "density_by_head": density.tolist(),
    }


def _rows(records: Sequence[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """A row for each head, after one for all heads of its layer."""
    for record in records:
        start = record["line"], record["tokens"]
        by_head = zip(record["intrinsic_dimension_by_head"], record["density_by_head"], strict=True)
        for layer, pairs in enumerate(by_head):
            yield (*start, layer, ALL, record["intrinsic_dimension"][layer], record["density"][layer])
            for head, values in enumerate(zip(*pairs, strict=True)):
                yield (*start, layer, head, *values)
