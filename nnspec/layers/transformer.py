"""Layers of transformers: attention and a feed-forward network; Vaswani et al., Attention is all you need, 2017."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.activation import gelu
from nnspec.layers.attend import (
    Given,
    Masks,
    MultiHead,
    affine,
    needs_heads,
    needs_masks,
    needs_sequences,
    prefixed,
)
from nnspec.layers.fields import Probability
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value, input_names
from nnspec.pycode import Code, nn
from nnspec.shapes import Dim, ShapeError, Tensor


@dataclass(frozen=True)
class Sight:
    """Who sees whom: names of the layer's inputs, and of the field that hides what stands behind the query."""

    query: str
    key: str
    mask: str
    padding: str
    causal: str


ENCODER = Sight("src", "src", "src_mask", "src_key_padding_mask", "is_causal")
DECODER = (
    Sight("tgt", "tgt", "tgt_mask", "tgt_key_padding_mask", "tgt_is_causal"),
    Sight("tgt", "memory", "memory_mask", "memory_key_padding_mask", "memory_is_causal"),
)
# The attentions of a layer as PyTorch names them, for each sight of its layers.
ATTENTIONS = ("self_attn", "multihead_attn")


class Transforming(Layer):
    """What all share: arguments, and both kinds of layer as module, parameters and nodes."""

    nhead: PositiveInt = Field(description="attentions side by side; divides the features")
    dim_feedforward: PositiveInt = Field(default=2048, description="features between both maps of the feed-forward net")
    dropout: Probability = Field(default=0.1, description="dropout on attention and on both maps")
    activation: Literal["relu", "gelu"] = Field(default="relu", description="function between both maps")
    layer_norm_eps: PositiveFloat = Field(default=1e-5, description="added to the variance in each normalisation")
    norm_first: bool = Field(default=False, description="normalise before attention and maps, not after the sum")
    bias: bool = Field(default=True, description="add learnt offsets")

    sights: ClassVar[tuple[Sight, ...]]

    def _named(self, values: Sequence[Any]) -> dict[str, Any]:
        """Inputs by name; None for each that is left out."""
        names = input_names(type(self))
        return dict(zip(names, (*values, *[None] * (len(names) - len(values))), strict=True))

    def _checked(self, *inputs: Tensor | None) -> Tensor:
        """The output, which is as the first query of the last sight."""
        named = self._named(inputs)
        sequences = [named[name] for name in dict.fromkeys(name for s in self.sights for name in (s.query, s.key))]
        needs_sequences(*sequences)
        needs_heads(sequences[0].features, self.nhead, "nhead")
        if len({x.features for x in sequences}) > 1:
            sizes = " and ".join(str(x.features) for x in sequences)
            raise ShapeError(f"needs inputs of one last axis, got {sizes}", help="a Linear brings one to the other")
        for s in self.sights:
            lengths = named[s.query].shape[1], named[s.key].shape[1]
            needs_masks(self.nhead, *lengths, named[s.padding], named[s.mask], s.padding, s.mask)
            if s.query == "src":
                _needs_truth({s.mask: named[s.mask], s.padding: named[s.padding]})
        output: Tensor = named[self.sights[-1].query]
        return output

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        named, tensors = self._named(values), self._named(takes)
        given: dict[str, Any] = {}
        for s in self.sights:
            mask, padding = ((named[title], tensors[title]) for title in (s.mask, s.padding))
            masks = Given(
                named[s.query], named[s.key], getattr(self, s.causal), mask, padding, s.query == s.key != "src"
            )
            found = {s.mask: masks.mask(self.nhead), s.padding: masks.padding}
            given |= {name: code for name, code in found.items() if code is not None}
            if masks.only_causal:
                given[s.causal] = True  # a hint, which lets PyTorch choose a faster kernel
        sequences = dict.fromkeys(name for s in self.sights for name in (s.query, s.key))
        ordered = [named[name] for name in input_names(type(self)) if name in sequences]
        return module(*ordered, **given)

    def layer_code(self, kind: Code, x: Tensor, **others: Any) -> Code:
        """The module of one layer, or of both stacks."""
        changed = self.changed("nhead")
        given = {name: changed[name] for name in Transforming.model_fields if name in changed}
        return kind(x.features, self.nhead, **given, **others, batch_first=True)

    def norm_code(self, x: Tensor) -> Code:
        """The normalisation behind a stack."""
        eps = {} if self.layer_norm_eps == 1e-5 else {"eps": self.layer_norm_eps}
        return nn.LayerNorm(x.features, **eps, **({} if self.bias else {"bias": False}))

    def heads(self, x: Tensor, prefix: str = "") -> MultiHead:
        return MultiHead(x.features, self.nhead, self.bias, prefix=prefix)

    def norm_parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (x.features,), **({"bias": (x.features,)} if self.bias else {})}

    def layer_parameters(self, x: Tensor, attentions: int) -> dict[str, Shape]:
        """Of one layer with so many attentions."""
        found: dict[str, Shape] = {}
        for attention in ATTENTIONS[:attentions]:
            found |= self.heads(x, f"{attention}.").parameters()
        maps = {"linear1": (self.dim_feedforward, x.features), "linear2": (x.features, self.dim_feedforward)}
        for name, shape in maps.items():
            found |= {f"{name}.weight": shape, **({f"{name}.bias": shape[:1]} if self.bias else {})}
        for place in range(attentions + 1):
            found |= prefixed(f"norm{place + 1}.", self.norm_parameters(x))
        return found

    def layer_macs(self, x: Tensor, *keys: Tensor) -> Dim:
        """Of one layer, whose attentions see these."""
        attention = sum(self.heads(x).macs(x.shape[1], key.shape[1]) for key in keys)
        return attention + x.shape[1] * 2 * x.features * self.dim_feedforward

    def masks(self, g: OnnxBuilder, named: dict[str, Any]) -> list[Masks]:
        """One for each sight: made once, whatever the number of layers."""
        return [
            Masks.of(g, named[s.query], named[s.key], named[s.padding], named[s.mask], causal=getattr(self, s.causal))
            for s in self.sights
        ]

    def lower_layer(self, x: Value, tensor: Tensor, seen: Sequence[Value | None], masks: Sequence[Masks], prefix: str
    ) -> Value:  # fmt: skip
        """One layer, whose weights stand behind the prefix: attention to itself (None) or to others, then both maps."""
        g = masks[0].g

        def attention(place: int, other: Value | None, y: Value) -> Value:
            key = other or y
            return self.heads(tensor, f"{prefix}{ATTENTIONS[place]}.").lower(y, key, key, masks[place])[0]

        for place, other in enumerate(seen):
            x = self._part(g, x, f"{prefix}norm{place + 1}", partial(attention, place, other))
        return self._part(g, x, f"{prefix}norm{len(seen) + 1}", lambda y: self._maps(g, y, tensor.dtype, prefix))

    def _part(self, g: OnnxBuilder, x: Value, norm: str, part: Callable[[Value], Value]) -> Value:
        if self.norm_first:
            return g.op("Add", x, part(self.lower_norm(g, x, norm)))
        return self.lower_norm(g, g.op("Add", x, part(x)), norm)

    def lower_norm(self, g: OnnxBuilder, x: Value, module: str) -> Value:
        """A normalisation within the module."""
        bias = g.parameter(f"{module}.bias") if self.bias else None
        scale = g.parameter(f"{module}.weight")
        return g.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=self.layer_norm_eps)

    def _maps(self, g: OnnxBuilder, x: Value, dtype: str, prefix: str) -> Value:
        x = affine(g, x, f"{prefix}linear1", bias=self.bias)
        x = g.op("Relu", x) if self.activation == "relu" else gelu(g, x, dtype)
        return affine(g, x, f"{prefix}linear2", bias=self.bias)


class TransformerEncoderLayer(Transforming):
    """Attention of a sequence to itself and a feed-forward network, each added to what it takes and normalised.

    (n, t, features) -> (n, t, features)

    x = norm(x + attention(x)), norm(x + linear2(relu(linear1(x)))); with norm_first x + part(norm(x)). A src_mask
    (n, t, t) or (n, heads, t, t) and a src_key_padding_mask (n, t), both of truth values, hide keys where they are
    True; where all are hidden, PyTorch's evaluation has no numbers (NaN). Vaswani et al., Attention is all you need,
    2017.
    """

    is_causal: bool = Field(default=False, description="each position sees itself and those before it")

    sights = (ENCODER,)
    examples = {
        "n t 8 -> n t 8": dict(nhead=2, dim_feedforward=16),
        "n 5 4 -> n 5 4": dict(nhead=4, dim_feedforward=3, activation="gelu", norm_first=True, is_causal=True),
        "n t 6, bool n t t, bool n t -> n t 6": dict(nhead=3, dim_feedforward=8, bias=False, layer_norm_eps=1e-3),
    }

    def infer(self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None) -> Tensor:
        return self._checked(src, src_mask, src_key_padding_mask)

    def module(self, src: Tensor, *masks: Tensor | None) -> Code:
        return self.layer_code(nn.TransformerEncoderLayer, src)

    def parameters(self, src: Tensor, *masks: Tensor | None) -> dict[str, Shape]:
        return self.layer_parameters(src, 1)

    def macs(self, src: Tensor, *masks: Tensor | None) -> Dim:
        return self.layer_macs(src, src)

    def to_onnx(self, g: OnnxBuilder, src: Value, *masks: Value | None) -> Value:
        return self.lower_layer(src, src.tensor, [None], self.masks(g, self._named((src, *masks))), "")


class Decoding(Transforming):
    """What the layers and stacks that look at a memory share."""

    tgt_is_causal: bool = Field(default=False, description="each position of tgt sees itself and those before it")
    memory_is_causal: bool = Field(default=False, description="and of the memory those up to its own place")

    sights = DECODER


class TransformerDecoderLayer(Decoding):
    """Attention of a sequence to itself, then to a memory, then a feed-forward network, each added and normalised.

    (n, t, features), (n, s, features) -> (n, t, features)

    As TransformerEncoderLayer, with a second attention, whose keys and values are the memory. A tgt_mask (n, t, t),
    a memory_mask (n, t, s), a tgt_key_padding_mask (n, t) and a memory_key_padding_mask (n, s) hide keys where they
    are True; masks of numbers are added. Vaswani et al., Attention is all you need, 2017.
    """

    examples = {
        "n t 8, n s 8 -> n t 8": dict(nhead=2, dim_feedforward=16, tgt_is_causal=True),
        "n 3 4, n s 4 -> n 3 4": dict(nhead=1, dim_feedforward=8, norm_first=True, activation="gelu", bias=False),
        "n t 4, n s 4, n t t, n t s, n t, n s -> n t 4": dict(nhead=2, dim_feedforward=8, memory_is_causal=True),
    }

    def infer(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return self._checked(tgt, memory, *masks)

    def module(self, tgt: Tensor, memory: Tensor, *masks: Tensor | None) -> Code:
        return self.layer_code(nn.TransformerDecoderLayer, tgt)

    def parameters(self, tgt: Tensor, memory: Tensor, *masks: Tensor | None) -> dict[str, Shape]:
        return self.layer_parameters(tgt, 2)

    def macs(self, tgt: Tensor, memory: Tensor, *masks: Tensor | None) -> Dim:
        return self.layer_macs(tgt, tgt, memory)

    def to_onnx(self, g: OnnxBuilder, tgt: Value, memory: Value, *masks: Value | None) -> Value:
        sights = self.masks(g, self._named((tgt, memory, *masks)))
        return self.lower_layer(tgt, tgt.tensor, [None, memory], sights, "")


def _needs_truth(masks: dict[str, Tensor | None]) -> None:
    """Refuse numbers as masks of an encoder: in evaluation, PyTorch's quick path takes each that is not 0 for True."""
    for name, mask in masks.items():
        if mask is not None and mask.dtype != "bool":
            message = f"needs a {name} of truth values (bool), got {mask.dtype}: in evaluation PyTorch adds no numbers"
            raise ShapeError(
                message, help="`- Lt: 0` or another comparison gives them; MultiheadAttention adds numbers"
            )
