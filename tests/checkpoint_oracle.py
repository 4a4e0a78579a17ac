"""Tiny stored models, and their functions written out token by token and number by number."""

import json
from math import cos, erf, exp, pi, sin, sqrt

import numpy as np
from safetensors.numpy import save_file

VOCABULARY = 13

LLAMA = {
    "model_type": "llama",
    "vocab_size": VOCABULARY,
    "hidden_size": 8,
    "intermediate_size": 10,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 24,
    "rms_norm_eps": 1e-5,
    "rope_theta": 100.0,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
NEOX = {
    "model_type": "gpt_neox",
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 24,
    "layer_norm_eps": 1e-5,
    "rotary_pct": 0.5,
    "rotary_emb_base": 100,
    "use_parallel_residual": True,
}


def store(folder, config, tensors, shards=1):
    """Write a checkpoint folder with as many files of tensors; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    names = sorted(tensors)
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return folder
    files = {name: f"model-{k % shards + 1:05}.safetensors" for k, name in enumerate(names)}
    for file in set(files.values()):
        save_file({name: tensors[name] for name in names if files[name] == file}, folder / file)
    index = {"metadata": {}, "weight_map": files}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def store_words(folder, words, start=None):
    """Write a tokenizer.json of whole words; `start` is a special word put before every text."""
    vocabulary = {word: k for k, word in enumerate(words)}
    record = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unknown>"},
    }
    if start is not None:
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        record["added_tokens"] = [{"id": vocabulary[start], "content": start, "special": True, **flags}]
        record["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": start, "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [],
            "special_tokens": {start: {"id": start, "ids": [vocabulary[start]], "tokens": [start]}},
        }
    (folder / "tokenizer.json").write_text(json.dumps(record))


def llama_tensors(config, rng):
    d, hidden, V = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    f = config.get("head_dim", d // config["num_attention_heads"])
    q, kv = config["num_attention_heads"] * f, config["num_key_value_heads"] * f
    sides = {"self_attn.q_proj": (q, d), "self_attn.k_proj": (kv, d), "self_attn.v_proj": (kv, d)}
    sides |= {"self_attn.o_proj": (d, q), "mlp.gate_proj": (hidden, d), "mlp.up_proj": (hidden, d)}
    sides |= {"mlp.down_proj": (d, hidden)}
    shapes = {"model.embed_tokens.weight": (V, d), "model.norm.weight": (d,)}
    if not config.get("tie_word_embeddings"):
        shapes["lm_head.weight"] = (V, d)
    for k in range(config["num_hidden_layers"]):
        at = f"model.layers.{k}."
        shapes |= {at + "input_layernorm.weight": (d,), at + "post_attention_layernorm.weight": (d,)}
        for name, shape in sides.items():
            shapes[f"{at}{name}.weight"] = shape
            if config.get("attention_bias" if "attn" in name else "mlp_bias"):
                shapes[f"{at}{name}.bias"] = shape[:1]
    return drawn(shapes, rng)


def neox_tensors(config, rng):
    d, hidden, V = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    sides = {"attention.query_key_value": (3 * d, d), "attention.dense": (d, d)}
    sides |= {"mlp.dense_h_to_4h": (hidden, d), "mlp.dense_4h_to_h": (d, hidden)}
    norms = {"gpt_neox.final_layer_norm": (d,)}
    shapes = {"gpt_neox.embed_in.weight": (V, d), "embed_out.weight": (V, d)}
    for k in range(config["num_hidden_layers"]):
        at = f"gpt_neox.layers.{k}."
        norms |= {at + "input_layernorm": (d,), at + "post_attention_layernorm": (d,)}
        for name, shape in sides.items():
            shapes[f"{at}{name}.weight"] = shape
            if config.get("attention_bias", True) or "mlp" in name:
                shapes[f"{at}{name}.bias"] = shape[:1]
    for name, shape in norms.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape}
    return drawn(shapes, rng)


def drawn(shapes, rng):
    return {name: (0.6 * rng.normal(size=shape)).astype(np.float32) for name, shape in shapes.items()}


def plain_llama(config, tensors, ids):
    """Logits of every token, and maps[layer][head][i][j]; float64, loops, no arrays of tokens."""
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    f = config.get("head_dim", config["hidden_size"] // heads)
    T = {name: array.astype(float) for name, array in tensors.items()}
    x, maps = [T["model.embed_tokens.weight"][token] for token in ids], []
    for layer in range(config["num_hidden_layers"]):

        def part(name, y, at=f"model.layers.{layer}."):
            return T[f"{at}{name}.weight"] @ y + T.get(f"{at}{name}.bias", 0)

        def rms(name, y, at=f"model.layers.{layer}."):
            return y / sqrt(sum(y * y) / len(y) + config["rms_norm_eps"]) * T[f"{at}{name}.weight"]

        read = [rms("input_layernorm", y) for y in x]
        cut = [[part(f"self_attn.{name}_proj", y).reshape(-1, f) for name in "qkv"] for y in read]
        turned = [
            [[_turn(h, i, f, config) for h in q], [_turn(h, i, f, config) for h in k], v]
            for i, (q, k, v) in enumerate(cut)
        ]
        taken, by_head = _attend(turned, heads, heads // groups)
        maps.append(by_head)
        for i, y in enumerate(x):
            mid = y + part("self_attn.o_proj", np.concatenate(taken[i]))
            h = rms("post_attention_layernorm", mid)
            gate = [g / (1 + exp(-g)) for g in part("mlp.gate_proj", h)]
            x[i] = mid + part("mlp.down_proj", np.array(gate) * part("mlp.up_proj", h))
    out = T.get("lm_head.weight", T["model.embed_tokens.weight"])
    last = T["model.norm.weight"]
    return [out @ (y / sqrt(sum(y * y) / len(y) + config["rms_norm_eps"]) * last) for y in x], maps


def plain_neox(config, tensors, ids):
    """As `plain_llama`."""
    heads, d = config["num_attention_heads"], config["hidden_size"]
    f, rotary = d // heads, int(d // heads * config["rotary_pct"])
    T = {name: array.astype(float) for name, array in tensors.items()}

    def part(name, y):
        return T[f"{name}.weight"] @ y + T.get(f"{name}.bias", 0)

    def norm(name, y):
        mean = sum(y) / d
        deviation = sqrt(sum((y - mean) ** 2) / d + config["layer_norm_eps"])
        return (y - mean) / deviation * T[f"{name}.weight"] + T[f"{name}.bias"]

    x, maps = [T["gpt_neox.embed_in.weight"][token] for token in ids], []
    for layer in range(config["num_hidden_layers"]):
        at = f"gpt_neox.layers.{layer}."
        tokens = []
        for i, y in enumerate(x):
            fused = part(at + "attention.query_key_value", norm(at + "input_layernorm", y))
            parts = [
                [fused[(3 * h + p) * f : (3 * h + p + 1) * f] for h in range(heads)] for p in range(3)
            ]
            turned = [[_turn(z, i, rotary, config) for z in p] for p in parts[:2]]
            tokens.append([*turned, parts[2]])
        taken, by_head = _attend(tokens, heads, 1)
        maps.append(by_head)
        for i, y in enumerate(x):
            mid = y + part(at + "attention.dense", np.concatenate(taken[i]))
            read = norm(at + "post_attention_layernorm", y if config["use_parallel_residual"] else mid)
            hidden = [z * (1 + erf(z / sqrt(2))) / 2 for z in part(at + "mlp.dense_h_to_4h", read)]
            x[i] = mid + part(at + "mlp.dense_4h_to_h", np.array(hidden))
    return [T["embed_out.weight"] @ norm("gpt_neox.final_layer_norm", y) for y in x], maps


def _turn(z, position, width, config):
    """Features k and k + width / 2 as one complex number, times exp(i position turn)."""
    z, half = np.array(z), width // 2
    base = config.get("rope_theta", config.get("rotary_emb_base"))
    for k in range(half):
        turn = _scaled(base ** (-2 * k / width), config.get("rope_scaling"))
        a, b, angle = z[k], z[k + half], position * turn
        z[k], z[k + half] = a * cos(angle) - b * sin(angle), b * cos(angle) + a * sin(angle)
    return z


def _scaled(turn, scaling):
    """By the length of the wave, as Meta's code says it."""
    if scaling is None:
        return turn
    if scaling["rope_type"] == "linear":
        return turn / scaling["factor"]
    wave, old = 2 * pi / turn, scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    if wave < old / high:
        return turn
    if wave > old / low:
        return turn / scaling["factor"]
    smooth = (old / wave - low) / (high - low)
    return (1 - smooth) * turn / scaling["factor"] + smooth * turn


def _attend(tokens, heads, shared):
    """What each token takes by head, and each head's map; `shared` heads share keys and values."""
    n = len(tokens)
    taken, maps = [[] for _ in range(n)], []
    for h in range(heads):
        by_row = np.zeros((n, n))
        for i in range(n):
            q = tokens[i][0][h]
            scores = [exp(sum(q * tokens[j][1][h // shared]) / sqrt(len(q))) for j in range(i + 1)]
            by_row[i, : i + 1] = [score / sum(scores) for score in scores]
            taken[i].append(sum(by_row[i, j] * tokens[j][2][h // shared] for j in range(i + 1)))
        maps.append(by_row)
    return taken, maps
