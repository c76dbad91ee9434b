"""Losses: what each compares, the target it needs, and how its output reads in the exported file.

A target has no batch-reduced twin here: every loss is the mean over the batch unless `reduction` says otherwise.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.objectives.described import Described
from nnspec.objectives.table import Table
from nnspec.pycode import Code
from nnspec.shapes import Tensor

# What an output means: one class of several, yes or no, or plain numbers.
Reads = Literal["classes", "binary", "values"]


class Loss(Described, ABC):
    """A loss. `reads` says what the output means, which decides its target, its metrics and its exported form."""

    reads: ClassVar[Reads]
    # Whether `answer` gives probabilities, which the exported file then hands out beside the class.
    probabilistic: ClassVar[bool] = False
    # Whether `each` is one number for each example; otherwise for each place of the target.
    by_example: ClassVar[bool] = False
    # Whether it compares the output with a column of the data.
    compares: ClassVar[bool] = True
    examples: ClassVar[dict[str, dict[str, Any]]]

    # What it takes the output for, in words.
    takes: ClassVar[str] = ""

    def chance(self, output: Tensor) -> str:
        """What a network that knows nothing gets, so that a learner can judge a value; empty where nothing is known."""
        return ""

    @property
    def class_axis(self) -> int:
        """The axis of the output that its classes stand on, as PyTorch counts axes."""
        return 1

    def classes_of(self, output: Tensor) -> int:
        """How many classes an output of this shape tells apart."""
        return output.fixed(self.class_axis, "axis of classes")

    @abstractmethod
    def target(self, output: Tensor) -> Tensor:
        """The target that fits an output of this shape, or ShapeError."""

    @abstractmethod
    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        """The loss as an expression, a scalar; with `reduction="none"` what it is the mean of."""

    @property
    def ignored(self) -> int | None:
        """The label of places that are left out, as it stands in the data; None where there is none."""
        return None

    @property
    def class_weights(self) -> tuple[float, ...]:
        """What each class counts; empty where all count alike."""
        return ()

    def each(self, output: Code, target: Code) -> Code:
        """The loss of each place of the target, or of each example: what `code` is the mean of, every class alike."""
        return self.code(output, target, reduction="none")

    def weighted(self, output: Code, target: Code, weights: Code) -> Code:
        """The mean of each place's loss times its weight. A target that is missing (NaN, or below 0) weighs nothing."""
        known = target.clamp(min=0) if self.reads == "classes" else target.nan_to_num()
        return (self.each(output, known) * weights).mean()

    def answer(self, output: Code) -> Code:
        """What the exported file gives for the output: probabilities for classes, the values themselves otherwise."""
        return output

    def from_answer(self, answer: Code) -> Code:
        """An output with this answer and the same loss. Where a probability is 0 or 1 in float32, the nearest."""
        return answer

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        """The ONNX nodes of `answer`."""
        return output


class SameShape(Loss):
    """A loss whose target has the output's shape."""

    def target(self, output: Tensor) -> Tensor:
        """The output's own shape, real numbers."""
        output.needs_float()
        return output


LOSSES = Table[Loss](
    __name__,
    {
        "values": "MSELoss L1Loss HuberLoss SmoothL1Loss PoissonNLLLoss KLDivLoss Minimize",
        "classes": "CrossEntropyLoss FocalLoss NLLLoss MultiMarginLoss",
        "binary": "BCEWithLogitsLoss BCELoss MultiLabelSoftMarginLoss SoftMarginLoss HingeEmbeddingLoss DiceLoss "
        "PerceptronLoss",
    },
    absent={
        **dict.fromkeys(
            (
                *("TripletMarginLoss", "CosineEmbeddingLoss", "MarginRankingLoss", "ContrastiveLoss", "InfoNCE"),
                *("CTCLoss", "GaussianNLLLoss", "GaussianKL", "MultiLabelMarginLoss"),
            ),
            "it compares several tensors, so it is a layer, whose output has the loss Minimize",
        ),
        "TripletMarginWithDistanceLoss": "its distance is code; the layer TripletMarginLoss has a norm's exponent",
        "AdaptiveLogSoftmaxWithLoss": "it has weights of its own; CrossEntropyLoss after a Linear is exact",
        "LinearCrossEntropyLoss": "it has weights of its own; CrossEntropyLoss after a Linear is the same",
    },
)
