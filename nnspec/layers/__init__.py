"""The vocabulary: one class per layer type, a file per family."""

from nnspec.layers.find import find, known
from nnspec.layers.layer import Array, Layer, OnnxBuilder, Value, arity, output_names

__all__ = ["Array", "Layer", "OnnxBuilder", "Value", "arity", "find", "known", "output_names"]
