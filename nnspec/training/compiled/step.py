"""A step that runs as a program: the same sums as the plain step's, in the same order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.optim import LBFGS

from nnspec.training.batches import Batch
from nnspec.training.compiled.passes import PASSES
from nnspec.training.compiled.program import UncompilableError
from nnspec.training.compiled.record import record
from nnspec.training.compiled.script import Run, script
from nnspec.training.compiled.update import Update
from nnspec.training.step import PlainStep, sum_of

MOST_SHAPES = 8  # of batches that get a program of their own; further ones take the plain step

Shapes = tuple[torch.Size, ...]
Gradients = Sequence[Tensor | None]  # of the parameters, in their order


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A program for batches of one shape."""

    run: Run
    held: tuple[Tensor, ...]


@dataclass(eq=False)
class CompiledStep:
    """A plain step's loss and gradients as a program, and the optimizer's kernel beside it.

    The first batch of a shape is stepped through as usual and recorded. It is for the parameters that are trained as
    this is made.

    Raises:
        UncompilableError: at the first batch, and nothing has changed then but the random numbers and running means.
    """

    plain: PlainStep
    ready: dict[Shapes, _Ready] = field(default_factory=dict)
    update: Update | None = None
    through: Callable[[Run, Sequence[Tensor], Sequence[Tensor]], Run] | None = None  # what else is made of a program

    def __post_init__(self) -> None:
        if isinstance(self.plain.optimizer, LBFGS):
            raise UncompilableError("LBFGS evaluates the loss as often as it likes")

    def __call__(self, batch: Batch) -> Tensor:
        """One step down the gradient."""
        shapes = tuple(x.shape for x in (*batch.inputs, *batch.targets))
        ready = self.ready.get(shapes)
        if ready and self.update:
            loss, *gradients = ready.run(*batch.inputs, *batch.targets, *ready.held)
            self.update(gradients)
            return loss
        if len(self.ready) < MOST_SHAPES:
            return self._record(batch, shapes)
        return self.plain(batch)

    def anew(self) -> "CompiledStep":
        """The same for the parameters that are trained from here on."""
        return CompiledStep(self.plain, through=self.through)

    def _record(self, batch: Batch, shapes: Shapes) -> Tensor:
        parameters = [x for group in self.plain.optimizer.param_groups for x in group["params"] if x.requires_grad]
        moved: list[Tensor] = []

        def work() -> Iterator[Tensor]:
            loss, gradients = self._gradients(batch, parameters)
            yield loss
            known = {_memory(x) for x in (*parameters, *batch.inputs, *batch.targets)}
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    moved.append(parameter)
                    yield _own(gradient, parameter, known)

        program, (loss, *gradients) = record(lambda: list(work()), (*batch.inputs, *batch.targets))
        for rewrite in PASSES:
            program = rewrite(program)
        self.update = self.update or Update(
            self.plain.optimizer, moved, self.plain.clip_grad_norm, self.plain.clip_grad_value
        )
        assert len(self.update.parameters) == len(moved), "what has a gradient is the network's, not a batch's"
        # Detached, they need no autograd, and the kernels see the gradient mode that they were recorded in.
        held = tuple(x.detach() for x in program.held.values())
        run = script(program)
        if self.through:
            run = self.through(run, (*batch.inputs, *batch.targets), held)
        self.ready[shapes] = _Ready(run, held)
        self.update(gradients)
        return loss

    def _gradients(self, batch: Batch, parameters: Sequence[Tensor]) -> tuple[Tensor, Gradients]:
        found = [self._gradients_of(*part, parameters) for part in self.plain.parts(batch)]
        losses, gradients = zip(*found, strict=True)
        return sum_of(losses), [_added(parts) for parts in zip(*gradients, strict=True)]

    def _gradients_of(self, share: float, part: Batch, parameters: Sequence[Tensor]) -> tuple[Tensor, Gradients]:
        loss = self.plain.loss_of(part.inputs, part.targets)
        loss = loss if share == 1 else loss * share
        return loss.detach(), torch.autograd.grad(loss, parameters, allow_unused=True)


def _added(parts: Sequence[Tensor | None]) -> Tensor | None:
    """A parameter's gradients from each part of a batch; what has none has none in any."""
    return sum_of(found) if (found := [x for x in parts if x is not None]) else None


def _own(gradient: Tensor, parameter: Tensor, known: set[int]) -> Tensor:
    """A gradient that lies in memory as its parameter does, and alone there."""
    if _memory(gradient) in known or _layout(gradient) != _layout(parameter):
        gradient = torch.empty_like(parameter).copy_(gradient)
    known.add(_memory(gradient))
    return gradient


def _memory(x: Tensor) -> int:
    return int(x.untyped_storage()._cdata)


def _layout(x: Tensor) -> list[int]:
    return [stride for stride, size in zip(x.stride(), x.shape, strict=True) if size != 1]
