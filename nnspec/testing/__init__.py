"""What layer types and preparation steps are held to, built-in or a plugin's, in a test of its own.

Every example goes through inference, through what computes it in training and through onnxruntime: all must agree.
"""

from nnspec.testing.layers import check_call, check_layer
from nnspec.testing.steps import check_step

__all__ = ["check_call", "check_layer", "check_step"]
