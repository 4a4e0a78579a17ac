"""Stored models against the library's own forward pass, against plain numpy, and against themselves."""

import re
import weakref
from pathlib import Path

import numpy as np
import pytest
from checkpoint_models import (
    CONTEXT,
    FAMILIES,
    HEADS,
    LAYERS,
    VOCABULARY,
    make,
    plain,
    store,
    torch,
    transformers,
)

from geomtoy.checkpoints import model as model_module
from geomtoy.checkpoints.model import Model
from geomtoy.errors import SettingError

PROMPTS = ([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 12, 0, 1], [7], [2, 7, 1, 8, 2, 8])

MAPPED = Path("/proc/self/maps")


def never(answer):
    return False


def ignore(layer, batch, maps):
    pass


def maps_of(opened, prompts):
    """Whole maps by (layer, prompt), without padding."""
    maps = {}

    def look(layer, batch, found):
        for number, padding, one in zip(batch.numbers, batch.padding, found, strict=True):
            assert (layer, number) not in maps
            maps[layer, number] = one[:, padding:, padding:].numpy()

    opened.look(prompts, look)
    assert len(maps) == opened.n_layers * len(prompts)
    return maps


def log_probabilities_of_each_token(opened, ids):
    """(T, V): what follows each token."""
    every = [[token] for token in range(VOCABULARY)]
    return np.array(
        [opened.log_probabilities([ids[: k + 1]] * VOCABULARY, every) for k in range(len(ids))]
    )


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


# Against the library


@pytest.mark.parametrize("family", FAMILIES)
def test_maps_probabilities_and_answers_are_the_library_s_of_single_prompts(tmp_path, family):
    theirs = store(tmp_path, family)
    opened = Model(tmp_path)
    maps = maps_of(opened, PROMPTS)
    answers = opened.generate(PROMPTS, 3, never, ignore)
    for k, ids in enumerate(PROMPTS):
        logits, expected = plain(theirs, ids)
        assert expected.shape == (LAYERS, HEADS, len(ids), len(ids))
        for layer in range(LAYERS):
            np.testing.assert_allclose(maps[layer, k], expected[layer], atol=1e-5)
        found = opened.log_probabilities([ids] * VOCABULARY, [[t] for t in range(VOCABULARY)])
        np.testing.assert_allclose(found, log_softmax(logits[-1]), atol=1e-4)
        whole = list(ids)
        for token in answers[k]:
            following = plain(theirs, whole)[0][-1]
            assert following[token] >= following.max() - 1e-4
            whole.append(token)
        assert len(answers[k]) == 3


@pytest.mark.parametrize("family", FAMILIES)
def test_half_precision_is_computed_in_float32(tmp_path, family):
    store(tmp_path, family, dtype=torch.bfloat16, shards="2KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    theirs = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, dtype=torch.float32, attn_implementation="eager"
    )
    opened = Model(tmp_path)
    assert {p.dtype for p in opened.network.parameters()} == {torch.bfloat16}
    maps = maps_of(opened, PROMPTS)
    for k, ids in enumerate(PROMPTS):
        logits, expected = plain(theirs, ids)
        for layer in range(LAYERS):
            np.testing.assert_allclose(maps[layer, k], expected[layer], atol=1e-5)
        found = opened.log_probabilities([ids[:-1] or ids], [ids[-1:]])
        np.testing.assert_allclose(found, log_softmax(logits)[max(len(ids) - 2, 0), ids[-1]], atol=1e-4)
    assert {p.dtype for p in opened.network.parameters()} == {torch.bfloat16}


# Against numpy


def test_gpt2_is_softmax_of_queries_and_keys_in_plain_numpy(tmp_path):
    W = {name: p.double().numpy() for name, p in store(tmp_path, "gpt2").state_dict().items()}
    opened, ids = Model(tmp_path), PROMPTS[0]
    maps = maps_of(opened, [ids])

    def norm(name, x):
        centred = x - x.mean(-1, keepdims=True)
        size = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return centred / size * W[f"{name}.weight"] + W[f"{name}.bias"]

    def affine(name, x):
        return x @ W[f"{name}.weight"] + W[f"{name}.bias"]

    x = W["transformer.wte.weight"][ids] + W["transformer.wpe.weight"][: len(ids)]
    for layer in range(LAYERS):
        at = f"transformer.h.{layer}"
        parts = affine(f"{at}.attn.c_attn", norm(f"{at}.ln_1", x)).reshape(len(ids), 3, HEADS, -1)
        q, k, v = parts.transpose(1, 2, 0, 3)
        scores = np.where(
            np.tri(len(ids), dtype=bool), q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]), -np.inf
        )
        weights = np.exp(log_softmax(scores))
        np.testing.assert_allclose(maps[layer, 0], weights, atol=1e-5)
        x = x + affine(f"{at}.attn.c_proj", (weights @ v).swapaxes(0, 1).reshape(len(ids), -1))
        z = affine(f"{at}.mlp.c_fc", norm(f"{at}.ln_2", x))
        gelu = z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))) / 2
        x = x + affine(f"{at}.mlp.c_proj", gelu)
    logits = norm("transformer.ln_f", x) @ W["transformer.wte.weight"].T
    found = log_probabilities_of_each_token(opened, ids)
    np.testing.assert_allclose(found, log_softmax(logits), atol=1e-4)


# Against itself


@pytest.fixture(params=["gpt2", "gemma2"])
def opened(request, tmp_path):
    store(tmp_path, request.param)
    return Model(tmp_path)


def test_prompts_do_not_meet(opened, monkeypatch):
    together = maps_of(opened, PROMPTS)
    answers = opened.generate(PROMPTS, 4, never, ignore)
    monkeypatch.setattr(model_module, "PACKED", 4)
    for key, expected in maps_of(opened, PROMPTS).items():
        np.testing.assert_allclose(together[key], expected, atol=1e-5)
    assert answers == opened.generate(PROMPTS, 4, never, ignore)


def test_batches_hold_few_tokens_and_every_prompt_once(opened, monkeypatch):
    monkeypatch.setattr(model_module, "PACKED", 12)
    assert [batch.numbers for batch in opened._batches([[1] * 4, [1] * 2, [1] * 3])] == [[1, 2, 0]]
    sizes, seen = [], []

    def look(layer, batch, maps):
        sizes.append(batch.ids.shape)
        seen.extend(batch.numbers)
        assert (batch.ids.numpy()[batch.mask.numpy() == 0] == 0).all()

    opened.look(PROMPTS, look)
    assert sizes == 2 * [(2, 6)] + 2 * [(1, 17)]
    assert seen == 2 * [1, 2] + 2 * [0]
    monkeypatch.setattr(model_module, "WORTH", 6)
    parts = [batch.numbers for batch in opened._batches([[1] * n for n in (4, 4, 1, 1, 5, 6)])]
    assert parts == [[2, 3, 0], [1, 4], [5]]


def test_probabilities_of_texts_multiply(opened):
    prompts, texts = [[1, 2, 3], [1, 2, 3], [4], [1, 2]], [[5], [5, 6, 7], [8, 9], [3, 5]]
    found = opened.log_probabilities(prompts, texts)
    for before, after, expected in zip(prompts, texts, found, strict=True):
        each = log_probabilities_of_each_token(opened, before + after)
        steps = [each[len(before) - 1 + k, token] for k, token in enumerate(after)]
        assert sum(steps) == pytest.approx(expected, abs=1e-5)


def test_equal_inputs_go_through_once(opened, monkeypatch):
    sizes, logits = [], opened._logits

    def counted(batch, keep):
        sizes.append((len(batch.numbers), keep))
        return logits(batch, keep)

    monkeypatch.setattr(opened, "_logits", counted)
    opened.log_probabilities([[1, 2], [1, 2], [1], [1]], [[3], [4], [2, 5], [2, 5, 6]])
    assert sizes == [(2, 3)]


def test_an_ended_answer_stops_alone(opened):
    whole = opened.generate([[1, 2], [3, 4, 5]], 6, never, ignore)
    stop = whole[0][2]
    found = opened.generate([[1, 2], [3, 4, 5]], 6, lambda answer: answer[-1] == stop, ignore)
    for answer, longer in zip(found, whole, strict=True):
        assert answer == longer[: longer.index(stop) + 1 if stop in longer else 6]


def test_maps_of_answers_are_not_shown(opened):
    shapes = []
    opened.generate([[1, 2, 3]], 4, never, lambda layer, batch, maps: shapes.append((layer, maps.shape)))
    assert shapes == [(layer, (1, HEADS, 3, 3)) for layer in range(LAYERS)]


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "mixtral"])
def test_activations_are_those_of_single_prompts(tmp_path, family):
    theirs = store(tmp_path, family)
    opened = Model(tmp_path)
    last = "*.ln_f" if family == "gpt2" else "model.norm"
    [final] = opened.activations(PROMPTS, last).values()
    blocks = opened.activations(PROMPTS, "*.mlp")
    assert len(blocks) == LAYERS
    for k, ids in enumerate(PROMPTS):
        expected = plain(theirs, ids)[0]
        with torch.no_grad():
            logits = theirs.lm_head(torch.tensor(final[k])).numpy()
        if family == "gemma2":
            logits = 30 * np.tanh(logits / 30)
        np.testing.assert_allclose(logits, expected, atol=1e-4)
        assert {values[k].shape for values in blocks.values()} == {(len(ids), 16)}
    with pytest.raises(SettingError, match=r"no module is named \*\.nothing"):
        opened.activations(PROMPTS, "*.nothing")
    if family == "mixtral":
        with pytest.raises(SettingError, match=r"experts gives no vector for each token"):
            opened.activations(PROMPTS, "*.experts")


def test_one_layer_of_maps_is_in_memory_at_a_time(opened):
    alive = []

    def look(layer, batch, maps):
        assert not [k for k, ref in enumerate(alive[:-1]) if ref() is not None]
        alive.append(weakref.ref(maps))

    opened.look([PROMPTS[0]], look)
    assert len(alive) == LAYERS


@pytest.mark.skipif(not MAPPED.exists(), reason="the system does not list what is mapped")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_stay_in_their_file(tmp_path, dtype):
    store(tmp_path, "llama", dtype=dtype)
    opened = Model(tmp_path)
    opened.look(PROMPTS, ignore)
    lines = MAPPED.read_text().splitlines()
    ends = [line.split()[0].split("-") for line in lines if str(tmp_path) in line]
    mapped = [range(int(a, 16), int(b, 16)) for a, b in ends]
    for name, p in opened.network.named_parameters():
        assert any(p.data_ptr() in part for part in mapped), name


def test_a_model_without_maps_in_every_layer_is_refused(tmp_path):
    made = transformers.MambaConfig(vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=2)
    transformers.MambaForCausalLM(made).save_pretrained(tmp_path)
    opened = Model(tmp_path)
    with pytest.raises(SettingError, match="0 of 2 layers make attention maps"):
        opened.look([[1, 2]], ignore)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "the prompt has no tokens"),
        ([1] * (CONTEXT + 1), f"has {CONTEXT + 1} tokens, but the context is {CONTEXT}"),
        ([1, VOCABULARY], f"a token of the prompt is none of the model's {VOCABULARY}"),
    ],
)
def test_prompts_that_the_model_cannot_read_are_refused(opened, ids, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        opened.look([[1], ids], ignore)
    opened.look([[1] * CONTEXT], ignore)


def test_settings_of_generation_do_not_change_greedy_answers(tmp_path):
    theirs = make("llama")
    theirs.generation_config = transformers.GenerationConfig(
        do_sample=True, temperature=9.0, repetition_penalty=5.0, eos_token_id=[3, 4]
    )
    theirs.save_pretrained(tmp_path / "odd")
    make("llama").save_pretrained(tmp_path / "even")
    odd, even = (Model(tmp_path / name) for name in ("odd", "even"))
    assert (odd.end_tokens, even.end_tokens) == ({3, 4}, set())
    assert odd.generate(PROMPTS, 5, never, ignore) == even.generate(PROMPTS, 5, never, ignore)
