"""Losses of real numbers."""

from pydantic import Field, NonNegativeFloat, PositiveFloat

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.objectives.losses import Loss, SameShape
from nnspec.pycode import Code, F
from nnspec.shapes import Tensor

SMALLEST_MEAN = 1e-38  # whose logarithm float32 has
UNITS = "real numbers, in the units of the target after its preparation"


class MSELoss(SameShape):
    """Mean squared error.

    mean (output - target)²; torch.nn.MSELoss.
    """

    reads = "values"
    takes = UNITS
    examples = {"n 1": dict(), "n 3 h w": dict()}

    def chance(self, output: Tensor) -> str:
        return "the target's variance where it answers with its mean: 1 for a standardized target"

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.mse_loss(output, target, **reduction)


class L1Loss(SameShape):
    """Mean absolute error.

    mean |output - target|; torch.nn.L1Loss.
    """

    reads = "values"
    takes = UNITS
    examples = {"n 1": dict(), "n 3 h w": dict()}

    def chance(self, output: Tensor) -> str:
        return "the target's mean distance from its median where it answers with that"

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.l1_loss(output, target, **reduction)


class HuberLoss(SameShape):
    """Squared error near zero, absolute error far from it.

    mean of ½ d² where |d| ≤ delta, else delta (|d| - ½ delta); torch.nn.HuberLoss (Huber 1964).
    """

    delta: PositiveFloat = Field(default=1.0, description="where the square turns into a straight line")

    reads = "values"
    takes = UNITS
    examples = {"n 1": dict(), "n 3": dict(delta=0.5)}

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.huber_loss(output, target, **self.changed(), **reduction)


class SmoothL1Loss(SameShape):
    """Absolute error that is rounded off near zero.

    mean of ½ d² / beta where |d| < beta, else |d| - ½ beta; torch.nn.SmoothL1Loss (Girshick 2015).
    """

    beta: NonNegativeFloat = Field(default=1.0, description="where the square turns into a straight line; 0 is L1Loss")

    reads = "values"
    takes = UNITS
    examples = {"n 1": dict(), "n 3": dict(beta=0.5)}

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.smooth_l1_loss(output, target, **self.changed(), **reduction)


class PoissonNLLLoss(SameShape):
    """Negative log-likelihood of a count, of which the network gives the logarithm of the mean.

    mean exp(output) - target · output; torch.nn.PoissonNLLLoss. The answer is exp(output), the mean itself.
    """

    log_input: bool = Field(default=True, description="false where the network gives the mean, not its logarithm")
    full: bool = Field(default=False, description="add Stirling's approximation of log(target!)")
    eps: PositiveFloat = Field(default=1e-8, description="added to the mean within the logarithm, without log_input")

    reads = "values"
    takes = "logarithms of counts, which are the target as it is: neither standardized nor negative"
    examples = {"n 1": dict(), "n 3": dict(log_input=False, full=True)}

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return F.poisson_nll_loss(output, target, **self.changed(), **reduction)

    def answer(self, output: Code) -> Code:
        return output.exp() if self.log_input else output

    def from_answer(self, answer: Code) -> Code:
        return answer.clamp(min=SMALLEST_MEAN).log() if self.log_input else answer

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return g.op("Exp", output) if self.log_input else output


class KLDivLoss(SameShape):
    """Divergence of a distribution from the one that the network gives as log-probabilities (after LogSoftmax).

    sum of target (log target - output), mean over the examples; torch.nn.KLDivLoss with its reduction "batchmean"
    (Kullback & Leibler 1951). The answer is exp(output).
    """

    log_target: bool = Field(default=False, description="whether the target is log-probabilities too")

    reads = "values"
    by_example = True
    takes = "log-probabilities, as LogSoftmax gives; the target is a probability for each"
    examples = {"n 4": dict(), "n 5": dict(log_target=True)}

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        if reduction:
            return F.kl_div(output, target, **self.changed(), **reduction).flatten(1).sum(1)
        return F.kl_div(output, target, reduction="batchmean", **self.changed())

    def answer(self, output: Code) -> Code:
        return output if self.log_target else output.exp()

    def from_answer(self, answer: Code) -> Code:
        return answer if self.log_target else answer.clamp(min=SMALLEST_MEAN).log()

    def answer_onnx(self, g: OnnxBuilder, output: Value) -> Value:
        return output if self.log_target else g.op("Exp", output)


class Minimize(Loss):
    """The output itself, on average: for a loss that layers compute, as TripletMarginLoss or GaussianKL do.

    mean output; it learns from no column.
    """

    compares = False
    reads = "values"
    takes = "numbers that should become small"
    examples = {"n": dict(), "n 1": dict(), "n 3 h w": dict()}

    def target(self, output: Tensor) -> Tensor:
        """One number an example, which is not looked at."""
        output.needs_float()
        return output.with_shape(output.shape[0])

    def code(self, output: Code, target: Code, **reduction: str) -> Code:
        return output if reduction else output.mean()
