"""What descriptions say, as torch's own objects: the loss of a step, the scheduler."""

from collections.abc import Callable, Iterable
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


def compile_objective(spec: Spec, outputs: Iterable[Output] | None = None) -> Objective:
    """The weighted sum of the losses as one function; of some outputs alone where they are given.

    For one output that is `lambda outputs, targets: F.cross_entropy(outputs, targets[0])`.
    """
    terms = [_term(spec, output) for output in (learnt(spec) if outputs is None else outputs)]
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


def _term(spec: Spec, output: Output) -> Code:
    outputs, targets = name("outputs"), name("targets")
    result = outputs if len(spec.outputs) == 1 else outputs[list(spec.outputs).index(output.name)]
    assert output.loss
    loss = output.loss.code(result, targets[learnt(spec).index(output)])
    return loss if output.weight == 1 else loss * output.weight
