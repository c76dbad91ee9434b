"""What a trial is judged by: the validation loss, or a metric of an output."""

import math
from dataclasses import dataclass

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.spec.spec import Spec
from nnspec.training import Epoch, Result

LOSS = "loss"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of the validation rows, and whether more of it is better."""

    name: str  # as a person reads it: `validation loss`, `validation Accuracy`
    output: str = ""  # of a metric
    metric: str = ""
    greater_is_better: bool = False

    @property
    def direction(self) -> str:
        return "maximize" if self.greater_is_better else "minimize"

    def of_epoch(self, epoch: Epoch) -> float | None:
        """Its value after an epoch, where it was measured."""
        if not self.metric:
            return epoch.validation_loss
        return epoch.metrics.get(self.output, {}).get(self.metric)

    def of_result(self, result: Result) -> float:
        """Its value with the best weights; NaN where there are none."""
        part = result.parts.get("validation")
        if part is None:
            return math.nan
        return part.metrics[self.output][self.metric] if self.metric else part.loss

    def better(self, one: float, other: float) -> bool:
        return one > other if self.greater_is_better else one < other


def find_goal(spec: Spec, asked: str) -> Goal:
    """`loss`, `Accuracy` or `digit.Accuracy`; SpecError where the spec measures nothing of this name."""
    if asked == LOSS:
        return Goal("validation loss")
    known = {
        f"{output.name}.{type(metric).__name__}": Goal(
            f"validation {type(metric).__name__}", output.name, type(metric).__name__, metric.greater_is_better
        )
        for output in spec.outputs.values()
        for metric in output.metrics
    }
    matching = [goal for name, goal in known.items() if asked in (name, goal.metric)]
    if len(matching) == 1:
        return matching[0]
    span = Span(Text("command line", (f"--metric {asked}",)), 1, 10, 1, 10 + len(asked))
    if matching:
        help = f"say which: {' or '.join(f'{goal.output}.{goal.metric}' for goal in matching)}"
        raise SpecError.of("unknown-metric", f"several outputs have the metric '{asked}'", span, help=help)
    names = [LOSS, *known, *(goal.metric for goal in known.values())]
    help = did_you_mean(asked, names) or f"it has {', '.join(dict.fromkeys(names))}"
    raise SpecError.of("unknown-metric", f"the spec has no metric '{asked}'", span, help=help)
