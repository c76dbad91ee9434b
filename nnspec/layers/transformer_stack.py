"""Stacks of transformer layers, and both stacks together; Vaswani et al., Attention is all you need, 2017."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, PositiveInt

from nnspec.layers.attend import Masks, prefixed
from nnspec.layers.layer import OnnxBuilder, Shape, Value
from nnspec.layers.recurrent import MAX_LAYERS
from nnspec.layers.transformer import DECODER, ENCODER, Decoding, Transforming
from nnspec.pycode import Code, nn
from nnspec.shapes import Dim, Tensor


class _Stacked(Transforming):
    """What stacks share: layers one after another, and a normalisation behind them."""

    def encoder_code(self, x: Tensor, layers: int, *, norm: bool) -> Code:
        """PyTorch's nested tensors would shorten the output to the longest example, so they are off."""
        layer = self.layer_code(nn.TransformerEncoderLayer, x)
        normed = {"norm": self.norm_code(x)} if norm else {}
        return nn.TransformerEncoder(layer, layers, **normed, enable_nested_tensor=False)

    def stack_parameters(self, x: Tensor, layers: int, attentions: int, *, norm: bool) -> dict[str, Shape]:
        one = self.layer_parameters(x, attentions)
        found = {f"layers.{place}.{name}": shape for place in range(layers) for name, shape in one.items()}
        return {**found, **(prefixed("norm.", self.norm_parameters(x)) if norm else {})}

    def lower_stack(
        self, x: Value, tensor: Tensor, seen: Sequence[Value | None], masks: Sequence[Masks], layers: int, *,
        norm: bool, prefix: str = "",
    ) -> Value:  # fmt: skip
        for place in range(layers):
            x = self.lower_layer(x, tensor, seen, masks, f"{prefix}layers.{place}.")
        return self.lower_norm(masks[0].g, x, f"{prefix}norm") if norm else x


class TransformerEncoder(_Stacked):
    """Layers of TransformerEncoderLayer, one after another.

    (n, t, features) -> (n, t, features)

    Each layer is as TransformerEncoderLayer says, and so are the masks; at first all have the same weights, as
    PyTorch copies one. Vaswani et al., Attention is all you need, 2017.
    """

    num_layers: PositiveInt = Field(le=MAX_LAYERS, description="layers one after another")
    norm: bool = Field(default=False, description="normalise what the last layer gives")
    is_causal: bool = Field(default=False, description="each position sees itself and those before it")

    sights = (replace(ENCODER, mask="mask"),)
    examples = {
        "n t 8 -> n t 8": dict(nhead=2, num_layers=2, dim_feedforward=16),
        "n 4 6, bool n 4 4, bool n 4 -> n 4 6": dict(
            nhead=3, num_layers=1, dim_feedforward=8, norm=True, layer_norm_eps=1e-3
        ),
        "n t 4 -> n t 4": dict(nhead=1, num_layers=2, dim_feedforward=8, is_causal=True, norm_first=True, norm=True),
    }

    def infer(self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None) -> Tensor:
        return self._checked(src, mask, src_key_padding_mask)

    def module(self, src: Tensor, *masks: Tensor | None) -> Code:
        return self.encoder_code(src, self.num_layers, norm=self.norm)

    def parameters(self, src: Tensor, *masks: Tensor | None) -> dict[str, Shape]:
        return self.stack_parameters(src, self.num_layers, 1, norm=self.norm)

    def macs(self, src: Tensor, *masks: Tensor | None) -> Dim:
        return self.layer_macs(src, src) * self.num_layers

    def to_onnx(self, g: OnnxBuilder, src: Value, *masks: Value | None) -> Value:
        sights = self.masks(g, self._named((src, *masks)))
        return self.lower_stack(src, src.tensor, [None], sights, self.num_layers, norm=self.norm)


class TransformerDecoder(_Stacked, Decoding):
    """Layers of TransformerDecoderLayer, one after another.

    (n, t, features), (n, s, features) -> (n, t, features)

    Each layer is as TransformerDecoderLayer says, and so are the masks; at first all have the same weights, as
    PyTorch copies one. Vaswani et al., Attention is all you need, 2017.
    """

    num_layers: PositiveInt = Field(le=MAX_LAYERS, description="layers one after another")
    norm: bool = Field(default=False, description="normalise what the last layer gives")

    examples = {
        "n t 8, n s 8 -> n t 8": dict(nhead=2, num_layers=2, dim_feedforward=16, tgt_is_causal=True),
        "n 3 4, n 2 4, n 3 3, n 3 2 -> n 3 4": dict(nhead=1, num_layers=1, dim_feedforward=8, norm=True, bias=False),
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
        norm = {"norm": self.norm_code(tgt)} if self.norm else {}
        return nn.TransformerDecoder(self.layer_code(nn.TransformerDecoderLayer, tgt), self.num_layers, **norm)

    def parameters(self, tgt: Tensor, memory: Tensor, *masks: Tensor | None) -> dict[str, Shape]:
        return self.stack_parameters(tgt, self.num_layers, 2, norm=self.norm)

    def macs(self, tgt: Tensor, memory: Tensor, *masks: Tensor | None) -> Dim:
        return self.layer_macs(tgt, tgt, memory) * self.num_layers

    def to_onnx(self, g: OnnxBuilder, tgt: Value, memory: Value, *masks: Value | None) -> Value:
        sights = self.masks(g, self._named((tgt, memory, *masks)))
        return self.lower_stack(tgt, tgt.tensor, [None, memory], sights, self.num_layers, norm=self.norm)


class Transformer(_Stacked):
    """An encoder of one sequence, and a decoder of another that looks at it.

    (n, s, features), (n, t, features) -> (n, t, features)

    A TransformerEncoder of src, whose output is the memory of a TransformerDecoder of tgt, each with a normalisation
    behind it. Masks hide keys where they are True, as those layers say. Vaswani et al., Attention is all you need,
    2017.
    """

    nhead: PositiveInt = Field(default=8, description="attentions side by side; divides the features")
    num_encoder_layers: PositiveInt = Field(default=6, le=MAX_LAYERS, description="layers of the encoder")
    num_decoder_layers: PositiveInt = Field(default=6, le=MAX_LAYERS, description="layers of the decoder")
    src_is_causal: bool = Field(default=False, description="each position of src sees itself and those before it")
    tgt_is_causal: bool = Field(default=False, description="each position of tgt sees itself and those before it")
    memory_is_causal: bool = Field(default=False, description="and of the encoder's output those up to its own place")

    sights = (
        replace(ENCODER, causal="src_is_causal"),
        DECODER[0],
        replace(DECODER[1], key="src"),
    )
    examples = {
        "n s 8, n t 8 -> n t 8": dict(
            nhead=2, num_encoder_layers=1, num_decoder_layers=2, dim_feedforward=16, tgt_is_causal=True
        ),
        "n 3 3, n t 3, bool n 3 3, n t t, n t 3, bool n 3, n t, n 3 -> n t 3": dict(
            nhead=3, num_encoder_layers=2, num_decoder_layers=1, dim_feedforward=8, norm_first=True, activation="gelu"
        ),
    }

    def infer(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        paddings = (src_key_padding_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return self._checked(src, tgt, src_mask, tgt_mask, memory_mask, *paddings)

    def module(self, src: Tensor, tgt: Tensor, *masks: Tensor | None) -> Code:
        encoder = self.encoder_code(src, self.num_encoder_layers, norm=True)
        layers = self.num_decoder_layers
        return self.layer_code(nn.Transformer, src, num_decoder_layers=layers, custom_encoder=encoder)

    def parameters(self, src: Tensor, tgt: Tensor, *masks: Tensor | None) -> dict[str, Shape]:
        encoder = self.stack_parameters(src, self.num_encoder_layers, 1, norm=True)
        decoder = self.stack_parameters(tgt, self.num_decoder_layers, 2, norm=True)
        return {**prefixed("encoder.", encoder), **prefixed("decoder.", decoder)}

    def macs(self, src: Tensor, tgt: Tensor, *masks: Tensor | None) -> Dim:
        decoder = self.layer_macs(tgt, tgt, src) * self.num_decoder_layers
        return self.layer_macs(src, src) * self.num_encoder_layers + decoder

    def to_onnx(self, g: OnnxBuilder, src: Value, tgt: Value, *masks: Value | None) -> Value:
        encoding, *decoding = self.masks(g, self._named((src, tgt, *masks)))
        layers = self.num_encoder_layers
        memory = self.lower_stack(src, src.tensor, [None], [encoding], layers, norm=True, prefix="encoder.")
        layers, x = self.num_decoder_layers, tgt.tensor
        return self.lower_stack(tgt, x, [None, memory], decoding, layers, norm=True, prefix="decoder.")
