"""Toy decoders stored as checkpoints and read back, and the commands on them."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.numpy import load_file

from geomtoy.checkpoints.model import Model
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.cli import main
from geomtoy.errors import FileError, SettingError
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.checkpoint import save_checkpoint
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.theory.intrinsic_dimension import intrinsic_dimension

PROMPTS = ([1, 2, 3, 4, 10, 0, 5], [7, 2, 2, 9, 6, 8, 8])


def decoder(norm="pre", *, hidden=10, residual=True, bias_scale=0.5, **more):
    """A random one whose LayerNorms are random too."""
    layer_only = {key: more.pop(key) for key in ("scaled", "kind") if key in more}
    attention = AttentionConfig(6, 2, 4, alpha=0.3, beta=0.4, **layer_only)
    layer = LayerConfig(attention, hidden, norm, residual, bias_scale)
    made = Decoder(DecoderConfig(11, 9, 3, layer, **more), rngs=nnx.Rngs(params=0))
    state = nnx.state(made, nnx.Param)
    rng = np.random.default_rng(0)
    nnx.update(made, jax.tree.map(lambda x: x + 0.3 * rng.normal(size=x.shape), state))
    return made


def following(made, ids):
    """Logits of the token after a prompt, by one shape for all tests, which compile it once."""
    return made(jnp.array([*ids, *[0] * (7 - len(ids))]))[len(ids) - 1]


KINDS = {
    "pre": {},
    "post": {"norm": "post"},
    "before MLPs": {"norm": "mlp"},
    "none": {"norm": "none"},
    "no residual": {"norm": "post", "residual": False},
    "MLP in one layer": {"norm": "post", "mlp_layers": (1,)},
    "MLP in one layer, pre": {"norm": "pre", "mlp_layers": (2,)},
    "attention only": {"norm": "none", "hidden": None},
    "no biases": {"norm": "none", "bias_scale": None},
    "added random": {"added": "random", "scaled": True},
    "added identity": {"added": "identity", "norm": "none"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_decoder_is_the_same_function(tmp_path, kind):
    made = decoder(**KINDS[kind])
    save_checkpoint(tmp_path, made)
    opened, maps = Model(tmp_path), {}

    def look(layer, batch, found):
        for n, padding, one in zip(batch.numbers, batch.padding, found, strict=True):
            maps[layer, n] = one[:, padding:, padding:].numpy()

    prompts = [ids[: 6 - 2 * k] for k, ids in enumerate(PROMPTS)]
    opened.look(prompts, look)
    answers = opened.generate(prompts, 2, lambda answer: False, lambda *_: None)
    for k, ids in enumerate(prompts):
        expected = made.trace(jnp.array(PROMPTS[k]))
        T = len(ids)
        logs = jax.nn.log_softmax(expected.logits[T - 1])
        found = opened.log_probabilities([ids] * 11, [[token] for token in range(11)])
        np.testing.assert_allclose(found, logs, atol=1e-9)
        assert answers[k][0] == int(logs.argmax())
        assert answers[k][1] == int(following(made, [*ids, answers[k][0]]).argmax())
        for layer in range(3):
            np.testing.assert_allclose(maps[layer, k], expected.pattern[layer][:, :T, :T], atol=1e-12)


def test_parameters_are_stored_as_they_are_and_all_of_them(tmp_path):
    made = decoder()
    save_checkpoint(tmp_path, made)
    parameters = jax.tree.leaves(nnx.state(made, nnx.Param))
    tensors = load_file(tmp_path / "model.safetensors")
    assert sum(array.size for array in tensors.values()) == sum(p.size for p in parameters)
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float64)}
    np.testing.assert_array_equal(tensors["W_U"].T, made.W_U[...])
    np.testing.assert_array_equal(
        tensors["layers.1.attention.W_Q.weight"][4:].T, made.layers[1].attention.W_Q[...][1]
    )


def test_commands_read_a_stored_decoder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made = decoder("post", hidden=10)
    words = [f"w{k}" for k in range(11)]
    save_checkpoint("toy", made, words)
    assert Tokenizer("toy").encode("w3 w10") == [3, 10]
    (tmp_path / "p.txt").write_text("\n".join(" ".join(words[t] for t in ids) for ids in PROMPTS))
    assert main(["attention", "toy", "--prompts", "p.txt"]) == 0
    for line, ids in zip(capsys.readouterr().out.splitlines(), PROMPTS, strict=True):
        pattern = np.asarray(made.trace(jnp.array(ids)).pattern)
        expected = intrinsic_dimension(pattern)[:, -1].tolist()
        assert json.loads(line)["intrinsic_dimension"] == expected
    (tmp_path / "q.jsonl").write_text(
        '{"question": "w1 w2", "answer": "w9", "shots": [{"question": "w3", "answer": "w4"}]}\n'
    )
    form = ("--shot-format", "{question} {answer} ", "--question-format", "{question}")
    asked = ("reasoning-id", "toy", "q.jsonl", "--shots", "0..1", "--max-new-tokens", "1", *form)
    assert main([*asked, "--judge", "false", "--out", "r.jsonl"]) == 0
    records = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()][1:]
    assert [record["shots"] for record in records] == [0, 1]
    for record, ids in zip(records, ([1, 2], [3, 4, 1, 2]), strict=True):
        assert record["answer"] == words[int(following(made, ids).argmax())]
    capsys.readouterr()
    (tmp_path / "a.jsonl").write_text('{"prompt": "w1 w2", "answer": " w3", "generic": " w4"}\n')
    name = "layers.2.mlp.out.weight"
    assert main(["truncate", "toy", "--matrix", name, "--rank", "0", "--prompts", "a.jsonl"]) == 0
    record = json.loads(capsys.readouterr().out)
    before = jax.nn.softmax(following(made, [1, 2]))
    kernel = made.layers[2].mlp.out.kernel
    kernel[...] = 0 * kernel[...]
    after = jax.nn.softmax(following(made, [1, 2]))
    for when, p in (("before", before), ("after", after)):
        assert record[when] == pytest.approx({"answer": float(p[3]), "generic": float(p[4])}, rel=1e-9)


def test_what_cannot_be_stored_is_refused(tmp_path):
    with pytest.raises(SettingError, match="hard attention cannot be stored"):
        save_checkpoint(tmp_path / "x", decoder(kind="hard"))
    made = decoder()
    for words, message in (
        (["a"], "1 words are given; give 11 different ones"),
        (["a"] * 11, "give 11 different ones"),
        (["a b", *map(str, range(10))], "the word 'a b' has a space in it"),
    ):
        with pytest.raises(SettingError, match=message):
            save_checkpoint(tmp_path / "x", made, words)
    assert not (tmp_path / "x").exists()
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot make"):
        save_checkpoint(tmp_path / "file", made)


def test_an_unknown_layer_norm_is_refused(tmp_path):
    save_checkpoint(tmp_path, decoder())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"layer_norm": "sandwich"}))
    with pytest.raises(FileError, match=r"layer_norm 'sandwich' in config\.json is unknown"):
        Model(tmp_path)
