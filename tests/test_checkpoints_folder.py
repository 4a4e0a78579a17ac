"""What a checkpoint folder may lack or hold wrongly, and truncation of what it holds in memory."""

import re
import socket
import subprocess
import sys

import numpy as np
import pytest
from checkpoint_models import changed, make, plain, store, store_words, torch
from safetensors.torch import load_file, save_file

from geomtoy.checkpoints.model import Model
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.checkpoints.truncation import Truncation
from geomtoy.cli import main
from geomtoy.errors import FileError, SettingError
from geomtoy.instruments.truncation import truncate

DOWN = "model.layers.{}.mlp.down_proj.weight"


@pytest.fixture
def folder(tmp_path):
    store(tmp_path / "model")
    return tmp_path / "model"


def restored(folder, change):
    """Write the tensors again, after a change."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


# Folders


def test_what_is_no_checkpoint_is_said_in_a_sentence(tmp_path, folder):
    for name in ("nowhere", "gpt2"):
        with pytest.raises(FileError, match=f"{name} is no folder; .* nothing is downloaded"):
            Model(name)
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:100])
    with pytest.raises(FileError, match=r"model\.safetensors is damaged"):
        Model(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileError, match="holds no weights"):
        Model(folder)
    (folder / "pytorch_model.bin").touch()
    with pytest.raises(FileError, match="convert them to safetensors"):
        Model(folder)
    (folder / "a.safetensors").write_bytes(weights)
    with pytest.raises(FileError, match=r"has neither model\.safetensors nor"):
        Model(folder)
    (folder / "model.safetensors").write_bytes(weights)
    Model(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(FileError, match=r"config\.json is no readable JSON"):
        Model(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(FileError, match=r"config\.json holds no JSON object"):
        Model(folder)
    (folder / "config.json").unlink()
    with pytest.raises(FileError, match=r"config\.json does not exist"):
        Model(folder)


def test_shards_that_are_missing_or_not_named_are_said(tmp_path):
    store(tmp_path, shards="2KB")
    second = sorted(tmp_path.glob("model-00002*"))[0]
    second.unlink()
    with pytest.raises(FileError, match=f"{second.name} is missing, though"):
        Model(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    with pytest.raises(FileError, match="has no weight_map"):
        Model(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "parrot"}, "holds no causal language model: "),
        ({"model_type": "t5"}, "holds no causal language model: "),
        ({"num_hidden_layers": 3}, "lacks the tensor model.layers.2.input_layernorm.weight"),
        ({"num_hidden_layers": 1}, "holds model.layers.1.input_layernorm.weight, which its config"),
        ({"vocab_size": 12}, "has shape (13, 16), but config.json calls for (12, 16)"),
        ({"num_attention_heads": 3}, "holds no causal language model: "),
        ({"attention_bias": True}, "lacks the tensor model.layers.0.self_attn.k_proj.bias"),
        ({"hidden_act": "swish7"}, "holds no causal language model: "),
        ({"quantization_config": {"bits": 4}}, "is quantized"),
        ({"auto_map": {"AutoConfig": "code.Config"}, "model_type": "own"}, "custom code"),
    ],
)
def test_a_config_that_does_not_fit_is_refused_in_one_line(folder, changes, message):
    changed(folder, **changes)
    with pytest.raises(FileError, match=re.escape(message)) as refused:
        Model(folder)
    assert "\n" not in str(refused.value)


def test_buffers_that_old_checkpoints_store_are_passed_over(folder):
    restored(folder, lambda T: T.update({"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(2)}))
    Model(folder)
    restored(folder, lambda T: T.update({"model.layers.0.self_attn.q_proj.bias": torch.ones(16)}))
    with pytest.raises(FileError, match=r"holds model\.layers\.0\.self_attn\.q_proj\.bias, which"):
        Model(folder)


def test_a_folder_of_the_model_without_its_head_is_whole_where_that_is_tied(tmp_path):
    theirs = make("gpt2")
    theirs.transformer.save_pretrained(tmp_path)
    assert torch.equal(Model(tmp_path).network.lm_head.weight, theirs.transformer.wte.weight)
    make("gpt_neox").gpt_neox.save_pretrained(tmp_path / "neox")
    with pytest.raises(FileError, match=r"lacks the tensor (embed_out|lm_head)\.weight"):
        Model(tmp_path / "neox")


def test_integers_are_no_weights(folder):
    restored(folder, lambda T: T.update({DOWN.format(1): torch.ones(16, 12, dtype=torch.int8)}))
    with pytest.raises(FileError, match=r"layers\.1\.mlp\.down_proj\.weight .* is stored as I8"):
        Model(folder)


@pytest.mark.parametrize("kinds", [(torch.float16, torch.bfloat16), (torch.bfloat16, torch.float32)])
def test_every_stored_number_is_kept(folder, kinds):
    """Tensors of two types are read in one that holds both."""

    def narrowed(tensors):
        for k, name in enumerate(sorted(tensors)):
            tensors[name] = tensors[name].to(kinds[k % 2])

    restored(folder, narrowed)
    stored = load_file(folder / "model.safetensors")
    assert {array.dtype for array in stored.values()} == set(kinds)
    for name, p in Model(folder).network.named_parameters():
        assert torch.equal(p.double(), stored[name].double())


def test_nothing_is_asked_of_the_network(folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection is tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    store_words(folder, [f"w{k}" for k in range(13)])
    Model(folder).look([Tokenizer(folder).encode("w1 w2")], lambda *_: None)


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_a_missing_library_is_named_with_what_installs_it(monkeypatch, capsys, name):
    for module in [m for m in sys.modules if m.startswith("geomtoy.checkpoints.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    assert main(["attention", "model", "--prompts", "p.txt"]) == 2
    assert f"needs {name}; run: pip install 'geomtoy[checkpoints,torch]'" in capsys.readouterr().err


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
    with pytest.raises(FileError, match="holds no tokenizer: "):
        Tokenizer(folder)
    (folder / "tokenizer.json").write_text('{"model": {"type": "Guess"}}')
    with pytest.raises(FileError, match="holds no tokenizer: "):
        Tokenizer(folder)


# Truncation


def test_ranks_are_chosen_by_name_pattern_and_share():
    network = make("llama")
    both = [DOWN.format(0), DOWN.format(1)]
    assert Truncation(network, ["*.down_proj.weight"]).of_rank(3) == dict.fromkeys(both, 3)
    assert Truncation(network, both[1:]).of_share(0.45) == {both[1]: 5}
    assert Truncation(network, both[1:]).of_share(1.0) == {both[1]: 12}
    every = Truncation(network, ["*"]).of_rank(0)
    assert every.keys() == {name for name, _ in network.named_parameters() if "norm" not in name}
    with pytest.raises(
        SettingError,
        match=r"no matrix is named x; there are model.embed_tokens.*mlp.down_proj.weight \(2\)",
    ):
        Truncation(network, ["x"])
    with pytest.raises(SettingError, match=r"no matrix is named model\.norm\.weight"):
        Truncation(network, ["model.norm.weight"])
    for rank in (-1, 13):
        with pytest.raises(SettingError, match=rf"rank {rank} is out of range; .* has 0 to 12"):
            Truncation(network, both).of_rank(rank)
    with pytest.raises(SettingError, match=r"the share to keep is 1\.5"):
        Truncation(network, both).of_share(1.5)


@pytest.mark.parametrize("family", ["llama", "gpt2", "mixtral"])
def test_truncation_is_that_of_numpy_and_is_undone(family):
    network = make(family).requires_grad_(False)
    before = {name: p.clone() for name, p in network.named_parameters()}
    truncation = Truncation(network, ["*mlp*proj*" if family != "gpt2" else "*mlp*"])
    for rank in (12, 5, 0, 2):  # 12 is full rank in llama
        with truncation.at(truncation.of_rank(rank)):
            for name, p in network.named_parameters():
                W = before[name].numpy()
                low = truncate(W, rank) if name in truncation.of_rank(rank) else W
                np.testing.assert_allclose(p, low, atol=1e-3)
                assert rank < min(W.shape[-2:]) or torch.equal(p, before[name])
        assert all(torch.equal(p, before[name]) for name, p in network.named_parameters())
    with pytest.raises(KeyError), truncation.at(truncation.of_rank(0)):
        raise KeyError
    assert all(torch.equal(p, before[name]) for name, p in network.named_parameters())


@pytest.mark.parametrize(("dtype", "tied"), [(None, False), (None, True), (torch.bfloat16, False)])
def test_a_truncated_model_is_one_whose_weights_are_truncated(tmp_path, dtype, tied):
    store(tmp_path, dtype=dtype, tie_word_embeddings=tied)
    opened, other = Model(tmp_path), make("llama", tie_word_embeddings=tied)
    other.load_state_dict(opened.network.state_dict())  # in float32
    names = [DOWN.format(0), "model.layers.1.self_attn.q_proj.weight", "model.embed_tokens.weight"]
    stored = {file: file.read_bytes() for file in tmp_path.iterdir()}
    plain_before = opened.log_probabilities([[1, 2, 3]], [[4]])
    truncation = Truncation(opened.network, names)
    with truncation.at(truncation.of_rank(3)):
        found = opened.log_probabilities([[1, 2, 3]], [[4]])
    for name, p in other.named_parameters():
        p.data = torch.tensor(truncate(p.numpy(force=True), 3)) if name in names else p.data
    logits = plain(other, [1, 2, 3])[0][-1]
    np.testing.assert_allclose(found, logits[4] - np.log(np.exp(logits).sum()), atol=1e-4)
    assert abs(found - plain_before) > 0.01
    assert opened.log_probabilities([[1, 2, 3]], [[4]]) == plain_before
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == stored
