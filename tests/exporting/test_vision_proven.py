"""Networks of windows, paddings and resized images as modules and as ONNX files: one is the other."""

import pytest
from exported import lowered, trained

from nnspec.exporting.builder import to_bytes
from nnspec.exporting.verify import prove
from nnspec.graph import parse_network
from nnspec.runtime import open_session

# An encoder whose maxima go back to their places, and a block of ConvNeXt's parts.
SEGNET = """nnspec: 1
inputs: {image: [3, 16, 12]}
layers:
  - Conv2d: {out_channels: 8, kernel_size: 3, padding: same}
  - LayerNorm2d
  - ReLU
  - MaxPool2d: {kernel_size: 2, return_indices: true}
    name: down
  - Conv2d: {out_channels: 8, kernel_size: 3, padding: same}
    from: down
  - SqueezeExcite: 4
  - Residual:
      body:
        - Conv2d: {out_channels: 8, kernel_size: 3, padding: 1, padding_mode: replicate}
        - LayerScale: {dim: 1, init_value: 0.1}
        - DropPath: 0.1
    name: res
  - MaxUnpool2d: 2
    from: [res, down.indices]
  - ConvTranspose2d: {out_channels: 2, kernel_size: 2, stride: 2}
  - UpsamplingBilinear2d: {scale_factor: 2}
"""
SEQUENCE = """nnspec: 1
inputs: {x: [4, T]}
layers:
  - CausalConv1d: {out_channels: 8, kernel_size: 2, dilation: 4}
  - ReflectionPad1d: [1, 2]
  - AvgPool1d: 2
  - Interpolate: {size: 9, mode: linear}
  - AdaptiveMaxPool1d: 4
  - Flatten
"""
WINDOWS = """nnspec: 1
inputs: {image: [2, 8, 8]}
layers:
  - PixelUnshuffle: 2
  - ChannelShuffle: 4
  - Unfold: 2
  - Fold: {output_size: [4, 4], kernel_size: 2}
  - PixelShuffle: 2
  - Interpolate: {size: [5, 7], mode: bilinear, antialias: true}
  - LPPool2d: {norm_type: 2, kernel_size: 2}
"""


@pytest.mark.parametrize("opset", [18, 20, 21, 22, 23])
@pytest.mark.parametrize("text", [SEGNET, SEQUENCE, WINDOWS], ids=["segnet", "sequence", "windows"])
def test_a_network_is_proven(text, opset):
    subject = trained(parse_network(text))
    assert prove(open_session(to_bytes(lowered(subject, opset))), subject).proven
