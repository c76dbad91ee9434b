"""`check_layer` lets no wrong layer pass, and says what is wrong with it."""

from typing import Any

import pytest
from pydantic import Field, PositiveInt

from nnspec.diagnostics import SpecError
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import Tensor
from nnspec.testing import check_layer


class Scaled(Layer):
    """A learnt map without an offset.

    (..., in_features) -> (..., size)
    """

    size: PositiveInt = Field(description="size of the last axis")

    examples = {"n 2 -> n 3": dict(size=3), "n t 2 -> n t 3": dict(size=3)}

    def infer(self, x: Tensor) -> Tensor:
        return x.with_last(self.size)

    def module(self, x: Tensor) -> Code:
        return nn.Linear(x.features, self.size, bias=False)

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (self.size, x.features)}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("MatMul", x, g.constant(g.weights("weight").T))


class WrongShape(Scaled):
    """Its rule is not what its example says.

    (..., in_features) -> (..., size)
    """

    examples = {"n 2 -> n 4": dict(size=3), "n 2 -> n 3": dict(size=3)}


class WrongRule(Scaled):
    """Its rule is not what torch does.

    (..., in_features) -> (..., in_features)
    """

    examples = {"n 2 -> n 2": dict(size=3), "n t 2 -> n t 2": dict(size=3)}

    def infer(self, x: Tensor) -> Tensor:
        return x


class WrongParameters(Scaled):
    """It names a parameter that its module has not.

    (..., in_features) -> (..., size)
    """

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (self.size, x.features), "bias": (self.size,)}


class WrongNumbers(Scaled):
    """Its ONNX nodes compute something else.

    (..., in_features) -> (..., size)
    """

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("MatMul", x, g.constant(g.weights("weight").T * 1.001))


class WrongLength(Scaled):
    """Its ONNX nodes know one length.

    (n, t, in_features) -> (n, t, size)
    """

    examples = {"n t 2 -> n t 3": dict(size=3), "n 5 2 -> n 5 3": dict(size=3)}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Reshape", super().to_onnx(g, x), g.constant([-1, 5, self.size], "int64"))


class Unexplained(Scaled):
    """It has a field without a description.

    (..., in_features) -> (..., size)
    """

    rate: float = 0.1


class Terse(Scaled):
    """It has no line of shapes."""


class Lonely(Scaled):
    """It has one example.

    (..., in_features) -> (..., size)
    """

    examples = {"n 2 -> n 3": dict(size=3)}


WRONG: list[tuple[type[Layer], str]] = [
    (WrongShape, "infer: ['(3)'], not ['(4)']"),
    (WrongRule, "torch, {'batch': 1}: ['float32 (1, 3)'], not ['float32 (1, 2)']"),
    (WrongParameters, "parameters: {'weight': (3, 2), 'bias': (3,)}, not {'weight': (3, 2)}"),
    (Unexplained, "Unexplained.rate has no description"),
    (Terse, "Terse: its docstring has no line of shapes"),
    (Lonely, "Lonely has fewer than two examples"),
]


def failure(layer_type: type[Layer]) -> Any:
    with pytest.raises(AssertionError) as caught:
        check_layer(layer_type)
    return caught.value


def test_a_right_layer_passes():
    check_layer(Scaled)


@pytest.mark.parametrize(("layer_type", "said"), WRONG, ids=[layer_type.__name__ for layer_type, _ in WRONG])
def test_a_wrong_layer_is_caught(layer_type, said):
    assert str(failure(layer_type)).splitlines()[0] == said


def test_other_numbers_in_onnxruntime_are_caught():
    assert str(failure(WrongNumbers)).startswith("onnxruntime, opset 18, {'batch': 1}, output: ")


def test_a_length_that_onnx_nodes_know_is_caught():
    with pytest.raises(SpecError) as caught:
        check_layer(WrongLength)
    assert "cannot run on what it was given" in str(caught.value)
    assert "x0: float32 (1, 8, 2)" in str(caught.value)
    assert caught.value.__notes__ == ["WrongLength, example 'n t 2 -> n t 3': {'size': 3}"]


def test_the_example_is_named():
    assert failure(WrongParameters).__notes__ == ["WrongParameters, example 'n 2 -> n 3': {'size': 3}"]
