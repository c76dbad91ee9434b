"""Losses of one class of several."""

from math import log

from pydantic import Field

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.objectives.losses import Loss
from nnspec.pycode import Code, F
from nnspec.shapes import ShapeError, Tensor


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
