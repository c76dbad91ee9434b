"""The vocabulary: one class per layer type, a file per family."""

from nnspec.layers.find import find, is_known, known
from nnspec.layers.layer import Array, Layer, OnnxBuilder, Value, arity, input_names, names_in

__all__ = [
    "Array",
    "Layer",
    "OnnxBuilder",
    "Value",
    "arity",
    "find",
    "input_names",
    "is_known",
    "known",
    "names_in",
]
