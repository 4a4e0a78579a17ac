"""Tiny folders of random models of many families, with a tokenizer of whole words."""

import json

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tokenizers import Tokenizer, models, pre_tokenizers, processors  # noqa: E402

torch.set_num_threads(1)  # models are tiny

VOCABULARY, LAYERS, HEADS, CONTEXT = 13, 2, 4, 24
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "intermediate_size": 12,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "max_position_embeddings": CONTEXT,
    "bos_token_id": 0,
    "eos_token_id": None,
    "pad_token_id": None,
}
GROUPS = SIZES | {"num_key_value_heads": 2}
GPT = {"n_embd": 16, "n_layer": LAYERS, "n_head": HEADS, "n_positions": CONTEXT}
OPEN = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": None, "pad_token_id": None}
FAMILIES = {
    "llama": GROUPS,
    "gpt2": OPEN | GPT,
    "gpt_neox": SIZES,
    "qwen2": GROUPS,
    "mistral": GROUPS | {"sliding_window": 5},
    "gemma2": GROUPS | {"head_dim": 6, "sliding_window": 5},
    "gemma3_text": GROUPS | {"head_dim": 6, "sliding_window": 5},
    "phi": SIZES,
    "opt": SIZES | {"ffn_dim": 12, "word_embed_proj_dim": 16},
    "bloom": OPEN | {"hidden_size": 16, "n_layer": LAYERS, "n_head": HEADS},
    "falcon": SIZES,
    "mixtral": GROUPS | {"num_local_experts": 3},
}
"""Model types and configs; attention is windowed, soft-capped, multi-query or with ALiBi in some."""


def make(family, seed=0, **changes):
    """A random model in float32; weights are so large that maps are not even."""
    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(family, **(FAMILIES[family] | changes))
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    for parameter in model.parameters():
        parameter.data = 0.6 * torch.randn_like(parameter)
    return model.eval()


def store(folder, family="llama", seed=0, dtype=None, shards="1GB", **changes):
    """Write a model's folder and return the model, in the precision in which it is stored."""
    model = make(family, seed, **changes)
    model = model if dtype is None else model.to(dtype)
    model.save_pretrained(folder, max_shard_size=shards)
    return model


def store_words(folder, words, start=None):
    """Write a tokenizer of whole words; `start` is a special word put before every text."""
    tokenizer = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, "<unknown>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {}
    if start is not None:
        token = (start, words.index(start))
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{start} $A", special_tokens=[token]
        )
        special = {"bos_token": start}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)


def plain(model, ids):
    """Logits (T, V) and maps (layers, heads, T, T) of one prompt, as the library itself gives them."""
    with torch.no_grad():
        found = model(torch.tensor([list(ids)]), output_attentions=True)
    return found.logits[0].double().numpy(), torch.cat(found.attentions).float().numpy()


def changed(folder, **changes):
    """Rewrite config.json; None removes a key."""
    config = json.loads((folder / "config.json").read_text()) | changes
    config = {key: value for key, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
