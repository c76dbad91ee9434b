"""The contract of a preparation step: what it learns, what it does to an array, and its ONNX nodes.

A step works on arrays that it is handed (`numpy.ndarray`, rows first) and imports no numpy.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.shapes import Tensor

State = Mapping[str, Any]  # what a step has learnt: JSON values
Rows = Any  # a numpy.ndarray whose first axis counts examples


class Step(BaseModel, ABC):
    """A preparation step. Subclasses are final: fields first, then `infer`, `fit`, `apply`, `to_onnx`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    # Shapes in and out (`n 3 h w -> n 3 h w`) and the arguments that give them.
    examples: ClassVar[Mapping[str, dict[str, Any]]] = {}
    # Whether `invert` exists: a target's preparation must be undone in the exported file.
    invertible: ClassVar[bool] = False

    @abstractmethod
    def infer(self, x: Tensor) -> Tensor:
        """The output tensor, or ShapeError."""

    def fit(self, rows: Rows) -> dict[str, Any]:
        """What the step learns from the training rows, as JSON values; nothing unless it says so."""
        return {}

    @abstractmethod
    def apply(self, rows: Rows, state: State) -> Rows:
        """The prepared rows."""

    def invert(self, rows: Rows, state: State) -> Rows:
        """The rows in their own units again."""
        raise AssertionError(f"{type(self).__name__} has no inverse")

    @abstractmethod
    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        """The ONNX nodes that do what `apply` does."""

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        """The ONNX nodes that do what `invert` does."""
        raise AssertionError(f"{type(self).__name__} has no inverse")
