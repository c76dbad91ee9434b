"""What descriptions say, as torch's own objects: the loss of a step, the scheduler."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from nnspec.codegen.load import evaluate
from nnspec.pycode import Code, name
from nnspec.spec.spec import Output, Spec
from nnspec.training.batches import Tensors

# From what the network returns (a tensor, or a tuple where it has several outputs) and the targets to a scalar.
Objective = Callable[[Any, Tensors], Tensor]


def learnt(spec: Spec) -> tuple[Output, ...]:
    """The outputs that have a loss: those that targets are for, in their order."""
    return tuple(output for output in spec.outputs.values() if output.loss)


def compile_objective(spec: Spec, outputs: Iterable[Output] | None = None, weighted: Sequence[str] = ()) -> Objective:
    """The weighted sum of the losses as one function; of some outputs alone where they are given.

    For one output that is `lambda outputs, targets: F.cross_entropy(outputs, targets[0])`. What each place of a target
    counts, of the outputs that are `weighted`, follows the targets in their order.
    """
    terms = [_term(spec, output, weighted) for output in (learnt(spec) if outputs is None else outputs)]
    total = sum(terms[1:], terms[0])
    objective: Objective = evaluate(Code(f"lambda outputs, targets: {total}"), {})
    return objective


def make_scheduler(spec: Spec, optimizer: Optimizer, epochs: int, steps: int) -> Any | None:
    """The spec's scheduler for a training of so many epochs and steps."""
    if not spec.scheduler:
        return None
    return evaluate(spec.scheduler.code(name("optimizer"), epochs=epochs, steps=steps), {"optimizer": optimizer})


def result_of(spec: Spec, outputs: Any, output: Output) -> Tensor:
    """One output of what the network returned."""
    result: Tensor = outputs if len(spec.outputs) == 1 else outputs[list(spec.outputs).index(output.name)]
    return result


def _term(spec: Spec, output: Output, weighted: Sequence[str]) -> Code:
    outputs, targets = name("outputs"), name("targets")
    result = outputs if len(spec.outputs) == 1 else outputs[list(spec.outputs).index(output.name)]
    assert output.loss
    every = learnt(spec)
    loss = output.loss.code(result, targets[every.index(output)])
    if output.name in weighted:
        weights = targets[len(every) + weighted.index(output.name)]
        loss = output.loss.weighted(result, targets[every.index(output)], weights)
    return loss if output.weight == 1 else loss * output.weight
