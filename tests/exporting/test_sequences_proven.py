"""Networks over sequences of any length: the module is the ONNX file, and what is causal looks at nothing behind it."""

import pytest
import torch
from exported import lowered, trained

from nnspec.diagnostics import SpecError
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.verify import prove
from nnspec.graph import parse_network
from nnspec.runtime import open_session

DECODER_ONLY = """nnspec: 1
params: {width: 16, heads: 2}
inputs: {tokens: {shape: [t], dtype: int64}}
blocks:
  decoder:
    layers:
      - Residual:
          body:
            - LayerNorm
            - Linear: $(3 * width)
            - Rearrange: {pattern: b t (k h d) -> b k h t d, k: 3, h: $heads}
            - Unbind: 1
              name: qkv
            - RotaryEmbedding: {}
              from: qkv.0
              name: q
            - RotaryEmbedding: {}
              from: qkv.1
            - ScaledDotProductAttention: {is_causal: true}
              from: [q, _, qkv.2]
            - Rearrange: b h t d -> b t (h d)
            - Linear: $width
      - Residual: {body: [LayerNorm, SwiGLU: $(2 * width), Linear: $width]}
layers:
  - Embedding: {num_embeddings: 11, embedding_dim: $width}
  - SinusoidalPositions
  - decoder: {}
    repeat: 2
  - TransformerEncoderLayer: {nhead: 2, dim_feedforward: 8, norm_first: true, is_causal: true}
  - MultiheadAttention: {num_heads: 4, is_causal: true}
  - LSTM: 8
  - Linear: 11
"""
ENCODER_DECODER = """nnspec: 1
inputs: {source: [s, 8], target: [t, 8]}
layers:
  - GRU: 8
    from: source
    name: reader
  - GRU: 8
    from: {x: target, h_0: reader.h_n}
    name: writer
  - TransformerEncoder: {nhead: 2, num_layers: 2, dim_feedforward: 8, norm: true}
    from: source
    name: memory
  - TransformerDecoderLayer: {nhead: 2, dim_feedforward: 8, tgt_is_causal: true}
    from: {tgt: writer, memory: memory}
  - MultiheadAttention: {num_heads: 2, need_weights: true}
    from: {query: _, key: memory}
    name: look
outputs: {y: {from: look}, where: {from: look.weights}}
"""
# Some queries see no key at all: a row that begins with padding.
PADDED = """nnspec: 1
inputs: {tokens: {shape: [t], dtype: int64}}
layers:
  - Embedding: {num_embeddings: 3, embedding_dim: 8}
    name: embed
  - Eq: 0
    from: tokens
    name: pad
  - TransformerDecoderLayer: {nhead: 2, dim_feedforward: 8, tgt_is_causal: true}
    from: {tgt: embed, memory: embed, memory_key_padding_mask: pad, tgt_key_padding_mask: pad}
  - MultiheadAttention: {num_heads: 2, is_causal: true}
    from: {query: _, key_padding_mask: pad}
"""


@pytest.mark.parametrize("opset", [18, 23])
@pytest.mark.parametrize("spec", [DECODER_ONLY, ENCODER_DECODER, PADDED], ids=["decoder only", "both", "padded"])
def test_sequences_of_any_length_are_proven(spec, opset):
    subject = trained(parse_network(spec))
    assert prove(open_session(to_bytes(lowered(subject, opset))), subject).proven


def test_a_causal_network_sees_nothing_behind_a_position():
    module = trained(parse_network(DECODER_ONLY)).module
    tokens = torch.tensor([[1, 5, 2, 8, 3]])
    changed = tokens.clone()
    changed[0, 3:] = torch.tensor([4, 9])
    with torch.no_grad():
        one, other = module(tokens), module(changed)
    torch.testing.assert_close(one[:, :3], other[:, :3])
    assert not torch.allclose(one[:, 3:], other[:, 3:])


def test_a_gradient_reaches_every_weight():
    module = trained(parse_network(DECODER_ONLY)).module
    module.train()
    module(torch.tensor([[1, 5, 2, 8, 3]])).square().sum().backward()
    assert [name for name, tensor in module.named_parameters() if tensor.grad is None] == []


def test_a_projected_state_is_refused_at_its_line():
    subject = trained(
        parse_network("nnspec: 1\ninputs: {x: [t, 4]}\nlayers: [{LSTM: {hidden_size: 6, proj_size: 2}}]\n")
    )
    with pytest.raises(SpecError) as caught:
        lowered(subject)
    (found,) = caught.value.diagnostics
    reason = "ONNX's LSTM has no projection of the state (`proj_size`)"
    assert (found.code, found.message) == ("no-onnx", f"LSTM lstm_1 cannot be exported: {reason}")
    assert found.span and found.span.line == 3
