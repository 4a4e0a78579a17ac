"""The tokenizer of a folder, with what the commands ask of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from transformers import AutoTokenizer

from geomtoy.checkpoints import toy
from geomtoy.checkpoints.folder import one_line
from geomtoy.errors import FileError, SettingError


class Tokenizer:
    """What transformers makes of a folder's tokenizer files.

    Raises:
        FileError: there are none that it reads.
    """

    def __init__(self, folder: str | Path) -> None:
        toy.register()
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # the library raises whatever its parts raise
            raise FileError(f"{folder} holds no tokenizer: {one_line(error)}") from None

    def encode(self, text: str, *, special: bool = True) -> list[int]:
        """Tokens of a text, with those that the tokenizer puts around it unless `special` is false.

        Raises:
            SettingError: the text has a word that a tokenizer of whole words does not know.
        """
        try:
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=special)
        except Exception as error:  # the library raises nothing more special
            raise SettingError(f"the tokenizer cannot read this text: {error}") from None
        return ids

    def decode(self, ids: list[int]) -> str:
        """The text of tokens, without special ones."""
        text = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text)

    def continuation(self, prompt: str, text: str) -> tuple[list[int], list[int]]:
        """Tokens of a prompt and of the text that follows it, split where the prompt ends.

        Raises:
            SettingError: the text is empty, or no token ends there, so that it has no probability.
        """
        if not text:
            raise SettingError("the answer is empty; write what should follow the prompt")
        before, whole = self.encode(prompt), self.encode(prompt + text)
        if whole[: len(before)] != before or len(whole) == len(before):
            raise SettingError(
                f"the prompt's end and {text!r} share a token; end the prompt before the space and "
                "begin the answer with it"
            )
        return before, whole[len(before) :]

    @cached_property
    def ordinary(self) -> list[int]:
        """All tokens that are not special, in order."""
        added = self._tokenizer.added_tokens_decoder.items()
        special = {token for token, text in added if text.special} | set(self._tokenizer.all_special_ids)
        return sorted(set(self._tokenizer.get_vocab().values()) - special)
