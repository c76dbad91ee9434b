"""Attention: what each position takes from others; Vaswani et al., Attention is all you need, 2017."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.attend import (
    ATTENTION_OPSET,
    Given,
    Length,
    Masks,
    MultiHead,
    attend,
    needs_heads,
    needs_masks,
    needs_sequences,
)
from nnspec.layers.fields import Probability
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, F, nn
from nnspec.shapes import Dim, ShapeError, Tensor, product


class MultiheadAttention(Layer):
    """Attention of several heads, each by learnt maps of queries, keys and values.

    (n, t, features), (n, s, key features), (n, s, value features) -> (n, t, features); weights (n, t, s) if needed

    softmax(q @ k.T / sqrt(d) + mask) @ v for each head, and a linear map of the heads side by side; Vaswani et al.,
    Attention is all you need, 2017. Without a key, the query is all three; without a value, the key is. A
    key_padding_mask (n, s) and an attn_mask (n, t, s) or (n, heads, t, s) hide keys where they are True; one of
    numbers is added.
    """

    num_heads: PositiveInt = Field(description="attentions side by side; divides the features of the query")
    dropout: Probability = Field(default=0.0, description="dropout on the weights of attention")
    bias: bool = Field(default=True, description="add learnt offsets in all maps")
    add_bias_kv: bool = Field(default=False, description="a learnt key and value behind the others")
    add_zero_attn: bool = Field(default=False, description="a key and a value of zeros behind the others")
    is_causal: bool = Field(default=False, description="hide each key behind the query's position")
    need_weights: bool = Field(default=False, description="give the weights of attention as a second output")
    average_attn_weights: bool = Field(
        default=True, description="weights are the mean of all heads; else (n, heads, t, s)"
    )

    returns = "output, weights"
    examples = {
        "n t 8 -> n t 8": dict(num_heads=2),
        "n t 8, n s 8 -> n t 8, n t s": dict(num_heads=4, need_weights=True),
        "n t 4, n s 6, n s 3 -> n t 4": dict(num_heads=2, bias=False),
        "n 5 4, n s 4, n s 4, n s -> n 5 4": dict(num_heads=1),
        "n t 4, n s 4, n s 4, n s, n 2 t s -> n t 4": dict(num_heads=2, add_bias_kv=True, add_zero_attn=True),
        "n t 4, n t 4, n t 4, n t, n t t -> n t 4, n 2 t t": dict(
            num_heads=2, is_causal=True, need_weights=True, average_attn_weights=False
        ),
        "n t 6 -> n t 6": dict(num_heads=3, is_causal=True),
    }

    def infer(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        attn_mask: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, ...]:
        key = key or query
        value = value or key
        needs_sequences(query, key, value)
        needs_heads(query.features, self.num_heads, "num_heads")
        _needs_one_length(key, value, 1)
        queries, keys = query.shape[1], key.shape[1]
        needs_masks(self.num_heads, queries, keys, key_padding_mask, attn_mask, "key_padding_mask", "attn_mask")
        if not self.need_weights:
            return query
        heads = () if self.average_attn_weights else (self.num_heads,)
        more = self.add_bias_kv + self.add_zero_attn
        return query, query.with_shape(query.shape[0], *heads, queries, keys + more)

    def target(self, outputs: int) -> str:
        return self.returns if self.need_weights else "output, _"

    def _heads(self, query: Tensor, key: Tensor | None, value: Tensor | None) -> MultiHead:
        key = key or query
        sizes = (key.features, (value or key).features)
        apart = sizes != (query.features, query.features)
        more = (self.add_bias_kv, self.add_zero_attn)
        return MultiHead(query.features, self.num_heads, self.bias, sizes if apart else None, *more)

    def module(
        self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None, *masks: Tensor | None
    ) -> Code:
        sizes = self._heads(query, key, value).sizes
        widths = dict(zip(("kdim", "vdim"), sizes, strict=True)) if sizes else {}
        arguments = self.changed("num_heads", "is_causal", "need_weights", "average_attn_weights")
        return nn.MultiheadAttention(query.features, self.num_heads, **arguments, **widths, batch_first=True)

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        query, key, value, padding, mask = _five(values)
        key = key or query
        _, _, _, *tensors = _five(takes)
        itself = query.text == key.text == (value or key).text
        numbers = itself and not self.need_weights
        masks = Given(query, key, self.is_causal, (mask, tensors[1]), (padding, tensors[0]), numbers)
        given: dict[str, Any] = {"key_padding_mask": masks.padding, "attn_mask": masks.mask(self.num_heads)}
        given = {title: code for title, code in given.items() if code is not None}
        # A hint which lets PyTorch choose a faster kernel; with further keys it would hide those too.
        if masks.only_causal and not (self.add_bias_kv or self.add_zero_attn):
            given["is_causal"] = True
        given["need_weights"] = self.need_weights
        if self.need_weights and not self.average_attn_weights:
            given["average_attn_weights"] = False
        return module(query, key, value or key, **given)

    def parameters(
        self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None, *masks: Tensor | None
    ) -> dict[str, Shape]:
        return self._heads(query, key, value).parameters()

    def macs(self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None, *masks: Tensor | None) -> Dim:
        return self._heads(query, key, value).macs(query.shape[1], (key or query).shape[1])

    def in_words(self, query: Tensor, key: Tensor | None = None, *others: Tensor | None) -> str:
        causal = " and none behind it" if self.is_causal else ""
        heads = "" if self.num_heads == 1 else f", {self.num_heads} times side by side with a part of the features each"
        return (
            f"Each of the {query.shape[1]} positions takes a mixture of {(key or query).shape[1]} values{causal}: the "
            f"better its query fits a key, the more of that key's value{heads}."
        )

    def to_onnx(
        self,
        g: OnnxBuilder,
        query: Value,
        key: Value | None = None,
        value: Value | None = None,
        key_padding_mask: Value | None = None,
        attn_mask: Value | None = None,
    ) -> Value | tuple[Value, ...]:
        key = key or query
        value = value or key
        heads = self._heads(query.tensor, key.tensor, value.tensor)
        masks = Masks.of(g, query, key, key_padding_mask, attn_mask, causal=self.is_causal)
        y, found = heads.lower(query, key, value, masks, weights=self.need_weights)
        if not self.need_weights:
            return y
        assert found is not None
        if self.average_attn_weights:
            found = g.op("ReduceMean", found, g.constant([1], "int64", name="axes"), keepdims=0)
        return y, found


class ScaledDotProductAttention(Layer):
    """Attention without weights of its own.

    (n, heads, t, d), (n, heads, s, d), (n, heads, s, e) -> (n, heads, t, e); the same without heads

    softmax(q @ k.T * scale + mask) @ v; Vaswani et al., Attention is all you need, 2017. Without a key, the query is
    all three; without a value, the key is. An attn_mask shows keys where it is True (MultiheadAttention's hides them
    there); one of numbers is added. Its sizes of 1 are stretched.
    """

    dropout_p: Probability = Field(default=0.0, description="dropout on the weights of attention, in training")
    is_causal: bool = Field(default=False, description="hide each key behind the query's position")
    scale: PositiveFloat | None = Field(default=None, description="factor of the products; without it 1 / sqrt(d)")
    enable_gqa: bool = Field(
        default=False, description="fewer heads of keys than of queries: each serves several (grouped queries)"
    )

    examples = {
        "n 2 t 4, n 2 s 4, n 2 s 3 -> n 2 t 3": {},
        "n t 4 -> n t 4": dict(is_causal=True),
        "n 2 t 4, n 2 t 4, n 2 t 4 -> n 2 t 4": dict(is_causal=True, scale=0.3, dropout_p=0.1),
        "n 4 t 4, n 2 s 4, n 2 s 4 -> n 4 t 4": dict(enable_gqa=True),
        "n 2 t 4, n 2 s 4, n 2 s 4, bool n 1 t s -> n 2 t 4": {},
        "n t 4, n s 4, n s 4, n t s -> n t 4": dict(scale=1.0),
    }

    def infer(
        self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None, attn_mask: Tensor | None = None
    ) -> Tensor:
        key = key or query
        value = value or key
        for x in (query, key, value):
            x.needs_float()
            x.needs_rank(3, 4)
        if not query.rank == key.rank == value.rank:
            raise ShapeError(f"needs query, key and value of one number of axes, got {query}, {key} and {value}")
        if query.features != key.features:
            raise ShapeError(f"needs a query and a key of one last axis, got {query} and {key}")
        assert value.features
        _needs_one_length(key, value, -2)
        self._check_heads(query, key, value)
        if attn_mask is not None:
            self._check_mask(attn_mask, (*query.shape[:-1], key.shape[-2]))
        return query.with_last(value.features)

    def _check_heads(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        if query.rank == 3:
            if self.enable_gqa:
                raise ShapeError(f"enable_gqa groups heads, and its input has none: {query}", field="enable_gqa")
            return
        counts = [x.fixed(1, "heads axis") for x in (query, key, value)]
        if counts[1] != counts[2]:
            raise ShapeError(f"needs a key and a value of as many heads, got {counts[1]} and {counts[2]}")
        if counts[0] == counts[1]:
            return
        if not self.enable_gqa:
            help = "`enable_gqa: true` lets several heads of the query share one" * (counts[0] % counts[1] == 0)
            raise ShapeError(f"needs a query and a key of as many heads, got {counts[0]} and {counts[1]}", help=help)
        if counts[0] % counts[1]:
            message = f"needs heads of the query that are a multiple of the key's, got {counts[0]} and {counts[1]}"
            raise ShapeError(message, field="enable_gqa")

    def _check_mask(self, mask: Tensor, wanted: tuple[Dim, ...]) -> None:
        if self.is_causal:
            raise ShapeError("is_causal and an attn_mask are two masks for one place", field="is_causal")
        if mask.dtype != "bool" and not mask.is_float:
            raise ShapeError(f"needs a mask of truth values (bool) or of numbers to add (float32), got {mask.dtype}")
        fits = mask.rank == len(wanted) and all(
            size in (1, full) for size, full in zip(mask.shape[1:], wanted[1:], strict=True)
        )
        if not fits:
            message = f"needs the shape ({', '.join(map(str, wanted[1:]))}) for attn_mask, got {mask}"
            raise ShapeError(message, help="`- Unsqueeze: 1` makes an axis for the heads" * (mask.rank < len(wanted)))

    def module(self, *inputs: Tensor | None) -> Code | None:
        # The function drops out whenever it is told to: a module knows whether it trains.
        return nn.Dropout(self.dropout_p) if self.dropout_p else None

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        return self._attention(values, dropout_p=module.p * module.training)

    def forward(self, *values: Code | None) -> Code:
        return self._attention(values)

    def _attention(self, values: Sequence[Code | None], **dropout: Code) -> Code:
        query, key, value, mask = _five((*values, None))[:4]
        assert query is not None
        given = {"attn_mask": mask} if mask is not None else {}
        others = self.changed("dropout_p")
        return F.scaled_dot_product_attention(query, key or query, value or key or query, **given, **dropout, **others)

    def macs(
        self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None, attn_mask: Tensor | None = None
    ) -> Dim:
        key = key or query
        return product(query.shape[1:-1]) * key.shape[-2] * (query.features + (value or key).features)

    def to_onnx(
        self,
        g: OnnxBuilder,
        query: Value,
        key: Value | None = None,
        value: Value | None = None,
        attn_mask: Value | None = None,
    ) -> Value:
        key = key or query
        value = value or key
        x, dtype = query.tensor, query.tensor.dtype
        scale = self.scale or 1 / sqrt(x.features)
        if g.opset >= ATTENTION_OPSET and x.rank == 4 and attn_mask is None:
            return g.op("Attention", query, key, value, is_causal=int(self.is_causal), scale=scale)
        hidden, added = self._mask(g, attn_mask)
        lengths = (Length(query, x.rank - 2), Length(key, x.rank - 2))
        bias = Masks(g, dtype, *lengths, hidden, added, self.is_causal).bias
        groups = x.shape[1] // key.tensor.shape[1] if x.rank == 4 else 1
        swapped = [0, 2, 1] if x.rank == 3 else [0, 1, 3, 2]
        shared, given = self._grouped(g, key, groups), self._grouped(g, value, groups)
        turned = g.op("Transpose", shared, perm=swapped)
        return attend(g, query, turned, given, bias, dtype, scale=scale, safe=attn_mask is not None)[0]

    def _mask(self, g: OnnxBuilder, mask: Value | None) -> tuple[list[Value], list[Value]]:
        if mask is None:
            return [], []
        return ([g.op("Not", mask)], []) if mask.tensor.dtype == "bool" else ([], [mask])

    def _grouped(self, g: OnnxBuilder, x: Value, groups: Dim) -> Value:
        """Each head so often as heads of the query share it, in a row."""
        if groups == 1:
            return x
        heads = x.tensor.shape[1]
        assert isinstance(heads, int) and isinstance(groups, int)
        places = [head for head in range(heads) for _ in range(groups)]
        return g.op("Gather", x, g.constant(places, "int64", name="heads"), axis=1)


def _five(values: Sequence[Any]) -> tuple[Any, ...]:
    """All inputs of a layer of five, None for each that is left out at the end."""
    return (*values, *[None] * (5 - len(values)))


def _needs_one_length(key: Tensor, value: Tensor, axis: int) -> None:
    if key.shape[axis] != value.shape[axis]:
        raise ShapeError(f"needs a key and a value of one length, got {key.shape[axis]} and {value.shape[axis]}")
