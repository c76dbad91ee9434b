"""Losses: what each compares, the target it needs, and how its output reads in the exported file.

A target has no batch-reduced twin here: every loss is the mean over the batch unless `reduction` says otherwise.
"""

from abc import ABC, abstractmethod
from math import log
from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.objectives.described import Described
from nnspec.pycode import Code, F
from nnspec.shapes import ShapeError, Tensor

# What an output means: one class of several, yes or no, or plain numbers.
Reads = Literal["classes", "binary", "values"]


class Loss(Described, ABC):
    """A loss. `reads` says what the output means, which decides its target, its metrics and its exported form."""

    reads: ClassVar[Reads]
    # Whether `answer` gives probabilities, which the exported file then hands out beside the class.
    probabilistic: ClassVar[bool] = False
    examples: ClassVar[dict[str, dict[str, float]]]

    # What it takes the output for, in words.
    takes: ClassVar[str] = ""

    def chance(self, output: Tensor) -> str:
        """What a network that knows nothing gets, so that a learner can judge a value; empty where nothing is known."""
        return ""

    @abstractmethod
    def target(self, output: Tensor) -> Tensor:
        """The target that fits an output of this shape, or ShapeError."""

    @abstractmethod
    def code(self, output: Code, target: Code) -> Code:
        """The loss as an expression, a scalar."""

    def answer(self, output: Code) -> Code:
        """What the exported file gives for the output: probabilities for classes, the values themselves otherwise."""
        return output

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        """The ONNX nodes of `answer`."""
        return output


class _Classes(Loss):
    reads = "classes"
    probabilistic = True

    def chance(self, output: Tensor) -> str:
        classes = output.channels
        return f"ln({classes}) = {log(classes):.3f} where all {classes} classes are equally likely to it"

    def target(self, output: Tensor) -> Tensor:
        """(n, classes, ...) -> int64 (n, ...)."""
        output.needs_rank_at_least(2)
        output.needs_float()
        if output.channels < 2:
            raise ShapeError(
                f"needs a score for each of at least 2 classes on axis 1, got {output}",
                help="give the last layer as many features as there are classes; "
                "one score for yes or no goes with BCEWithLogitsLoss",
            )
        return Tensor((output.shape[0], *output.spatial), "int64")


class CrossEntropyLoss(_Classes):
    """Negative log-likelihood of the right class, from unnormalised scores (logits).

    -log softmax(output)[target], over axis 1; torch.nn.CrossEntropyLoss.
    """

    label_smoothing: float = Field(default=0.0, ge=0, le=1, description="share of the target spread over all classes")

    takes = "one score of any size (logit) for each class: it takes the softmax itself"
    examples = {"n 10": dict(), "n 4 t": dict(label_smoothing=0.1)}

    def code(self, output: Code, target: Code) -> Code:
        return F.cross_entropy(output, target, **self.changed())

    def answer(self, output: Code) -> Code:
        return output.softmax(dim=1)

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Softmax", output, axis=1)


class NLLLoss(_Classes):
    """Negative log-likelihood of the right class, from log-probabilities (after LogSoftmax).

    -output[target], over axis 1; torch.nn.NLLLoss.
    """

    takes = "one log-probability for each class, as LogSoftmax gives"
    examples = {"n 10": dict(), "n 4 t": dict()}

    def code(self, output: Code, target: Code) -> Code:
        return F.nll_loss(output, target)

    def answer(self, output: Code) -> Code:
        return output.exp()

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Exp", output)


class _SameShape(Loss):
    def target(self, output: Tensor) -> Tensor:
        """The output's own shape, real numbers."""
        output.needs_float()
        return output


class _Binary(_SameShape):
    reads = "binary"


class BCEWithLogitsLoss(_Binary):
    """Binary cross-entropy from unnormalised scores (logits), one yes or no per number.

    -(y log sigmoid(x) + (1 - y) log(1 - sigmoid(x))), mean; torch.nn.BCEWithLogitsLoss.
    """

    probabilistic = True
    takes = "one score of any size (logit) for each yes or no: it takes the sigmoid itself"
    examples = {"n 1": dict(), "n 5": dict()}

    def chance(self, output: Tensor) -> str:
        return f"ln(2) = {log(2):.3f} where yes and no are equally likely to it"

    def code(self, output: Code, target: Code) -> Code:
        return F.binary_cross_entropy_with_logits(output, target)

    def answer(self, output: Code) -> Code:
        return output.sigmoid()

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Sigmoid", output)


class PerceptronLoss(_Binary):
    """Rosenblatt's rule for a network that ends in Heaviside: its value is the share of mistakes, its gradient
    with respect to the score is (output - target), mean over the batch.

    With plain SGD and batch_size 1 this is w += lr * (target - output) * x (Rosenblatt 1958).
    """

    takes = "0 or 1, as Heaviside gives"
    examples = {"n 1": dict()}

    def chance(self, output: Tensor) -> str:
        return "0.5 for answers by coin: the value is the share of mistakes"

    def code(self, output: Code, target: Code) -> Code:
        # The share of mistakes; the straight-through output adds (output - target) as the gradient and 0 as the value.
        mistake = (output - target).detach()
        return (mistake.abs() + mistake * (output - output.detach())).mean()


class MSELoss(_SameShape):
    """Mean squared error.

    mean (output - target)²; torch.nn.MSELoss.
    """

    reads = "values"
    takes = "real numbers, in the units of the target after its preparation"
    examples = {"n 1": dict(), "n 3 h w": dict()}

    def chance(self, output: Tensor) -> str:
        return "the target's variance where it answers with its mean: 1 for a standardized target"

    def code(self, output: Code, target: Code) -> Code:
        return F.mse_loss(output, target)


class L1Loss(_SameShape):
    """Mean absolute error.

    mean |output - target|; torch.nn.L1Loss.
    """

    reads = "values"
    takes = "real numbers, in the units of the target after its preparation"
    examples = {"n 1": dict(), "n 3 h w": dict()}

    def chance(self, output: Tensor) -> str:
        return "the target's mean distance from its median where it answers with that"

    def code(self, output: Code, target: Code) -> Code:
        return F.l1_loss(output, target)


class HuberLoss(_SameShape):
    """Squared error near zero, absolute error far from it.

    mean of ½ d² where |d| ≤ delta, else delta (|d| - ½ delta); torch.nn.HuberLoss (Huber 1964).
    """

    delta: PositiveFloat = Field(default=1.0, description="where the square turns into a straight line")

    reads = "values"
    takes = "real numbers, in the units of the target after its preparation"
    examples = {"n 1": dict(), "n 3": dict(delta=0.5)}

    def code(self, output: Code, target: Code) -> Code:
        return F.huber_loss(output, target, **self.changed())


LOSSES: dict[str, type[Loss]] = {
    loss.__name__: loss
    for loss in (MSELoss, L1Loss, HuberLoss, CrossEntropyLoss, NLLLoss, BCEWithLogitsLoss, PerceptronLoss)
}
