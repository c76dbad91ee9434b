"""Attention: what is refused, what masks mean, and random sizes in PyTorch and in onnxruntime."""

import random

import pytest
import torch
from refusing import refusal

from nnspec.codegen.load import evaluate
from nnspec.layers.attention import MultiheadAttention, ScaledDotProductAttention
from nnspec.pycode import name
from nnspec.shapes import Dim, Tensor, symbol, tensor
from nnspec.testing import check_call

CASES = 16
OPSETS = (18, 23)
BATCH = tensor("n").shape[0]


def test_heads_divide_the_features():
    assert refusal("MultiheadAttention", dict(num_heads=3), "n t 8") == (
        "num_heads",
        "num_heads 3 does not divide the last axis of its input, which is 8",
        "each head gets an equal part of it",
    )


def test_keys_and_values_have_one_length():
    message = "needs a key and a value of one length, got s and t"
    for kind, arguments in (("MultiheadAttention", dict(num_heads=2)), ("ScaledDotProductAttention", {})):
        assert refusal(kind, arguments, "n t 8", "n s 8", "n t 8") == ("", message, "")


def test_masks_fit_queries_and_keys():
    inputs = ("n t 8", "n s 8", "n s 8")
    assert refusal("MultiheadAttention", dict(num_heads=2), *inputs, "bool n t") == (
        "",
        "needs the shape (s) for key_padding_mask, got bool (t)",
        "one for each key",
    )
    assert refusal("MultiheadAttention", dict(num_heads=2), *inputs, "bool n s", "bool n s t") == (
        "",
        "needs the shape (t, s), or (2, t, s), for attn_mask, got bool (s, t)",
        "queries stand before keys, heads before both",
    )
    assert refusal("MultiheadAttention", dict(num_heads=2), *inputs, "bool n s", "n t s") == (
        "",
        "needs masks of one element type, got bool (s) and (t, s)",
        "",
    )
    assert refusal("ScaledDotProductAttention", {}, "n 2 t 8", "n 2 s 8", "n 2 s 8", "bool n t s") == (
        "",
        "needs the shape (2, t, s) for attn_mask, got bool (t, s)",
        "`- Unsqueeze: 1` makes an axis for the heads",
    )
    assert refusal("ScaledDotProductAttention", dict(is_causal=True), "n t 8", "n s 8", "n s 8", "bool n t s") == (
        "is_causal",
        "is_causal and an attn_mask are two masks for one place",
        "",
    )
    assert refusal("ScaledDotProductAttention", {}, "n t 8", "n s 8", "n s 8", "int64 n t s") == (
        "",
        "needs a mask of truth values (bool) or of numbers to add (float32), got int64",
        "",
    )
    assert refusal("MultiheadAttention", dict(num_heads=2), *inputs, "int64 n s") == (
        "",
        "needs masks of truth values (bool) or of numbers to add (float32), got int64",
        "`- Eq: 0` or another comparison gives truth values",
    )


def test_heads_of_keys_and_queries_fit():
    message = "needs a query and a key of as many heads, got 4 and 2"
    help = "`enable_gqa: true` lets several heads of the query share one"
    assert refusal("ScaledDotProductAttention", {}, "n 4 t 8", "n 2 s 8", "n 2 s 8") == ("", message, help)
    message = "needs heads of the query that are a multiple of the key's, got 4 and 3"
    grouped = dict(enable_gqa=True)
    assert refusal("ScaledDotProductAttention", grouped, "n 4 t 8", "n 3 s 8", "n 3 s 8") == ("enable_gqa", message, "")


def test_a_mask_of_the_function_shows_keys_and_a_mask_of_the_module_hides_them():
    value = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    only_second = torch.tensor([[[False, True]]])
    names = {"q": torch.zeros(1, 1, 2), "k": torch.ones(1, 2, 2), "v": value, "mask": only_second}
    codes = [name(key) for key in names]
    shown = evaluate(ScaledDotProductAttention().forward(*codes), names)
    assert shown.tolist() == [[[3.0, 4.0]]]

    inputs = [tensor("n 1 2"), tensor("n 2 2"), tensor("n 2 2"), None, tensor("bool n 1 2")]
    layer = MultiheadAttention(num_heads=1, need_weights=True)
    module = evaluate(layer.module(*inputs), {})
    call = layer.call(inputs, name("module"), *codes[:3], None, codes[3])
    _, weights = evaluate(call, {"module": module, **names})
    assert weights.tolist() == [[[1.0, 0.0]]]


def test_the_call_is_written_with_what_it_needs():
    x, layer = tensor("n t 8"), MultiheadAttention(num_heads=2)
    assert str(layer.module(x)) == "nn.MultiheadAttention(8, 2, batch_first=True)"
    assert str(layer.call([x], name("attend"), name("x"))) == "attend(x, x, x, need_weights=False)"
    assert layer.target(1) == "output, _"
    causal = MultiheadAttention(num_heads=2, is_causal=True, need_weights=True)
    assert str(causal.call([x], name("attend"), name("x"))) == (
        "attend(x, x, x, attn_mask=torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1), "
        "is_causal=True, need_weights=True)"
    )
    assert causal.target(2) == "output, weights"
    padded = [x, None, None, tensor("bool n t")]
    assert str(layer.call(padded, name("attend"), name("x"), None, None, name("pad"))) == (
        'attend(x, x, x, key_padding_mask=x.new_zeros(pad.shape).masked_fill(pad, float("-inf")), need_weights=False)'
    )
    others = [x, tensor("n s 6"), tensor("n s 4")]
    assert str(layer.module(*others)) == "nn.MultiheadAttention(8, 2, kdim=6, vdim=4, batch_first=True)"
    function = ScaledDotProductAttention(is_causal=True, dropout_p=0.1)
    assert str(function.module(x)) == "nn.Dropout(0.1)"
    assert str(function.call([x], name("attend"), name("x"))) == (
        "F.scaled_dot_product_attention(x, x, x, dropout_p=attend.p * attend.training, is_causal=True)"
    )


def test_both_products_of_attention_are_counted():
    x = tensor("n 5 8")
    assert MultiheadAttention(num_heads=2).macs(x) == 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8
    assert MultiheadAttention(num_heads=2).macs(x, tensor("n 3 6"), tensor("n 3 4")) == (
        2 * 5 * 8 * 8 + 3 * 8 * (6 + 4) + 2 * 5 * 3 * 8
    )
    heads = [tensor("n 2 5 4"), tensor("n 2 3 4"), tensor("n 2 3 6")]
    assert ScaledDotProductAttention().macs(*heads) == 2 * 5 * 3 * (4 + 6)


@pytest.mark.parametrize("seed", range(CASES))
def test_random_attention_of_heads_is_pytorchs(seed):
    rng = random.Random(seed)
    heads, size = rng.choice([1, 2, 3]), rng.choice([1, 2, 4])
    queries, keys = _length(rng, "t"), _length(rng, "s")
    embed, key_size = heads * size, rng.choice([heads * size, 3])
    query, key = Tensor((BATCH, queries, embed)), Tensor((BATCH, keys, key_size))
    value = rng.choice([None, Tensor((BATCH, keys, rng.choice([embed, 5])))])
    dtype = rng.choice(["bool", "float32"])
    padding = rng.choice([None, Tensor((BATCH, keys), dtype)])
    mask_shapes = [(BATCH, queries, keys), (BATCH, heads, queries, keys)]
    mask = rng.choice([None, Tensor(rng.choice(mask_shapes), dtype)])
    switches = ("bias", "add_bias_kv", "add_zero_attn", "is_causal", "need_weights", "average_attn_weights")
    layer = MultiheadAttention(num_heads=heads, **{switch: rng.random() < 0.5 for switch in switches})
    check_call(layer, [query, key, value, padding, mask], OPSETS)


@pytest.mark.parametrize("seed", range(CASES))
def test_random_attention_without_weights_is_pytorchs(seed):
    rng = random.Random(seed)
    queries, keys, size = _length(rng, "t"), _length(rng, "s"), rng.choice([1, 2, 4])
    groups, key_heads = rng.choice([1, 2]), rng.choice([1, 2])
    with_heads = rng.random() < 0.7
    outer, inner = ((groups * key_heads,), (key_heads,)) if with_heads else ((), ())
    query, key = Tensor((BATCH, *outer, queries, size)), Tensor((BATCH, *inner, keys, size))
    value = rng.choice([None, Tensor((BATCH, *inner, keys, rng.choice([1, 3])))])
    is_causal = rng.random() < 0.5
    whole = (*outer, queries, keys)
    shape = tuple(size if rng.random() < 0.7 else 1 for size in whole)
    mask = None if is_causal else rng.choice([None, Tensor((BATCH, *shape), rng.choice(["bool", "float32"]))])
    scale = rng.choice([None, 0.5])
    layer = ScaledDotProductAttention(is_causal=is_causal, enable_gqa=with_heads and groups > 1, scale=scale)
    check_call(layer, [query, key, value, mask], OPSETS)


def _length(rng: random.Random, name: str) -> Dim:
    return rng.choice([1, 3, 4, symbol(name), symbol(name)])
