"""Losses of yes or no, one for each number: the target is 1 or 0."""

from math import log
from typing import Annotated, Any

from pydantic import Field, PositiveFloat

from nnspec.layers.fields import Listed
from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.objectives.losses import SameShape
from nnspec.pycode import Code, F
from nnspec.shapes import ShapeError, Tensor

Weights = Annotated[tuple[PositiveFloat, ...], Listed, Field(min_length=1)]
LEAST_DOUBT = 1e-7  # nearer to 0 or 1 float32 has few probabilities
EVEN = f"ln(2) = {log(2):.3f} where yes and no are equally likely to it"


class _Binary(SameShape):
    reads = "binary"


class _Logits(_Binary):
    probabilistic = True
    takes = "one score of any size (logit) for each yes or no: it takes the sigmoid itself"

    def chance(self, output: Tensor) -> str:
        return EVEN

    def answer(self, output: Code) -> Code:
        return output.sigmoid()

    def from_answer(self, answer: Code) -> Code:
        return answer.logit(eps=LEAST_DOUBT)

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Sigmoid", output)


class BCEWithLogitsLoss(_Logits):
    """Binary cross-entropy from unnormalised scores (logits), one yes or no per number.

    -(y log sigmoid(x) + (1 - y) log(1 - sigmoid(x))), mean; torch.nn.BCEWithLogitsLoss.
    """

    pos_weight: PositiveFloat | Weights | None = Field(
        default=None, description="what a yes counts against a no; a list has one for each number of the last axis"
    )

    examples = {"n 1": dict(), "n 5": dict(), "n 2": dict(pos_weight=[3.0, 0.5]), "n 4 1": dict(pos_weight=9.0)}

    def target(self, output: Tensor) -> Tensor:
        if isinstance(self.pos_weight, tuple) and output.shape[-1] != len(self.pos_weight):
            raise ShapeError(f"pos_weight has {len(self.pos_weight)} numbers, and the last axis {output.shape[-1]}")
        return super().target(output)

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        given: dict[str, Any] = {"pos_weight": output.new_tensor(self.pos_weight)} if self.pos_weight else {}
        return F.binary_cross_entropy_with_logits(output, target, **given, **reduction)


class MultiLabelSoftMarginLoss(_Logits):
    """Binary cross-entropy from unnormalised scores, one yes or no for each label, mean over the labels.

    BCEWithLogitsLoss with a weight for each label; torch.nn.MultiLabelSoftMarginLoss.
    """

    weight: Weights | None = Field(default=None, description="what each label counts; alike unless given")

    by_example = True

    examples = {"n 5": dict(), "n 2": dict(weight=[1.0, 3.0])}

    def target(self, output: Tensor) -> Tensor:
        output.needs_rank(2)
        if self.weight and output.channels != len(self.weight):
            raise ShapeError(f"weight has {len(self.weight)} numbers, and there are {output.channels} labels")
        return super().target(output)

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        given = {"weight": output.new_tensor(self.weight)} if self.weight else {}
        return F.multilabel_soft_margin_loss(output, target, **given, **reduction)


class SoftMarginLoss(_Logits):
    """Logistic loss of a score whose sign is the answer.

    log(1 + exp(-y x)), mean, where y is 1 for yes and -1 for no; torch.nn.SoftMarginLoss.
    """

    examples = {"n 1": dict(), "n 3 t": dict()}

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.soft_margin_loss(output, _signed(target), **reduction)


class DiceLoss(_Logits):
    """What two regions lack in overlap, from unnormalised scores: for segmentation, where yes is seldom.

    1 - 2 Σ p y / (Σ p² + Σ y²) of each example, mean over the batch, where p = sigmoid(x); Milletari et al. 2016.
    PyTorch has none.
    """

    smooth: PositiveFloat = Field(default=1.0, description="added above and below, so that two empty regions agree")

    by_example = True

    examples = {"n 1 h w": dict(), "n 6": dict(smooth=0.1)}

    def chance(self, output: Tensor) -> str:
        return "near 1 where what it finds has nothing in common with the region"

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        likely, wanted = output.sigmoid().flatten(1), target.flatten(1)
        overlap = (likely * wanted).sum(1) * 2 + self.smooth
        share = overlap / (likely.square().sum(1) + wanted.square().sum(1) + self.smooth)
        return -share + 1 if reduction else -share.mean() + 1


class BCELoss(_Binary):
    """Binary cross-entropy from probabilities (after Sigmoid), one yes or no per number.

    -(y log x + (1 - y) log(1 - x)), mean; torch.nn.BCELoss.
    """

    probabilistic = True
    takes = "one probability for each yes or no, as Sigmoid gives"
    examples = {"n 1": dict(), "n 5": dict()}

    def chance(self, output: Tensor) -> str:
        return EVEN

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.binary_cross_entropy(output, target, **reduction)


class HingeEmbeddingLoss(_Binary):
    """Hinge loss of a distance: small for what belongs together (yes), at least the margin for what does not.

    x for yes, max(0, margin - x) for no, mean; torch.nn.HingeEmbeddingLoss. The answer is yes below half the margin.
    """

    margin: PositiveFloat = Field(default=1.0, description="distance from which two do not belong together")

    takes = "one distance for each yes or no"
    examples = {"n 1": dict(), "n 5": dict(margin=2.0)}

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.hinge_embedding_loss(output, _signed(target), **self.changed(), **reduction)

    def answer(self, output: Code) -> Code:
        return -output / self.margin + 1

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        share = g.op("Div", g.op("Neg", output), g.constant(self.margin, name="margin"))
        return g.op("Add", share, g.constant(1.0, name="one"))


class PerceptronLoss(_Binary):
    """Rosenblatt's rule for a network that ends in Heaviside: its value is the share of mistakes, its gradient
    with respect to the score is (output - target), mean over the batch.

    With plain SGD and batch_size 1 this is w += lr * (target - output) * x (Rosenblatt 1958).
    """

    takes = "0 or 1, as Heaviside gives"
    examples = {"n 1": dict()}

    def chance(self, output: Tensor) -> str:
        return "0.5 for answers by coin: the value is the share of mistakes"

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        # The share of mistakes; the straight-through output adds (output - target) as the gradient and 0 as the value.
        mistake = (output - target).detach()
        each = mistake.abs() + mistake * (output - output.detach())
        return each if reduction else each.mean()


def _signed(target: Code) -> Code:
    """1 and 0 as 1 and -1."""
    return target * 2 - 1
