"""Transformers: what is refused, their text, and random sizes in PyTorch and in onnxruntime."""

import random

import pytest
from refusing import refusal

from nnspec.layers import find
from nnspec.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from nnspec.layers.transformer_stack import Transformer, TransformerEncoder
from nnspec.pycode import name
from nnspec.shapes import Tensor, symbol, tensor
from nnspec.testing import check_call

CASES = 4
OPSETS = (18, 23)
BATCH = tensor("n").shape[0]


def test_an_encoder_takes_masks_of_truth_values_only():
    assert refusal("TransformerEncoderLayer", dict(nhead=2), "n t 8", "n t t") == (
        "",
        "needs a src_mask of truth values (bool), got float32: in evaluation PyTorch adds no numbers",
        "`- Lt: 0` or another comparison gives them; MultiheadAttention adds numbers",
    )


def test_both_sequences_have_the_same_features():
    for kind in ("TransformerDecoderLayer", "Transformer"):
        assert refusal(kind, dict(nhead=2), "n t 8", "n s 6") == (
            "",
            "needs inputs of one last axis, got 8 and 6",
            "a Linear brings one to the other",
        )


def test_heads_divide_the_features():
    assert refusal("TransformerEncoder", dict(nhead=3, num_layers=2), "n t 8") == (
        "nhead",
        "nhead 3 does not divide the last axis of its input, which is 8",
        "each head gets an equal part of it",
    )


def test_the_modules_are_written_as_a_person_would():
    x, memory = tensor("n t 8"), tensor("n s 8")
    layer = TransformerEncoderLayer(nhead=2, dim_feedforward=16, norm_first=True, is_causal=True)
    made = "nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, norm_first=True, batch_first=True)"
    assert str(layer.module(x)) == made
    causal = "torch.ones({0}.shape[1], {0}.shape[1], dtype=torch.bool, device={0}.device).triu(1)"
    mask = causal.format("x")
    assert str(layer.call([x], name("encode"), name("x"))) == f"encode(x, src_mask={mask}, is_causal=True)"
    assert str(TransformerEncoder(nhead=2, num_layers=3, norm=True).module(x)) == (
        "nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, batch_first=True), 3, norm=nn.LayerNorm(8), "
        "enable_nested_tensor=False)"
    )
    decoder = TransformerDecoderLayer(nhead=2, tgt_is_causal=True)
    inputs = [x, memory, None, None, None, tensor("bool n s")]
    values = [name("x"), name("memory"), None, None, None, name("pad")]
    assert str(decoder.call(inputs, name("decode"), *values)) == (
        f"decode(x, memory, tgt_mask={mask}, tgt_is_causal=True, memory_key_padding_mask=pad)"
    )


def test_products_of_all_layers_are_counted():
    src, tgt = tensor("n 5 8"), tensor("n 3 8")
    maps, itself = 2 * 8 * 16, 2 * 8
    encoder = 5 * (4 * 8 * 8 + 5 * itself + maps)
    decoder = 3 * (4 * 8 * 8 + 3 * itself + maps) + 3 * 2 * 8 * 8 + 5 * 2 * 8 * 8 + 3 * 5 * itself
    arguments = dict(nhead=2, dim_feedforward=16)
    assert TransformerEncoderLayer(**arguments).macs(src) == encoder
    assert TransformerDecoderLayer(**arguments).macs(tgt, src) == decoder
    whole = Transformer(num_encoder_layers=2, num_decoder_layers=3, **arguments)
    assert whole.macs(src, tgt) == 2 * encoder + 3 * decoder


@pytest.mark.parametrize("seed", range(CASES))
@pytest.mark.parametrize(
    "kind", ["TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder", "TransformerDecoder"]
)
def test_random_transformers_are_pytorchs(kind, seed):
    rng = random.Random(seed)
    heads = rng.choice([1, 2, 3])
    arguments = {switch: rng.random() < 0.5 for switch in ("norm_first", "bias")}
    arguments |= dict(nhead=heads, dim_feedforward=rng.choice([1, 5]), activation=rng.choice(["relu", "gelu"]))
    if "Layer" not in kind:
        arguments |= dict(num_layers=rng.choice([1, 2]), norm=rng.random() < 0.5)
    # PyTorch's quick path gives no numbers where all keys are hidden: an odd number of heads does not take it.
    masked = heads % 2 == 1
    queries, keys = rng.choice([1, 4, symbol("t")]), rng.choice([1, 3, symbol("s")])
    x, memory = (Tensor((BATCH, size, 2 * heads)) for size in (queries, keys))
    if "Encoder" in kind:
        arguments |= dict(is_causal=rng.random() < 0.5)
        masks = [Tensor((BATCH, queries, queries), "bool"), Tensor((BATCH, queries), "bool")]
        inputs = [x, *(rng.choice([None, mask]) if masked else None for mask in masks)]
    else:
        arguments |= dict(tgt_is_causal=rng.random() < 0.5, memory_is_causal=rng.random() < 0.5)
        types = [rng.choice(["bool", "float32"]) for _ in range(2)]
        shapes = [(BATCH, queries, queries), (BATCH, heads, queries, keys), (BATCH, queries), (BATCH, keys)]
        masks = [Tensor(shape, dtype) for shape, dtype in zip(shapes, types * 2, strict=True)]
        inputs = [x, memory, *(rng.choice([None, mask]) if masked else None for mask in masks)]
    check_call(find(kind)(**arguments), inputs, OPSETS)
