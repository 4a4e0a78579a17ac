"""`geomtoy attention`: intrinsic dimension and density by prompt, layer and head."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from geomtoy.checkpoints.measures import Measures, Rule
from geomtoy.checkpoints.model import Layers, Prompt, open_model
from geomtoy.checkpoints.prompts import Line, read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.errors import FileError
from geomtoy.writing import written_aside

COLUMNS = ("line", "tokens", "layer", "head", "intrinsic_dimension", "density")
ALL = "all"


def report(
    model: str, prompts: str, threshold: float, rule: str, out: str | None, layers: Layers = iter
) -> None:
    """Print a JSON object a prompt, or write a .csv or .json file that also tells heads apart.

    Layers and heads count from 0, as the names of stored tensors do. Of a layer, intrinsic dimensions of
    heads are summed and their densities averaged.

    Raises:
        FileError, SettingError: the folder, the prompts or an option is not what is needed.
    """
    if out is not None and Path(out).suffix not in (".csv", ".json"):
        raise FileError(f"cannot write {out}: the name must end in .csv or .json")
    chosen = Rule(threshold, rule == "relative")
    lines = read_prompts(prompts)
    measures = _measure(model, lines, chosen, layers)
    if out is None:
        for k, line in enumerate(lines):
            print(json.dumps(_summary(measures, k, line)), flush=True)
        return
    with written_aside(Path(out)) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
        if Path(out).suffix == ".csv":
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([COLUMNS, *_rows(measures, lines)])
        else:
            found = [_record(measures, k, line) for k, line in enumerate(lines)]
            file.write(json.dumps(_settings(model, chosen) | {"prompts": found}, indent=1) + "\n")


def _measure(model: str, lines: Sequence[Line], rule: Rule, layers: Layers) -> Measures:
    stored, tokenizer = open_model(model), Tokenizer(model)
    found = []
    for line in lines:
        text = line.text("prompt")
        with line.named():
            found.append(Prompt(tokenizer.encode(text)))
            stored.require_fit(found[-1].ids)
    sizes = stored.architecture.n_layers, stored.architecture.n_heads
    measures = Measures([rule], [len(prompt.ids) for prompt in found], *sizes)
    stored.run(found, measures, layers)
    return measures


def _settings(model: str, rule: Rule) -> dict[str, Any]:
    return {"model": model, "threshold": rule.epsilon, "rule": rule.name}


def _summary(measures: Measures, k: int, line: Line) -> dict[str, Any]:
    return {
        "line": line.number,
        "tokens": measures.lengths[k],
        "intrinsic_dimension": measures.intrinsic_dimension(0, k).sum(-1).tolist(),
        "density": measures.density(0, k).mean(-1).tolist(),
    }


def _record(measures: Measures, k: int, line: Line) -> dict[str, Any]:
    return _summary(measures, k, line) | {
        "intrinsic_dimension_by_head": measures.intrinsic_dimension(0, k).tolist(),
        "density_by_head": measures.density(0, k).tolist(),
    }


def _rows(measures: Measures, lines: Sequence[Line]) -> Iterator[tuple[Any, ...]]:
    """A row for each head, after one for all heads of its layer."""
    for k, line in enumerate(lines):
        start = line.number, measures.lengths[k]
        both = measures.intrinsic_dimension(0, k), measures.density(0, k)
        for layer, (dimensions, densities) in enumerate(zip(*both, strict=True)):
            yield (*start, layer, ALL, dimensions.sum(), densities.mean())
            for head, values in enumerate(zip(dimensions, densities, strict=True)):
                yield (*start, layer, head, *values)
