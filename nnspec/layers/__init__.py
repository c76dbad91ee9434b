"""The vocabulary: one class per layer type, a file per family."""

from nnspec.layers.find import find, is_known, known
from nnspec.layers.layer import Array, Layer, OnnxBuilder, Value, arity, output_names

__all__ = ["Array", "Layer", "OnnxBuilder", "Value", "arity", "find", "is_known", "known", "output_names"]
