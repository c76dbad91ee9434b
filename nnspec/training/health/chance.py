"""What a network gets that knows nothing: the loss of the best answer that is the same for every example."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nnspec.graph import Graph
from nnspec.spec.spec import Output, Spec
from nnspec.training.batches import Feed, Tensors
from nnspec.training.objective import compile_objective, learnt

MAX_ROWS = 10_000  # that it is reckoned from
LEAST = 1e-6  # a share or a probability that is 0 has no logarithm

Constant = Callable[[Tensor, int], Tensor]  # from the targets and the number of classes to the answer for one example


def chance(spec: Spec, graph: Graph, examples: Feed, weighted: Sequence[str] = ()) -> float | None:
    """The weighted sum over the outputs; None where one's loss has no such answer, or its places are `weighted`."""
    if weighted:
        return None
    targets = tuple(target[:MAX_ROWS] for target in examples.targets)
    total = 0.0
    for output in learnt(spec):
        value = _of_output(spec, graph, output, targets)
        if value is None:
            return None
        total += value
    return total


def _of_output(spec: Spec, graph: Graph, output: Output, targets: Tensors) -> float | None:
    assert output.loss
    constant = CONSTANTS.get(type(output.loss).__name__)
    target = targets[learnt(spec).index(output)]
    if constant is None or not len(target):
        return None
    axis = output.loss.class_axis
    classes = graph.output_tensors[output.name].shape[axis] if output.loss.reads == "classes" else 0
    assert isinstance(classes, int), "the check lets only a fixed number of classes through"
    given = constant(target, classes)
    given = given.movedim(1, axis) if classes else given
    # With weighted classes the shares are not the best answer.
    answers = [given, torch.zeros_like(given)] if classes else [given]
    return min(_loss(spec, output, answer, targets) for answer in answers)


def _loss(spec: Spec, output: Output, answer: Tensor, targets: Tensors) -> float:
    """The loss of one output where the network answers so."""
    results = tuple(answer if name == output.name else None for name in spec.outputs)
    return float(compile_objective(spec, [output])(results if len(results) > 1 else answer, targets))


def _mean(target: Tensor, channels: int) -> Tensor:
    return target.mean(dim=0, keepdim=True).expand_as(target)


def _median(target: Tensor, channels: int) -> Tensor:
    return target.median(dim=0, keepdim=True).values.expand_as(target)


def _log_shares(target: Tensor, channels: int) -> Tensor:
    known = target[target >= 0]  # a label that is left out of the loss may be -100
    shares = torch.bincount(known, minlength=channels).float()[:channels] / max(known.numel(), 1)
    logs = shares.clamp(min=LEAST).log()
    return logs.reshape(1, channels, *[1] * (target.ndim - 1)).expand(target.shape[0], channels, *target.shape[1:])


def _logits(target: Tensor, channels: int) -> Tensor:
    return _probability(target, channels).logit()


def _probability(target: Tensor, channels: int) -> Tensor:
    return _mean(target, channels).clamp(LEAST, 1 - LEAST)


CONSTANTS: dict[str, Constant] = {
    "MSELoss": _mean,
    "L1Loss": _median,
    "HuberLoss": _median,
    "SmoothL1Loss": _median,
    "CrossEntropyLoss": _log_shares,
    "FocalLoss": _log_shares,
    "NLLLoss": _log_shares,
    "BCEWithLogitsLoss": _logits,
    "MultiLabelSoftMarginLoss": _logits,
    "BCELoss": _probability,
}
