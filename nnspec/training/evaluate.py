"""How well a network does on a part: its loss, and its outputs' metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from nnspec.codegen.direct import direct
from nnspec.codegen.load import evaluate
from nnspec.codegen.score import of_scores, score
from nnspec.graph import Graph
from nnspec.prepare import FittedOutput
from nnspec.prepare.fitted import invert
from nnspec.pycode import name
from nnspec.spec.spec import Output, Spec
from nnspec.training.batches import Batch, Feed, batch_size_of
from nnspec.training.objective import Objective, learnt, result_of
from nnspec.training.result import Metrics

if TYPE_CHECKING:
    from nnspec.training.scale import Team

Array = np.ndarray[Any, np.dtype[Any]]

BATCH_BYTES = 2**20  # of inputs, where a training batch is smaller
BATCHES_AT_ONCE = 8  # nothing is kept for a backward pass, so so many training batches fit


@dataclass(frozen=True, slots=True)
class Measured:
    """The loss of a part, and the metrics of each output that has some."""

    loss: float
    metrics: Metrics = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Judge:
    """What a network is judged by."""

    spec: Spec
    graph: Graph
    objective: Objective
    fitted: Mapping[str, FittedOutput]  # how each output reads
    weighted: tuple[str, ...] = ()  # outputs whose targets do not all count alike
    team: "Team | None" = None  # the processes that train together

    @cached_property
    def quick(self) -> bool:
        """Whether all metrics are computed in next to no time: those that need no torchmetrics."""
        return all(direct(metric) for output in learnt(self.spec) for metric in output.metrics)

    def measure(self, net: nn.Module, examples: Feed, *, with_metrics: bool = False) -> Measured:
        """The mean loss of all examples, and their metrics where asked; a team measures together."""
        net.eval()
        # Weights of which each process holds a part are put together in the forward pass, not in inference mode.
        with torch.no_grad() if self.team else torch.inference_mode():
            if self.team:
                self.team.level(net)
            return self._measure(net, examples, with_metrics)

    def _measure(self, net: nn.Module, examples: Feed, with_metrics: bool) -> Measured:
        scored = [output for output in learnt(self.spec) if with_metrics and output.metrics]
        losses, answers = [], {output.name: list[Tensor]() for output in scored}
        batches = self.batches(examples)
        for batch in self.team.own(batches) if self.team else batches:
            outputs = net(*batch.inputs)
            losses.append(self.objective(outputs, batch.targets) * batch.rows)
            for output in scored:
                answers[output.name].append(_answer(output, result_of(self.spec, outputs, output))[: batch.rows])
        if self.team:
            losses = [self.team.sum(torch.stack(losses))]
            answers = {name: self.team.answers(own) for name, own in answers.items()}
        loss = sum(torch.stack(losses).flatten().tolist()) / examples.rows
        metrics = {output.name: self._score(output, torch.cat(answers[output.name]), examples) for output in scored}
        return Measured(loss, metrics)

    def batches(self, examples: Feed) -> Iterator[Batch]:
        """The examples in their order, in batches as large as evaluation takes them."""
        training = batch_size_of(self.spec.train.batch_size, examples.rows)
        return examples.in_order(max(training * BATCHES_AT_ONCE, BATCH_BYTES // examples.row_bytes))

    def _score(self, output: Output, answers: Tensor, examples: Feed) -> dict[str, float]:
        targets = examples.targets[learnt(self.spec).index(output)]
        fitted = self.fitted.get(output.name, FittedOutput())
        scores = answers.cpu().numpy() if of_scores(output) else None
        given, wanted = (_own_units(output, fitted, x) for x in (_decided(output, answers), targets))
        return score(output, fitted.classes or output.classes, given, wanted, scores)


def _answer(output: Output, result: Tensor) -> Tensor:
    """Values, or probabilities where a metric reads them; otherwise class indices, which take less memory."""
    assert output.loss
    if output.loss.reads == "classes" and not of_scores(output):
        return result.argmax(dim=output.loss.class_axis)
    answer: Tensor = evaluate(output.loss.answer(name("output")), {"output": result})
    return answer


def _decided(output: Output, answers: Tensor) -> Tensor:
    """Class indices, or the values."""
    assert output.loss
    if output.loss.reads == "classes":
        return answers.argmax(dim=output.loss.class_axis) if of_scores(output) else answers
    return answers if output.loss.reads == "values" else answers > 0.5


def _own_units(output: Output, fitted: FittedOutput, x: Tensor) -> Array:
    rows: Array = x.cpu().numpy()
    assert output.loss
    return invert(fitted.steps, rows) if output.loss.reads == "values" else rows
