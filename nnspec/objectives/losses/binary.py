"""Losses of yes or no, one for each number."""

from math import log

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.objectives.losses import SameShape
from nnspec.pycode import Code, F
from nnspec.shapes import Tensor


class _Binary(SameShape):
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
