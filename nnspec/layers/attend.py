"""Attention as ONNX nodes, and what all attention asks of its heads and masks.

Vaswani et al., Attention is all you need, 2017: softmax(q @ k.T / sqrt(d)) @ v for each head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt

from nnspec.layers.alike import listed
from nnspec.layers.layer import OnnxBuilder, Shape, Value
from nnspec.pycode import Code, name, torch
from nnspec.shapes import Dim, ShapeError, Tensor

FAR = name("float")("-inf")
ATTENTION_OPSET = 23  # from which ONNX has attention as one node


@dataclass(frozen=True)
class Length:
    """How many positions an axis of a value has."""

    value: Value
    axis: int

    def positions(self, g: OnnxBuilder) -> Value:
        """0, 1, 2 …"""
        size = self.value.tensor.shape[self.axis]
        if isinstance(size, int):
            return g.constant(list(range(size)), "int64", name="positions")
        count = g.op("Squeeze", g.op("Shape", self.value, start=self.axis, end=self.axis + 1))
        return g.op("Range", g.constant(0, "int64", name="start"), count, g.constant(1, "int64", name="step"))


@dataclass(frozen=True, eq=False)
class Masks:
    """What is hidden in attention: keys that a query cannot see where `blocked`, and numbers `added` to scores.

    Each is stretched to (n, heads, queries, keys); `causal` hides all keys behind the query.
    """

    g: OnnxBuilder
    dtype: str
    queries: Length
    keys: Length
    blocked: Sequence[Value] = ()
    added: Sequence[Value] = ()
    causal: bool = False

    @classmethod
    def of(
        cls, g: OnnxBuilder, query: Value, key: Value, padding: Value | None, mask: Value | None, *, causal: bool
    ) -> "Masks":
        """Those of PyTorch's modules: key padding (n, keys), a mask (n, queries, keys) or with heads; True blocks."""
        given = []
        if padding is not None:
            given.append((padding.tensor, g.op("Unsqueeze", padding, g.constant([1, 2], "int64", name="axes"))))
        if mask is not None:
            one = g.constant([1], "int64", name="axes")
            given.append((mask.tensor, mask if mask.tensor.rank == 4 else g.op("Unsqueeze", mask, one)))
        blocked = [value for x, value in given if x.dtype == "bool"]
        added = [value for x, value in given if x.is_float]
        return cls(g, query.tensor.dtype, Length(query, 1), Length(key, 1), blocked, added, causal)

    @property
    def given(self) -> bool:
        """Whether there are masks beside the causal one."""
        return bool(self.blocked or self.added)

    @cached_property
    def bias(self) -> Value | None:
        """The number to add to each score: minus infinity where a key is out of sight. Written once."""
        g, added = self.g, _folded(self.g, "Add", self.added)
        blocked = _folded(g, "Or", [*self.blocked, *([self._behind()] if self.causal else [])])
        if blocked is None:
            return added
        rest = added or g.constant(0.0, self.dtype, name="zero")
        return g.op("Where", blocked, g.constant(float("-inf"), self.dtype, name="out_of_sight"), rest)

    def _behind(self) -> Value:
        """Where a key stands behind the query: (queries, keys)."""
        rows = self.g.op("Unsqueeze", self.queries.positions(self.g), self.g.constant([1], "int64", name="axes"))
        return self.g.op("Less", rows, self.keys.positions(self.g))


def _folded(g: OnnxBuilder, op_type: str, values: Sequence[Value]) -> Value | None:
    """All values as one."""
    if not values:
        return None
    first, *others = values
    for value in others:
        first = g.op(op_type, first, value)
    return first


def attend(
    g: OnnxBuilder, query: Value, keys: Value, value: Value, bias: Value | None, dtype: str, *, scale: float, safe: bool
) -> tuple[Value, Value]:
    """The output and the weights of each head, from (..., t, d), keys transposed (..., d, s) and (..., s, d).

    A query that sees no key gives zeros where it is `safe`, as PyTorch's function does, and else no numbers.
    """
    scores = g.op("MatMul", g.op("Mul", query, g.constant(scale, dtype, name="scale")), keys)
    if bias is not None:
        scores = g.op("Add", scores, bias)
    weights = g.op("Softmax", scores, axis=-1)
    if bias is not None and safe:
        best = g.op("ReduceMax", scores, g.constant([-1], "int64", name="axes"), keepdims=1)
        blind = g.op("Equal", best, g.constant(float("-inf"), dtype, name="out_of_sight"))
        weights = g.op("Where", blind, g.constant(0.0, dtype, name="zero"), weights)
    return g.op("MatMul", weights, value), weights


@dataclass(frozen=True)
class MultiHead:
    """Attention of several heads, with weights named as `torch.nn.MultiheadAttention` names them."""

    embed: int
    heads: int
    bias: bool = True
    sizes: tuple[int, int] | None = None  # of keys and values, where the three maps have matrices of their own
    with_bias_kv: bool = False
    with_zero_key: bool = False
    prefix: str = field(default="", kw_only=True)

    def parameters(self) -> dict[str, Shape]:
        embed = self.embed
        if self.sizes is None:
            shapes: dict[str, Shape] = {"in_proj_weight": (3 * embed, embed)}
        else:
            widths = zip("qkv", (embed, *self.sizes), strict=True)
            shapes = {f"{letter}_proj_weight": (embed, width) for letter, width in widths}
        if self.bias:
            shapes |= {"in_proj_bias": (3 * embed,)}
        if self.with_bias_kv:
            shapes |= {"bias_k": (1, 1, embed), "bias_v": (1, 1, embed)}
        shapes |= {"out_proj.weight": (embed, embed), **({"out_proj.bias": (embed,)} if self.bias else {})}
        return prefixed(self.prefix, shapes)

    def macs(self, queries: Dim, keys: Dim) -> Dim:
        """Of the four maps, and of both products of each head."""
        key_size, value_size = self.sizes or (self.embed, self.embed)
        maps = queries * 2 * self.embed * self.embed + keys * self.embed * (key_size + value_size)
        return maps + 2 * self.embed * queries * (keys + self.with_bias_kv + self.with_zero_key)

    def lower(
        self, query: Value, key: Value, value: Value, masks: Masks, *, weights: bool = False
    ) -> tuple[Value, Value | None]:
        """The output (n, t, embed), and the weights (n, heads, t, s) where they are asked for."""
        g, dtype = masks.g, masks.dtype
        q, k, v = self._projected(g, query, key, value, dtype)
        k, v = self._with_more_keys(g, k, v, dtype)
        more = self.with_bias_kv + self.with_zero_key
        if g.opset >= ATTENTION_OPSET and not (masks.given or more or weights):
            y = g.op("Attention", q, k, v, is_causal=int(masks.causal), q_num_heads=self.heads, kv_num_heads=self.heads)
            return self._out(g, y), None
        bias = masks.bias
        if bias is not None and more:
            ends = g.constant([0, more], "int64", name="pads")
            bias = g.op("Pad", bias, ends, None, g.constant([-1], "int64", name="axes"))
        split = g.constant([0, 0, self.heads, self.embed // self.heads], "int64", name="heads")
        q, k, v = (
            g.op("Transpose", g.op("Reshape", x, split), perm=perm)
            for x, perm in ((q, [0, 2, 1, 3]), (k, [0, 2, 3, 1]), (v, [0, 2, 1, 3]))
        )
        y, found = attend(g, q, k, v, bias, dtype, scale=1 / sqrt(self.embed // self.heads), safe=not weights)
        joined = g.constant([0, 0, self.embed], "int64", name="shape")
        return self._out(g, g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), joined)), found

    def _out(self, g: OnnxBuilder, y: Value) -> Value:
        return affine(g, y, f"{self.prefix}out_proj", bias=self.bias)

    def _projected(self, g: OnnxBuilder, query: Value, key: Value, value: Value, dtype: str) -> tuple[Value, ...]:
        if self.sizes is None and query is key and key is value:
            packed = g.op("MatMul", query, g.transposed(f"{self.prefix}in_proj_weight"))
            packed = g.op("Add", packed, g.parameter(f"{self.prefix}in_proj_bias")) if self.bias else packed
            return g.ops("Split", packed, outputs=3, axis=-1, num_outputs=3)
        return tuple(self._one(g, x, place, dtype) for place, x in enumerate((query, key, value)))

    def _one(self, g: OnnxBuilder, x: Value, place: int, dtype: str) -> Value:
        """The query, the keys or the values."""
        rows = slice(place * self.embed, (place + 1) * self.embed)
        if self.sizes is None:
            matrix = g.weights(f"{self.prefix}in_proj_weight")[rows].T
            y = g.op("MatMul", x, g.constant(matrix, dtype, name=f"{self.prefix}{'qkv'[place]}_proj_weight.T"))
        else:
            y = g.op("MatMul", x, g.transposed(f"{self.prefix}{'qkv'[place]}_proj_weight"))
        if not self.bias:
            return y
        shift = g.weights(f"{self.prefix}in_proj_bias")[rows]
        return g.op("Add", y, g.constant(shift, dtype, name=f"{self.prefix}{'qkv'[place]}_proj_bias"))

    def _with_more_keys(self, g: OnnxBuilder, k: Value, v: Value, dtype: str) -> tuple[Value, Value]:
        """Behind the keys and values a learnt one, or one of zeros."""
        more = [[g.parameter(f"{self.prefix}bias_{letter}")] if self.with_bias_kv else [] for letter in "kv"]
        if self.with_zero_key:
            more = [[*some, g.constant([[[0.0] * self.embed]], dtype, name="zero_key")] for some in more]
        if not more[0]:
            return k, v
        ones = g.constant([1, 1], "int64", name="ones")
        shape = g.op("Concat", g.op("Shape", k, start=0, end=1), ones, axis=0)
        k, v = (
            g.op("Concat", x, *(g.op("Expand", one, shape) for one in some), axis=1)
            for x, some in zip((k, v), more, strict=True)
        )
        return k, v


def affine(g: OnnxBuilder, x: Value, module: str, *, bias: bool) -> Value:
    """A linear map of the last axis by the weights of a module within the layer's."""
    y = g.op("MatMul", x, g.transposed(f"{module}.weight"))
    return g.op("Add", y, g.parameter(f"{module}.bias")) if bias else y


def prefixed(prefix: str, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The parameters of a module within another."""
    return {f"{prefix}{key}": shape for key, shape in shapes.items()}


def needs_heads(embed: int, heads: int, field: str) -> None:
    """Refuse a number of heads that does not divide the features."""
    if embed % heads:
        message = f"{field} {heads} does not divide the last axis of its input, which is {embed}"
        raise ShapeError(message, field=field, help="each head gets an equal part of it")


def needs_sequences(*inputs: Tensor) -> None:
    """Refuse what is not (n, t, features) of real numbers."""
    for x in inputs:
        x.needs_float()
        x.needs_rank(3)
        assert x.features


def needs_masks(
    heads: int, queries: Dim, keys: Dim, padding: Tensor | None, mask: Tensor | None, padding_name: str, mask_name: str
) -> None:
    """Refuse masks of other shapes than (n, keys) and (n, queries, keys), or (n, heads, queries, keys)."""
    given = [x for x in (padding, mask) if x is not None]
    for x in given:
        if x.dtype != "bool" and not x.is_float:
            message = f"needs masks of truth values (bool) or of numbers to add (float32), got {x.dtype}"
            raise ShapeError(message, help="`- Eq: 0` or another comparison gives truth values")
    if len({x.dtype for x in given}) > 1:
        raise ShapeError(f"needs masks of one element type, got {listed(*given)}")
    if padding is not None and padding.shape[1:] != (keys,):
        raise ShapeError(f"needs the shape ({keys}) for {padding_name}, got {padding}", help="one for each key")
    if mask is not None and mask.shape[1:] not in ((queries, keys), (heads, queries, keys)):
        wanted = f"({queries}, {keys}), or ({heads}, {queries}, {keys})"
        message = f"needs the shape {wanted}, for {mask_name}, got {mask}"
        raise ShapeError(message, help="queries stand before keys, heads before both")


@dataclass(frozen=True)
class Given:
    """One attention's masks as arguments of PyTorch's modules, which want both of one element type.

    A query that sees no key gives zeros in training; in evaluation PyTorch's quick path for attention of a sequence to
    itself has no numbers there, and does not take masks of numbers: so masks that are given become such.
    """

    query: Code
    key: Code
    causal: bool
    masks: tuple[Code | None, Tensor | None]  # (n, queries, keys), or with heads
    paddings: tuple[Code | None, Tensor | None]
    numbers: bool  # masks of truth values become numbers

    def mask(self, heads: int) -> Code | None:
        """The mask, for each head of each example; or the causal one for all."""
        (mask, x), (_, padding) = self.masks, self.paddings
        if mask is None or x is None:
            return self._causal(bool(padding and (padding.is_float or self.numbers))) if self.causal else None
        if self.causal:
            mask = mask.masked_fill(self._causal(numbers=False), True if x.dtype == "bool" else FAR)
        mask = self._turned(mask, x)
        if x.rank == 4:
            return mask.flatten(0, 1)
        return mask.repeat_interleave(heads, 0) if heads > 1 else mask

    @property
    def padding(self) -> Code | None:
        padding, x = self.paddings
        return self._turned(padding, x) if padding is not None and x is not None else None

    @property
    def only_causal(self) -> bool:
        """Whether there is no mask beside the causal one: PyTorch may be told so."""
        return self.causal and self.masks[0] is None and self.paddings[0] is None

    def _turned(self, mask: Code, x: Tensor) -> Code:
        return self.query.new_zeros(mask.shape).masked_fill(mask, FAR) if self.numbers and x.dtype == "bool" else mask

    def _causal(self, numbers: bool) -> Code:
        """What stands behind the query: True, or minus infinity."""
        sizes = (self.query.shape[1], self.key.shape[1])
        if numbers:
            return self.query.new_full(sizes, FAR).triu(1)
        return torch.ones(*sizes, dtype=torch.bool, device=self.query.device).triu(1)
