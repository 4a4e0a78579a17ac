"""What a checkpoint folder may lack or hold wrongly, and what of it is truncated when it is read."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from checkpoint_oracle import LLAMA, NEOX, llama_tensors, neox_tensors, store, store_words

from geomtoy.checkpoints.extra import extra
from geomtoy.checkpoints.folder import Checkpoint
from geomtoy.checkpoints.model import Model, Prompt, open_model
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.checkpoints.truncation import Truncated, choose_ranks
from geomtoy.errors import FileError, SettingError
from geomtoy.instruments.truncation import truncate

DOWN = "model.layers.{}.mlp.down_proj.weight"


@pytest.fixture
def tensors():
    return llama_tensors(LLAMA, np.random.default_rng(0))


@pytest.fixture
def folder(tmp_path, tensors):
    return store(tmp_path / "model", LLAMA, tensors)


def changed(folder, **changes):
    """Rewrite config.json; None removes a key."""
    config = json.loads((folder / "config.json").read_text()) | changes
    config = {key: value for key, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))


# Folders


def test_what_is_no_checkpoint_is_said_in_a_sentence(tmp_path, folder):
    with pytest.raises(FileError, match="nowhere is no folder"):
        open_model(tmp_path / "nowhere")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:100])
    with pytest.raises(FileError, match=r"model\.safetensors is damaged"):
        open_model(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileError, match="holds no weights"):
        open_model(folder)
    (folder / "pytorch_model.bin").touch()
    with pytest.raises(FileError, match="convert them to safetensors"):
        open_model(folder)
    for name in ("a", "b"):
        (folder / f"{name}.safetensors").write_bytes(weights)
    with pytest.raises(FileError, match="has 2 safetensors files but no"):
        open_model(folder)
    (folder / "b.safetensors").unlink()
    open_model(folder)  # one file is enough, whatever its name
    (folder / "config.json").write_text("{")
    with pytest.raises(FileError, match=r"config.json is no readable JSON"):
        open_model(folder)
    (folder / "config.json").unlink()
    with pytest.raises(FileError, match=r"config.json does not exist"):
        open_model(folder)


def test_a_missing_shard_is_named(tmp_path, tensors):
    folder = store(tmp_path, LLAMA, tensors, shards=3)
    (folder / "model-00002.safetensors").unlink()
    with pytest.raises(FileError, match=r"model-00002.safetensors is missing"):
        open_model(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "mamba"}, "type mamba, which is unknown; known are llama, gpt_neox, geomtoy"),
        ({"model_type": None}, "type None, which is unknown"),
        ({"num_hidden_layers": None}, "num_hidden_layers is None; it must be a positive whole number"),
        ({"num_hidden_layers": 3}, "lacks the tensor model.layers.2.input_layernorm.weight"),
        ({"num_hidden_layers": 1}, "holds model.layers.1.input_layernorm.weight, which its config"),
        (
            {"tie_word_embeddings": True, "vocab_size": 12},
            "has shape (13, 8), but config.json calls for (12, 8)",
        ),
        ({"num_key_value_heads": 3}, "num_key_value_heads 3 does not divide"),
        ({"num_attention_heads": 3, "num_key_value_heads": 3}, "num_attention_heads 3 does not divide"),
        ({"attention_bias": True}, "lacks the tensor model.layers.0.self_attn.q_proj.bias"),
        ({"hidden_act": "swish7"}, "activation 'swish7' in config.json is unknown"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "rope_type 'yarn' in config.json is unknown"),
        ({"rope_scaling": {"rope_type": "llama3"}}, "lacks 'low_freq_factor' for rope_type llama3"),
        ({"quantization_config": {"bits": 4}}, "is quantized"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(folder, changes, message):
    changed(folder, **changes)
    with pytest.raises(FileError, match=re.escape(message)):
        open_model(folder)


def test_a_share_of_features_that_cannot_be_paired_is_refused(tmp_path):
    store(tmp_path, NEOX | {"rotary_pct": 0.4}, neox_tensors(NEOX, np.random.default_rng(0)))
    with pytest.raises(FileError, match=r"a share 0.4 of 8 features turns"):
        open_model(tmp_path)


def test_buffers_that_old_checkpoints_store_are_passed_over(tmp_path):
    tensors = neox_tensors(NEOX, np.random.default_rng(0))
    plain = open_model(store(tmp_path / "plain", NEOX, tensors))
    at = "gpt_neox.layers.0.attention."
    buffers = {f"{at}bias": np.ones((1, 1, 4, 4), bool), f"{at}rotary_emb.inv_freq": np.ones(4)}
    old = open_model(store(tmp_path / "old", NEOX, tensors | buffers))
    np.testing.assert_array_equal(*(each.run([Prompt([1, 2])])[0] for each in (plain, old)))


def test_integers_are_no_weights(tmp_path, tensors):
    tensors[DOWN.format(1)] = np.ones((8, 10), np.int8)
    opened = open_model(store(tmp_path, LLAMA, tensors))
    with pytest.raises(FileError, match=r"layers.1.mlp.down_proj.weight .* is stored as I8"):
        opened.run([Prompt([1])])


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "the prompt has no tokens"),
        ([1] * 25, "has 25 tokens, but the context is 24"),
        ([1, 13], "a token of the prompt is none of the model's 13"),
    ],
)
def test_prompts_that_the_model_cannot_read_are_refused(folder, ids, message):
    opened = open_model(folder)
    with pytest.raises(SettingError, match=message):
        opened.run([Prompt([1]), Prompt(ids)])
    opened.run([Prompt([1] * 24)])


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(
        SettingError, match=r"needs safetensors; run: pip install 'geomtoy\[checkpoints\]'"
    ):
        extra("safetensors")


def test_the_command_line_loads_no_library_before_it_needs_it():
    heavy = ("jax", "torch", "safetensors", "tokenizers", "transformers")
    program = f"import sys, geomtoy.cli; print([m for m in {heavy} if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


# Tokenizers


def test_a_tokenizer_splits_where_the_prompt_ends(folder):
    store_words(folder, ["<s>", "a", "b", "c"], start="<s>")
    tokenizer = Tokenizer(folder)
    assert tokenizer.encode("a b") == [0, 1, 2]
    assert tokenizer.encode("a b", special=False) == [1, 2]
    assert tokenizer.continuation("a b", " c a") == ([0, 1, 2], [3, 1])
    assert tokenizer.decode([0, 1, 2]) == "a b"
    assert tokenizer.ordinary == [1, 2, 3]
    with pytest.raises(SettingError, match="cannot read this text"):
        tokenizer.encode("a x")
    with pytest.raises(SettingError, match="share a token"):
        tokenizer.continuation("a b", "  ")
    with pytest.raises(SettingError, match="the answer is empty"):
        tokenizer.continuation("a b", "")


def test_a_folder_without_a_tokenizer_is_refused(folder):
    with pytest.raises(FileError, match=r"tokenizer.json does not exist"):
        Tokenizer(folder)
    (folder / "tokenizer.json").write_text('{"model": {"type": "Guess"}}')
    with pytest.raises(FileError, match="is no tokenizer that can be read"):
        Tokenizer(folder)


# Truncation


def test_ranks_are_chosen_by_name_pattern_and_share(folder):
    stored = Checkpoint(folder)
    both = [DOWN.format(0), DOWN.format(1)]
    assert choose_ranks(stored, ["*.down_proj.weight"], rank=3) == dict.fromkeys(both, 3)
    assert choose_ranks(stored, both[1:], keep=0.45) == {both[1]: 3}
    assert choose_ranks(stored, both[1:], keep=1.0) == {both[1]: 8}
    assert choose_ranks(stored, ["*"], rank=0).keys() == {n for n in stored.names if "norm" not in n}
    with pytest.raises(
        SettingError,
        match=r"no matrix is named x; there are lm_head.weight, .*mlp.down_proj.weight \(2\)",
    ):
        choose_ranks(stored, ["x"], rank=0)
    with pytest.raises(SettingError, match=r"no matrix is named model\.norm\.weight"):
        choose_ranks(stored, ["model.norm.weight"], rank=0)
    with pytest.raises(SettingError, match=r"rank 9 is out of range; .* has 0 to 8"):
        choose_ranks(stored, both, rank=9)
    with pytest.raises(SettingError, match=r"the share to keep is 1.5"):
        choose_ranks(stored, both, keep=1.5)
    with pytest.raises(SettingError, match="either a rank or the share"):
        choose_ranks(stored, both)


@pytest.mark.parametrize("tied", [False, True])
def test_truncating_on_reading_is_truncating_what_is_stored(tmp_path, tied):
    config = LLAMA | {"tie_word_embeddings": tied}
    tensors = llama_tensors(config, np.random.default_rng(0))
    ranks = {DOWN.format(0): 0, DOWN.format(1): 2, "model.embed_tokens.weight": 3}
    ranks |= {} if tied else {"lm_head.weight": 4}
    low = {name: truncate(W, ranks[name]) if name in ranks else W for name, W in tensors.items()}
    stored = open_model(store(tmp_path / "low", config, low))
    folder = store(tmp_path / "full", config, tensors)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    plain, cut = Model(Checkpoint(folder)), Model(Truncated(Checkpoint(folder), ranks))
    found, expected, full = (
        each.logits(each.run([Prompt([1, 2, 3])])[0]) for each in (cut, stored, plain)
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(full - expected).max() > 0.1
    assert {file: file.read_bytes() for file in folder.iterdir()} == before
