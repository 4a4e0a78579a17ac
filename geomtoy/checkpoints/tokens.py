"""Text to tokens and back, by the tokenizer.json of a checkpoint folder."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from geomtoy.checkpoints.extra import extra
from geomtoy.checkpoints.folder import read_json
from geomtoy.errors import FileError, SettingError


class Tokenizer:
    """What the library tokenizers makes of tokenizer.json.

    Args:
        folder: of the checkpoint.
    Raises:
        FileError: it holds no tokenizer.json that the library can read.
        SettingError: the extra `checkpoints` is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        path = Path(folder) / "tokenizer.json"
        read_json(path)  # says what is wrong where there is no file or no JSON
        try:
            self._tokenizer = extra("tokenizers").Tokenizer.from_file(str(path))
        except SettingError:
            raise
        except Exception as error:  # the library raises nothing more special
            raise FileError(f"{path} is no tokenizer that can be read: {error}") from None

    def encode(self, text: str, *, special: bool = True) -> list[int]:
        """Tokens of a text, with those that the tokenizer puts around it unless `special` is false.

        Raises:
            SettingError: the text has a word that a tokenizer of whole words does not know.
        """
        try:
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=special).ids
        except Exception as error:  # the library raises nothing more special
            raise SettingError(f"the tokenizer cannot read this text: {error}") from None
        return ids

    def decode(self, ids: list[int]) -> str:
        """The text of tokens, without special ones."""
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text

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
        added = self._tokenizer.get_added_tokens_decoder()
        special = {token for token, text in added.items() if text.special}
        return sorted(set(self._tokenizer.get_vocab().values()) - special)
