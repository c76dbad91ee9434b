"""`check_step` lets no wrong step pass, and says what is wrong with it."""

import pytest
from pydantic import Field

from nnspec.prepare.numeric import Scale, Standardize
from nnspec.prepare.step import Step
from nnspec.testing import check_step


class Doubled(Step):
    """Twice the number.

    (...) -> (...)
    """

    examples = {"n 2 -> n 2": dict(), "n t -> n t": dict()}
    missing = "passes"

    def apply(self, rows, state):
        return (rows * 2).astype("float32")

    def to_onnx(self, g, x, state):
        return g.op("Add", x, x)


class WrongNumbers(Doubled):
    """Its ONNX nodes compute something else.

    (...) -> (...)
    """

    def to_onnx(self, g, x, state):
        return g.op("Mul", x, g.constant(2.001))


class WrongShape(Doubled):
    """Its example says another shape.

    (...) -> (...)
    """

    examples = {"n 2 -> n 3": dict(), "n t -> n t": dict()}


class WrongType(Doubled):
    """It gives numbers of another type.

    (...) -> (...)
    """

    def apply(self, rows, state):
        return (rows * 2).astype("float64")


class Greedy(Doubled):
    """It takes what it says that it does not.

    (...) -> (...)
    """

    def infer(self, x):
        return x


class Holed(Doubled):
    """It says that it fills what is missing.

    (...) -> (...)
    """

    missing = "fills"


class Forgetful(Standardize):
    """What it learns depends on how the rows come.

    (..., features) -> (..., features)
    """

    examples = {"n 2 -> n 2": dict(), "n 3 -> n 3": dict()}

    def accumulator(self):
        return _LastChunk()


class _LastChunk:
    def update(self, rows):
        self.rows = rows

    def state(self):
        return {"mean": self.rows.mean(axis=0).tolist(), "std": [1.0] * self.rows.shape[1]}


class Unsaid(Doubled):
    """It has a field without a description.

    (...) -> (...)
    """

    factor: float = 2.0


class Lonely(Doubled):
    """It has one example.

    (...) -> (...)
    """

    factor: float = Field(default=2.0, description="the factor")
    examples = {"n 2 -> n 2": dict()}


WRONG = [
    (WrongNumbers, "ordinary, onnxruntime, opset 18: "),
    (WrongShape, "infer: (2), not (3)"),
    (WrongType, "ordinary: apply gives float64, not float32"),
    (Greedy, "infer accepts "),
    (Holed, "missing: it gives something other than finite numbers"),
    (Forgetful, "ordinary: learnt in chunks: "),
    (Unsaid, "Unsaid.factor has no description"),
    (Lonely, "Lonely has fewer than two examples"),
]


@pytest.mark.parametrize("step_type", [Doubled, Scale])
def test_a_right_step_passes(step_type):
    check_step(step_type, opsets=[18])


@pytest.mark.parametrize(("step_type", "said"), WRONG, ids=[step_type.__name__ for step_type, _ in WRONG])
def test_a_wrong_step_is_caught(step_type, said):
    with pytest.raises(AssertionError) as caught:
        check_step(step_type, opsets=[18])
    assert str(caught.value).startswith(said)


def test_the_example_of_a_wrong_step_is_named():
    with pytest.raises(AssertionError) as caught:
        check_step(WrongShape)
    assert caught.value.__notes__ == ["WrongShape, example 'n 2 -> n 3': {}"]
