"""Stored models against loops over single tokens, against transformers, and against themselves."""

import subprocess
import sys
import weakref

import ml_dtypes
import numpy as np
import pytest
from checkpoint_oracle import (
    LLAMA,
    LLAMA3,
    NEOX,
    VOCABULARY,
    llama_tensors,
    neox_tensors,
    plain_llama,
    plain_neox,
    store,
)

from geomtoy.checkpoints import attention, model, rope
from geomtoy.checkpoints.folder import Checkpoint
from geomtoy.checkpoints.generation import generate
from geomtoy.checkpoints.model import Model, Prompt, open_model

CASES = {
    "llama": LLAMA,
    "llama, tied, biases, long heads": LLAMA
    | {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True, "head_dim": 6},
    "llama, one group": LLAMA | {"num_key_value_heads": 1},
    "llama 3": LLAMA | {"rope_theta": 5000.0, "rope_scaling": LLAMA3},
    "llama, linear": LLAMA | {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "neox": NEOX,
    "neox, in sequence": NEOX | {"use_parallel_residual": False, "rotary_pct": 1.0},
    "neox, no biases": NEOX | {"attention_bias": False, "rotary_pct": 0.25},
}
PROMPTS = ([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 12, 0, 1], [7], [2, 7, 1, 8, 2, 8])


def tensors_of(config, seed=0):
    make = llama_tensors if config["model_type"] == "llama" else neox_tensors
    return make(config, np.random.default_rng(seed))


def looked(opened, prompts):
    """Logits by prompt, and whole maps by (layer, prompt)."""
    maps = {}

    def look(layer, prompt, weights, first):
        heads, rows, seen = weights.shape
        n = len(prompts[prompt])
        whole = maps.setdefault((layer, prompt), np.zeros((heads, n, n)))
        whole[:, first : first + rows, :seen] = weights

    states = opened.run([Prompt(list(ids)) for ids in prompts], look)
    return [opened.logits(each) for each in states], maps


@pytest.fixture(params=["llama", "neox"])
def opened(request, tmp_path):
    config = CASES[request.param]
    return open_model(store(tmp_path / "model", config, tensors_of(config)))


# Against loops


@pytest.mark.parametrize("case", CASES)
def test_logits_and_maps_are_those_of_plain_loops(tmp_path, case):
    config = CASES[case]
    tensors = tensors_of(config)
    plain = plain_llama if config["model_type"] == "llama" else plain_neox
    found, maps = looked(open_model(store(tmp_path, config, tensors)), PROMPTS)
    for k, ids in enumerate(PROMPTS):
        logits, by_layer = plain(config, tensors, ids)
        np.testing.assert_allclose(found[k], logits, atol=1e-4)
        for layer, expected in enumerate(by_layer):
            np.testing.assert_allclose(maps[layer, k], expected, atol=1e-5)


def test_newer_spelling_of_rotary_settings_means_the_same(tmp_path):
    newer = {key: value for key, value in CASES["llama 3"].items() if not key.startswith("rope")}
    newer["rope_parameters"] = LLAMA3 | {"rope_theta": 5000.0}
    older, newest = rope.settings(CASES["llama 3"]), rope.settings(newer)
    np.testing.assert_array_equal(rope.frequencies(8, older), rope.frequencies(8, newest))
    parameters = {"rope_type": "default", "rope_theta": 100, "partial_rotary_factor": 0.5}
    neox = {key: value for key, value in NEOX.items() if not key.startswith("rotary")}
    tensors = tensors_of(NEOX)
    both = [
        looked(open_model(store(tmp_path / str(k), config, tensors)), PROMPTS)[0]
        for k, config in enumerate((NEOX, neox | {"rope_parameters": parameters}))
    ]
    np.testing.assert_array_equal(both[0][0], both[1][0])


# Against transformers


def transformers_models():
    transformers = pytest.importorskip("transformers")
    scaled = {**LLAMA3, "rope_theta": 5000.0}
    for change in (
        {},
        {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True, "head_dim": 6},
        {"rope_parameters": scaled},
    ):
        config = {key: value for key, value in LLAMA.items() if not key.startswith(("rope", "model"))}
        made = transformers.LlamaConfig(
            **config | {"rope_parameters": {"rope_type": "default", "rope_theta": 100.0}} | change
        )
        yield transformers.LlamaForCausalLM(made)
    for parallel in (True, False):
        config = {key: value for key, value in NEOX.items() if not key.startswith(("rotary", "model"))}
        turned = {"rope_type": "default", "rope_theta": 100.0, "partial_rotary_factor": 0.5}
        made = transformers.GPTNeoXConfig(
            **config | {"use_parallel_residual": parallel}, rope_parameters=turned
        )
        yield transformers.GPTNeoXForCausalLM(made)


@pytest.mark.parametrize("half", [False, True])
def test_logits_and_maps_are_those_of_transformers(tmp_path, half):
    torch = pytest.importorskip("torch")
    for number, theirs in enumerate(transformers_models()):
        torch.manual_seed(number)
        for parameter in theirs.parameters():
            parameter.data = 0.6 * torch.randn_like(parameter)
        if half:
            theirs.bfloat16()
        theirs.save_pretrained(tmp_path / str(number), max_shard_size="2KB" if half else "1GB")
        found, maps = looked(open_model(tmp_path / str(number)), PROMPTS)
        theirs = type(theirs).from_pretrained(
            tmp_path / str(number), dtype=torch.float32, attn_implementation="eager"
        )  # half precision has rounded more than parameters: the turns of positions too
        for k, ids in enumerate(PROMPTS):
            with torch.no_grad():
                expected = theirs(torch.tensor([ids]), output_attentions=True)
            np.testing.assert_allclose(found[k], expected.logits[0].numpy(), atol=1e-4)
            for layer, weights in enumerate(expected.attentions):
                np.testing.assert_allclose(maps[layer, k], weights[0].numpy(), atol=1e-4)


# Against itself


def test_no_token_depends_on_later_ones(opened):
    first, other = [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 9, 9]
    a, b = (opened.run([Prompt(ids)])[0] for ids in (first, other))
    np.testing.assert_allclose(a[:4], b[:4], atol=1e-6)
    assert np.abs(a[4:] - b[4:]).max(axis=1).min() > 1e-3


def test_prompts_do_not_meet(opened, monkeypatch):
    together = opened.run([Prompt(list(ids)) for ids in PROMPTS])
    monkeypatch.setattr(model, "PACKED", 4)
    apart = opened.run([Prompt(list(ids)) for ids in PROMPTS])
    for k, ids in enumerate(PROMPTS):
        alone = opened.run([Prompt(list(ids))])[0]
        np.testing.assert_allclose(together[k], alone, atol=1e-5)
        np.testing.assert_allclose(apart[k], alone, atol=1e-5)


def test_tokens_go_through_a_layer_in_packs(opened, monkeypatch):
    monkeypatch.setattr(model, "PACKED", 7)
    sizes, layer = [], opened.architecture.layer

    def sized(W, x, positions, attend):
        sizes.append(len(x))
        return layer(W, x, positions, attend)

    monkeypatch.setattr(opened.architecture, "layer", sized)
    opened.run([Prompt(list(ids)) for ids in PROMPTS])
    assert sizes == 2 * [17, 1 + 6]


def test_maps_are_the_same_in_blocks_of_rows(opened, monkeypatch):
    whole, maps = looked(opened, PROMPTS)
    monkeypatch.setattr(attention, "ENTRIES", 100)
    blocks, again = looked(opened, PROMPTS)
    for key, expected in maps.items():
        np.testing.assert_allclose(again[key], expected, atol=1e-6)
        np.testing.assert_allclose(expected.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(blocks[0], whole[0], atol=1e-5)


def test_products_of_turned_vectors_depend_on_distance_alone():
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, 3, 10))
    turns = rope.frequencies(8, {"rope_type": "default", "rope_theta": 100.0})

    def product(i, j):
        at = (rope.rotate(z, np.array([p]), turns) for z, p in ((q, i), (k, j)))
        a, b = at
        return (a * b).sum(-1)

    np.testing.assert_allclose(product(7, 3), product(1007, 1003), atol=1e-10)
    assert np.abs(product(7, 3) - product(7, 4)).min() > 1e-6
    np.testing.assert_array_equal(rope.rotate(q, np.array([5]), turns)[..., 8:], q[..., 8:])


def test_remembered_keys_change_nothing(opened):
    asked = [list(ids) for ids in PROMPTS]
    answers = generate(opened, asked, 5, lambda answer: False)
    for ids, answer in zip(PROMPTS, answers, strict=True):
        whole = list(ids)
        for token in answer:
            logits = opened.logits(opened.run([Prompt(whole)])[0])[-1]
            assert logits[token] >= logits.max() - 1e-4
            whole.append(token)
    assert [len(answer) for answer in answers] == [5, 5, 5]
    assert asked == [list(ids) for ids in PROMPTS]


def test_an_ended_answer_stops_alone(opened):
    whole = generate(opened, [[1, 2], [3, 4, 5]], 6, lambda answer: False)
    stop = whole[0][2]
    found = generate(opened, [[1, 2], [3, 4, 5]], 6, lambda answer: answer[-1] == stop)
    for answer, longer in zip(found, whole, strict=True):
        cut = longer.index(stop) + 1 if stop in longer else 6
        assert answer == longer[:cut]


def test_log_probabilities_are_those_of_the_softmax(opened, monkeypatch):
    states = opened.run([Prompt(list(PROMPTS[0]))])[0]
    logits = opened.logits(states).astype(float)
    expected = np.log(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))
    monkeypatch.setattr(model, "ROWS", 5)
    for token in (0, 4, 5, VOCABULARY - 1):
        found = opened.log_probabilities(states, np.full(len(states), token))
        np.testing.assert_allclose(found, expected[:, token], atol=1e-6)
    np.testing.assert_array_equal(opened.logits(states), logits.astype(np.float32))


# Files


@pytest.mark.parametrize("case", ["llama", "neox"])
def test_shards_make_the_same_model(tmp_path, case):
    config, tensors = CASES[case], tensors_of(CASES[case])
    one, three = (
        open_model(store(tmp_path / str(n), config, tensors, shards=n)).run([Prompt([1, 2, 3])])[0]
        for n in (1, 3)
    )
    assert not (tmp_path / "3" / "model.safetensors").exists()
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("kind", [ml_dtypes.bfloat16, np.float16, np.float64])
def test_other_floats_are_read_as_the_numbers_that_they_are(tmp_path, kind):
    tensors = {name: array.astype(kind) for name, array in tensors_of(LLAMA).items()}
    widened = {name: array.astype(np.float32) for name, array in tensors.items()}
    half = Checkpoint(store(tmp_path / "half", LLAMA, tensors))
    for name, array in widened.items():
        assert half.read(name).dtype == np.float32
        np.testing.assert_array_equal(half.read(name), array)
        np.testing.assert_array_equal(half.rows(name, slice(1, 3)), array[1:3])
    whole = open_model(store(tmp_path / "whole", LLAMA, widened))
    both = [each.run([Prompt([1, 2, 3])])[0] for each in (Model(half), whole)]
    np.testing.assert_array_equal(*both)


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    bits = np.array([[0x3F80, 0xC049, 0x0001, 0x7F7F]], np.uint16)
    tensors = {"x": bits.view(ml_dtypes.bfloat16)}
    expected = (bits.astype(np.uint32) << 16).view(np.float32)
    read = Checkpoint(store(tmp_path, LLAMA, tensors)).read("x")
    np.testing.assert_array_equal(read.view(np.uint32), expected.view(np.uint32))


def test_bfloat16_is_read_by_a_process_that_has_loaded_nothing_else(tmp_path):
    store(tmp_path, LLAMA, {"x": np.ones((2, 2), ml_dtypes.bfloat16)})
    program = (
        "import sys; from geomtoy.checkpoints.folder import Checkpoint; "
        "assert 'ml_dtypes' not in sys.modules; print(Checkpoint(sys.argv[1]).read('x').sum())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "4.0"


class Spy:
    """Tensors that note what is read, and how many layers' arrays are alive at a time."""

    def __init__(self, tensors):
        self.folder, self.config, self.names, self.shape = (
            tensors.folder, tensors.config, tensors.names, tensors.shape,
        )  # fmt: skip
        self.tensors, self.reads, self.rows_read, self.alive, self.most = tensors, [], [], {}, 0

    def read(self, name):
        array = self.tensors.read(name)
        self.reads.append(name)
        if ".layers." in name:
            layer = name.split(".layers.")[1].split(".")[0]
            self.alive.setdefault(layer, []).append(weakref.ref(array))
            alive = [
                one for one, arrays in self.alive.items() if any(ref() is not None for ref in arrays)
            ]
            self.most = max(self.most, len(alive))
        return array

    def rows(self, name, rows):
        self.rows_read.append((name, rows))
        return self.tensors.rows(name, rows)


@pytest.mark.parametrize("case", ["llama", "neox"])
def test_one_layer_is_in_memory_at_a_time(tmp_path, case, monkeypatch):
    monkeypatch.setattr(model, "PACKED", 4)  # several packs, which must share one reading
    config = CASES[case] | {"num_hidden_layers": 4}
    spy = Spy(Checkpoint(store(tmp_path, config, tensors_of(config))))
    streamed = Model(spy)
    before = len(spy.reads)
    streamed.run([Prompt(list(ids)) for ids in PROMPTS])
    assert spy.most == 1
    in_layers = spy.reads[before:]
    assert len(in_layers) == len(set(in_layers)) == sum(".layers." in name for name in spy.names)
    order = [int(name.split(".layers.")[1].split(".")[0]) for name in in_layers]
    assert order == sorted(order)
    embedding = streamed.architecture.embedding
    assert {name for name, _ in spy.rows_read} == {embedding}
    assert {t for _, rows in spy.rows_read for t in rows} == {t for ids in PROMPTS for t in ids}
    assert embedding not in spy.reads
    assert streamed.architecture.unembedding not in spy.reads
