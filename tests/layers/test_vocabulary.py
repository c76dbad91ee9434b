"""Every module of torch.nn that maps tensors to tensors is a layer type, under its name."""

import inspect

from torch import nn

from nnspec.layers import known

NO_LAYER = {
    "what holds modules": "Container DataParallel Module ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "what other classes begin from": "RNNBase RNNCellBase",
    "BatchNorm of several processes": "SyncBatchNorm",
    "an old name": "CrossMapLRN2d NLLLoss2d",
}
# Functions of torch and torch.nn.functional that a graph needs, and parts that modern networks share.
FUNCTIONS = """
    Add Sub Mul Div MatMul Concat Stack Chunk Split Unbind Flatten Unflatten Reshape Permute Transpose Squeeze Unsqueeze
    Slice Select Gather Expand Pad Roll Mean Sum Max Min ArgMax Norm Softmax Exp Log Sqrt Pow Abs Neg Clamp Where
    Interpolate Einsum Rearrange Reduce Repeat ScaledDotProductAttention Heaviside Identity Parameter Buffer Constant
    Cast Last DropPath SqueezeExcite LayerScale RotaryEmbedding SinusoidalPositions LearnedPositions SwiGLU LayerNorm2d
    CausalConv1d GradientReversal Sample
""".split()


def test_every_module_of_torch_is_a_layer_type_or_left_out_for_a_reason():
    modules = {name for name, found in vars(nn).items() if inspect.isclass(found) and issubclass(found, nn.Module)}
    wanted = {name for name in modules if not name.startswith("Lazy") and not name.endswith("Loss")}
    left_out = {name for names in NO_LAYER.values() for name in names.split()}
    # This one is a loss under a longer name.
    assert wanted - set(known()) - {"AdaptiveLogSoftmaxWithLoss"} == left_out


def test_every_function_that_a_graph_needs_is_a_layer_type():
    assert set(FUNCTIONS) <= set(known())
