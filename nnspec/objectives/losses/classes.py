"""Losses of one class of several."""

from math import log
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat

from nnspec.layers.fields import Listed
from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.objectives.losses import Loss
from nnspec.pycode import Code, F
from nnspec.shapes import ShapeError, Tensor

Weights = Annotated[tuple[NonNegativeFloat, ...], Listed, Field(min_length=2)]
IGNORED = "the label of places that are left out of the loss and of the metrics; none unless given"
SMALLEST = 1e-38  # probability whose logarithm float32 has
WEIGHT = "what each class counts, in the order of the classes; alike unless given"


class _Classes(Loss):
    weight: Weights | None = Field(default=None, description=WEIGHT)

    reads = "classes"
    probabilistic = True

    def chance(self, output: Tensor) -> str:
        classes = self.classes_of(output)
        return f"ln({classes}) = {log(classes):.3f} where all {classes} classes are equally likely to it"

    def target(self, output: Tensor) -> Tensor:
        """(n, classes, ...) -> int64 (n, ...)."""
        output.needs_rank_at_least(2)
        output.needs_float()
        axis = output.axis(self.class_axis)
        if not isinstance(output.shape[axis], int):
            last = isinstance(output.shape[-1], int)
            raise ShapeError(
                f"needs classes on axis {self.class_axis}, and that is a length: {output}",
                help="`dim: -1` says that they stand on the last axis" if last and self.class_axis == 1 else "",
            )
        classes = self.classes_of(output)
        if classes < 2:
            raise ShapeError(
                f"needs a score for each of at least 2 classes on axis {self.class_axis}, got {output}",
                help="give the last layer as many features as there are classes; "
                "one score for yes or no goes with BCEWithLogitsLoss",
            )
        if self.weight and len(self.weight) != classes:
            raise ShapeError(f"weight has {len(self.weight)} numbers, and there are {classes} classes")
        return Tensor((*output.shape[:axis], *output.shape[axis + 1 :]), "int64")

    def from_answer(self, answer: Code) -> Code:
        return answer.clamp(min=SMALLEST).log()

    def arguments(self, output: Code) -> dict[str, Any]:
        """What the call takes beside output and target."""
        found = self.changed()
        for ours in ("dim", "ignore_index"):  # places that are left out weigh nothing
            found.pop(ours, None)
        return {**found, "weight": output.new_tensor(self.weight)} if self.weight else found


class _Scores(_Classes):
    """What losses share that take a score for each class at each of many places."""

    dim: int = Field(default=1, description="axis of the classes; -1 where each place has its scores on the last axis")
    ignore_index: int | None = Field(default=None, description=IGNORED)

    @property
    def class_axis(self) -> int:
        return self.dim

    @property
    def ignored(self) -> int | None:
        return self.ignore_index

    @property
    def class_weights(self) -> tuple[float, ...]:
        return self.weight or ()

    def each(self, output: Code, target: Code) -> Code:
        alike = self.model_copy(update={"weight": None})
        return alike.code(output, target, reduction="none")

    def placed(self, output: Code) -> Code:
        """The output with its classes on axis 1, where PyTorch's losses have them."""
        return output if self.dim == 1 else output.movedim(self.dim, 1)


class CrossEntropyLoss(_Scores):
    """Negative log-likelihood of the right class, from unnormalised scores (logits).

    -log softmax(output)[target], over the axis of the classes; torch.nn.CrossEntropyLoss, which has them on axis 1.
    """

    label_smoothing: float = Field(default=0.0, ge=0, le=1, description="share of the target spread over all classes")

    takes = "one score of any size (logit) for each class: it takes the softmax itself"
    examples = {
        "n 10": dict(),
        "n 4 t": dict(label_smoothing=0.1),
        "n t 5": dict(dim=-1),
        "n 3": dict(weight=[1.0, 2.0, 0.5]),
    }

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.cross_entropy(self.placed(output), target, **self.arguments(output), **reduction)

    def answer(self, output: Code) -> Code:
        return output.softmax(dim=self.dim)

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Softmax", output, axis=self.dim)


class FocalLoss(_Scores):
    """Cross-entropy in which what is already right counts little, so that seldom and hard classes are learnt.

    -(1 - p)^gamma log p, where p = softmax(output)[target], over the axis of the classes; Lin et al. 2017.
    PyTorch has none.
    """

    gamma: float = Field(default=2.0, ge=1, description="how fast a right answer stops counting")

    takes = "one score of any size (logit) for each class: it takes the softmax itself"
    examples = {
        "n 10": dict(),
        "n 4 h w": dict(gamma=1.5),
        "n h w 4": dict(dim=3),
        "n 3": dict(weight=[1.0, 2.0, 0.5]),
    }

    def chance(self, output: Tensor) -> str:
        classes = self.classes_of(output)
        value = (1 - 1 / classes) ** self.gamma * log(classes)
        return f"{value:.3f} where all {classes} classes are equally likely to it"

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        likely = self.placed(output).log_softmax(dim=1)
        weight = {"weight": output.new_tensor(self.weight)} if self.weight else {}
        return F.nll_loss((-likely.exp() + 1).pow(self.gamma) * likely, target, **weight, **reduction)

    def answer(self, output: Code) -> Code:
        return output.softmax(dim=self.dim)

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Softmax", output, axis=self.dim)


class NLLLoss(_Scores):
    """Negative log-likelihood of the right class, from log-probabilities (after LogSoftmax).

    -output[target], over the axis of the classes; torch.nn.NLLLoss, which has them on axis 1.
    """

    takes = "one log-probability for each class, as LogSoftmax gives"
    examples = {"n 10": dict(), "n 4 t": dict(), "n t 5": dict(dim=-1), "n 3": dict(weight=[1.0, 2.0, 0.5])}

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.nll_loss(self.placed(output), target, **self.arguments(output), **reduction)

    def answer(self, output: Code) -> Code:
        return output.exp()

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Exp", output)


class MultiMarginLoss(_Classes):
    """Hinge loss of several classes: the right one's score is to be above every other's by a margin.

    mean over the classes j but the target of max(0, margin - output[target] + output[j])^p; torch.nn.MultiMarginLoss
    (Crammer & Singer 2001).
    """

    p: Literal[1, 2] = Field(default=1, description="power of each shortfall")
    margin: float = Field(default=1.0, description="how far the right score is to be above the others")

    probabilistic = False
    takes = "one score of any size for each class, the highest of which is the answer"
    examples = {"n 10": dict(), "n 3": dict(p=2, margin=0.5, weight=[1.0, 2.0, 0.5])}

    def chance(self, output: Tensor) -> str:
        classes = self.classes_of(output)
        return f"{(classes - 1) / classes * self.margin**self.p:.3f} where all {classes} scores are equal"

    def target(self, output: Tensor) -> Tensor:
        output.needs_rank(2)
        return super().target(output)

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.multi_margin_loss(output, target, **self.arguments(output), **reduction)
