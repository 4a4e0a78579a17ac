"""The commands that look at stored models; what they need is loaded when one of them runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from geomtoy.errors import SettingError

MODEL_HELP = "folder with config.json, safetensors and a tokenizer"
EXTRAS = ("torch", "transformers", "safetensors", "tokenizers")
THRESHOLD_HELP = "of attention weights that count (default 0.1)"


def add(commands: Any) -> None:
    """Add `attention`, `truncate` and `reasoning-id` to the subcommands of a parser."""
    _add_attention(commands)
    _add_truncate(commands)
    _add_reasoning(commands)


def _add_attention(commands: Any) -> None:
    about = "print the intrinsic dimension and density of a stored model's attention, a line a prompt"
    parser = commands.add_parser("attention", help=about, description=about)
    parser.set_defaults(run=_attention)
    parser.add_argument("model", metavar="MODEL_DIR", help=MODEL_HELP)
    parser.add_argument("--prompts", required=True, metavar="FILE.txt|FILE.jsonl")
    parser.add_argument("--threshold", type=float, default=0.1, metavar="EPSILON", help=THRESHOLD_HELP)
    parser.add_argument(
        "--rule",
        choices=("relative", "absolute"),
        default="relative",
        help="the threshold is a share of the row's greatest weight, or a weight (default relative)",
    )
    parser.add_argument("--out", "-o", metavar="F.csv|F.json", help="write there, head by head too")
    parser.add_argument("--maps", metavar="F.npz", help="write the attention maps themselves there")


def _add_truncate(commands: Any) -> None:
    about = "print probabilities of answers before and after low-rank truncation of chosen matrices"
    parser = commands.add_parser("truncate", help=about, description=about)
    parser.set_defaults(run=_truncate)
    parser.add_argument("model", metavar="MODEL_DIR", help=MODEL_HELP)
    parser.add_argument(
        "--matrix", required=True, nargs="+", metavar="NAME", help="as stored, or a pattern with *"
    )
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--rank", type=int, nargs="+", metavar="K", help="singular values to keep; 0 drops a matrix"
    )
    how.add_argument(
        "--keep", type=float, nargs="+", metavar="RHO", help="shares of them to keep, rounded down"
    )
    parser.add_argument(
        "--prompts",
        required=True,
        metavar="FILE.jsonl",
        help='lines with "prompt", "answer" (follows it as written, so mostly begins with a space) and '
        'perhaps "generic" (default " the")',
    )
    parser.add_argument("--out", "-o", metavar="F.jsonl|F.csv", help="write there instead")


def _add_reasoning(commands: Any) -> None:
    about = "measure intrinsic dimension and correctness of a stored model by number of shots"
    parser = commands.add_parser("reasoning-id", help=about, description=about)
    parser.set_defaults(run=_reasoning)
    parser.add_argument("model", metavar="MODEL_DIR", help=MODEL_HELP)
    parser.add_argument(
        "prompts", metavar="PROMPTS.jsonl", help='lines with "question", "answer" and perhaps "shots"'
    )
    parser.add_argument("--shots", required=True, type=_numbers, metavar="0..10", help="or 1,2,5")
    parser.add_argument("--out", "-o", metavar="RESULTS.jsonl", help="kept there as they come; resumes")
    parser.add_argument("--threshold", type=float, default=0.1, metavar="EPSILON", help=THRESHOLD_HELP)
    parser.add_argument(
        "--context", choices=("shots", "random", "permuted", "other", "repeat"), default="shots"
    )
    parser.add_argument(
        "--judge",
        metavar="COMMAND|MODULE:FUNCTION",
        help="decides what is correct; a command gets a JSON object on its input and says yes by exit "
        "status 0, no by 1 (default: equal but for space around)",
    )
    parser.add_argument("--max-new-tokens", type=int, default=32, metavar="N")
    parser.add_argument(
        "--stop", type=_text, default="\n", help=r"an answer ends before it (default \n)"
    )
    parser.add_argument(
        "--shot-format",
        type=_text,
        default="Question: {question}\nAnswer: {answer}\n\n",
        metavar="TEXT",
        help=r"default 'Question: {question}\nAnswer: {answer}\n\n'",
    )
    parser.add_argument(
        "--question-format",
        type=_text,
        default="Question: {question}\nAnswer:",
        metavar="TEXT",
        help=r"default 'Question: {question}\nAnswer:'",
    )
    parser.add_argument("--seed", type=int, default=0, help="of contexts that are drawn")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="prompts that go together")


def _attention(options: argparse.Namespace) -> None:
    with _extras():
        from geomtoy.checkpoints.attention_report import report

    report(
        options.model, options.prompts, options.threshold, options.rule, options.out, options.maps, _bar
    )


def _truncate(options: argparse.Namespace) -> None:
    with _extras():
        from geomtoy.checkpoints.truncation_report import report

    asked = [(how, x) for how in ("rank", "keep") for x in getattr(options, how) or ()]
    report(options.model, options.prompts, options.matrix, asked, options.out, _bar)


def _reasoning(options: argparse.Namespace) -> None:
    with _extras():
        from geomtoy.checkpoints.reasoning import Protocol, measure

    given = {key: value for key, value in vars(options).items() if key in Protocol.__annotations__}
    try:
        measure(options.model, options.prompts, Protocol(**given), options.out, options.batch, _batches)
    except KeyboardInterrupt:
        where = f"; {options.out} keeps what is done, the same command goes on" if options.out else ""
        print(f"geomtoy: interrupted{where}", file=sys.stderr)
        raise SystemExit(130) from None


@contextmanager
def _extras() -> Iterator[None]:
    """Say what to install where a library of the extras is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        raise SettingError(
            f"reading checkpoints needs {error.name}; run: pip install 'geomtoy[checkpoints,torch]'"
        ) from None


def _bar(batches: Iterable[Any]) -> Iterable[Any]:
    """On a terminal only, and only for work of some seconds."""
    return tqdm(batches, unit="batch", disable=None, delay=2, leave=False)


def _batches(batches: Iterable[Any]) -> Iterable[Any]:
    """On a terminal only."""
    return tqdm(batches, unit="batch", disable=None, leave=False)


def _numbers(text: str) -> tuple[int, ...]:
    """Whole numbers from 'a..b' or 'a,b,c', sorted."""
    try:
        if ".." in text:
            first, last = map(int, text.split(".."))
            numbers = list(range(first, last + 1))
        else:
            numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a..b nor a,b,c") from None
    if not numbers or numbers[0] < 0:
        raise argparse.ArgumentTypeError(f"{text!r} names no numbers of shots from 0 up")
    return tuple(numbers)


def _text(text: str) -> str:
    r"""With \n and \t as line break and tab."""
    return text.replace("\\n", "\n").replace("\\t", "\t")
