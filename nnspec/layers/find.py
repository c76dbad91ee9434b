"""Which layer types there are: the built-in ones, then those that installed packages register.

A family's file is imported when one of its layers is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from nnspec import plugins

if TYPE_CHECKING:
    from nnspec.layers.layer import Layer

ENTRY_POINTS = "nnspec.layers"

FAMILIES = {
    "linear": "Linear Bilinear MatMul Identity",
    "activation": "Sigmoid Tanh ReLU LeakyReLU PReLU RReLU ELU CELU SELU GELU SiLU Mish Softplus Softsign LogSigmoid "
    "Tanhshrink",
    "piecewise": "ReLU6 Hardtanh Hardsigmoid Hardswish Hardshrink Softshrink Threshold Heaviside",
    "softmax": "Softmax LogSoftmax Softmin Softmax2d GLU",
    "conv": "Conv1d Conv2d Conv3d CausalConv1d",
    "conv_transpose": "ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "fold": "Unfold Fold",
    "pad": "Pad ConstantPad1d ConstantPad2d ConstantPad3d ZeroPad1d ZeroPad2d ZeroPad3d",
    "edge_pad": (
        "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d "
        "CircularPad1d CircularPad2d CircularPad3d"
    ),
    "upsample": "Interpolate Upsample UpsamplingNearest2d UpsamplingBilinear2d",
    "shuffle": "PixelShuffle PixelUnshuffle ChannelShuffle",
    "vision": "LayerNorm2d SqueezeExcite LayerScale DropPath",
    "sampling": "GridSample AffineGrid",
    "batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d",
    "norm": "LayerNorm RMSNorm GroupNorm LocalResponseNorm",
    "pool": "MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d",
    "adaptive_pool": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d"
    ),
    "lp_pool": "LPPool1d LPPool2d LPPool3d",
    "fractional_pool": "FractionalMaxPool2d FractionalMaxPool3d",
    "unpool": "MaxUnpool1d MaxUnpool2d MaxUnpool3d",
    "dropout": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout",
    "embedding": "Embedding EmbeddingBag",
    "recurrent": "RNN LSTM GRU",
    "cells": "RNNCell LSTMCell GRUCell",
    "positions": "RotaryEmbedding SinusoidalPositions LearnedPositions ALiBi",
    "attention": "MultiheadAttention ScaledDotProductAttention",
    "transformer": "TransformerEncoderLayer TransformerDecoderLayer",
    "transformer_stack": "TransformerEncoder TransformerDecoder Transformer",
    "reshape": "Flatten Unflatten Reshape Squeeze Unsqueeze Expand",
    "axes": "Permute Transpose Roll Flip",
    "slicing": "Last Slice Select Gather Chunk Split Unbind",
    "einops": "Rearrange Reduce Repeat",
    "einsum": "Einsum",
    "learnt": "Parameter Buffer Constant",
    "reduce": "Mean Sum Prod Max Min LogSumExp Var Std ArgMax ArgMin CumSum",
    "combine": "Concat Stack",
    "gate": "SwiGLU GradientReversal Sample",
    "distance": "Norm Normalize CosineSimilarity PairwiseDistance",
    "arithmetic": "Add Sub Mul Div Pow Maximum Minimum",
    "pointwise": "Abs Neg Sign Exp Log Sqrt Rsqrt Reciprocal Sin Cos Floor Ceil Round Clamp Cast",
    "compare": "Eq Ne Gt Ge Lt Le LogicalAnd LogicalOr LogicalNot Where",
    "losses": "TripletMarginLoss CosineEmbeddingLoss MarginRankingLoss ContrastiveLoss InfoNCE CTCLoss GaussianNLLLoss "
    "GaussianKL MultiLabelMarginLoss",
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names.split()}


def known() -> list[str]:
    """Every layer type's name: built-in ones in the order of their families, then plugins'."""
    return [*FAMILY_OF, *(name for name in plugins.registered(ENTRY_POINTS) if name not in FAMILY_OF)]


def is_known(name: str) -> bool:
    """Whether a layer type has this name."""
    return name in FAMILY_OF or name in plugins.registered(ENTRY_POINTS)


def find(name: str) -> "type[Layer] | None":
    """The layer type of this name."""
    if name in FAMILY_OF:
        found: type[Layer] = getattr(import_module(f"nnspec.layers.{FAMILY_OF[name]}"), name)
        return found
    plugin: type[Layer] | None = plugins.load(ENTRY_POINTS, name)
    return plugin


def family(name: str) -> str:
    """The family of a layer type: its file, or the package that registers it."""
    return FAMILY_OF.get(name) or plugins.registered(ENTRY_POINTS)[name].module.split(".")[0]
