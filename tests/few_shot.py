"""Few-shot questions of one word, answered by one word, and a tiny model to ask them."""

import json
from pathlib import Path

from checkpoint_models import store, store_words

WORDS = ["<s>", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
ANSWERS = dict(zip("abcdefg", "hijklab", strict=True))
SHOT, QUESTION = "{question} {answer} ", "{question}"
ASK = ("reasoning-id", "model", "q.jsonl", "--shot-format", SHOT, "--question-format", QUESTION)
"""The command that asks them."""


def write(records, name="q.jsonl"):
    """A file of questions, one a line."""
    with open(name, "w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def write_questions():
    """Seven questions with their answers, and the tokenizer that reads them."""
    write([{"question": question, "answer": answer} for question, answer in ANSWERS.items()])
    store_words(Path("model"), WORDS, start="<s>")


def store_model_and_questions():
    """The same and a model, which is returned, in the current folder."""
    model = store(Path("model"))
    write_questions()
    return model


def stored(name="r.jsonl"):
    """Records of a file of results, without its config."""
    return [json.loads(line) for line in Path(name).read_text().splitlines()][1:]
