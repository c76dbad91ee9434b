"""A network with all that moves it: one step, one epoch, and the state that can be put back."""

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nnspec.diagnostics import some
from nnspec.training.average import Average
from nnspec.training.batches import Batch, Feed
from nnspec.training.interrupt import Stop
from nnspec.training.optimizer import join, put_back, state_of
from nnspec.training.sharded import parted_like
from nnspec.training.step import PlainStep, Recorded, Step

Advance = Callable[[int], None]  # told how many steps were done


@dataclass(slots=True)
class Pass:
    """How far an epoch has come."""

    order: Tensor  # the state of the order's generator when it began
    steps: int = 0
    rows: int = 0
    total: float = 0.0  # the losses of its examples
    losses: list[tuple[Tensor, int]] = field(default_factory=list)  # of steps and their rows, not yet looked at

    def count(self) -> None:
        """Add the losses one by one: so their sum is the same wherever the epoch was interrupted."""
        means = torch.stack([loss for loss, _ in self.losses]).tolist() if self.losses else []
        for mean, (_, rows) in zip(means, self.losses, strict=True):
            self.total += mean * rows
            self.rows += rows
        self.steps += len(self.losses)
        self.losses.clear()

    def state(self) -> dict[str, Any]:
        """What the rest of the epoch goes on from."""
        self.count()
        return {"order": self.order, "steps": self.steps, "rows": self.rows, "total": self.total}


@dataclass(eq=False)
class Learner:
    """What changes while a network learns."""

    plain: PlainStep
    scheduler: Any | None
    moves: str  # when the scheduler does: step, epoch or loss
    batch_size: int
    order: torch.Generator
    steps: int = 0
    here: Pass | None = None  # the epoch at hand
    augment: Callable[[Batch], Batch] | None = None  # changes each batch first
    average: Average | None = None  # of the weights; where there is one, it is what comes out
    thaws: Mapping[str, int] = field(default_factory=dict)  # frozen parameters, and the epoch they are trained from
    tell: Callable[[str], None] = lambda text: None
    update: Step = field(init=False)  # the step that is taken: the plain one, or another that does the same faster

    def __post_init__(self) -> None:
        self.update = self.plain

    @property
    def net(self) -> nn.Module:
        return self.plain.net

    @property
    def optimizer(self) -> Optimizer:
        return self.plain.optimizer

    def step(self, batch: Batch) -> Tensor:
        """One step down the gradient, and one of a schedule that moves by the step. The loss stays on the device."""
        loss = self.update(self.changed(batch))
        if self.moves == "step":
            self._move_each_step()
        if self.average:
            self.average.update()
        self.steps += 1
        return loss

    def averaged(self) -> AbstractContextManager[None]:
        """Meanwhile the network has the weights that come out: the average where there is one."""
        return self.average.worn() if self.average else nullcontext()

    def changed(self, batch: Batch) -> Batch:
        """The batch as it is learnt from."""
        return self.augment(batch) if self.augment else batch

    def epoch(self, examples: Feed, step: Step, stop: Stop, advance: Advance) -> float | None:
        """A pass over all examples: its mean loss; NaN as soon as a loss is not finite, None where it was stopped.

        One that was stopped, or that a state was put back of, is gone on with.
        """
        self.net.train()
        self.here = self.here or Pass(self.order.get_state())
        self.order.set_state(self.here.order)
        for chunk in examples.shuffled(self.batch_size, self.order, self.here.steps):
            for batch in chunk:
                loss = step(batch)
                self.here.losses.append((loss, batch.rows))  # a step may put a state back: then `here` is another
                if stop.asked:
                    return None
            self.here.count()
            if not math.isfinite(self.here.total):
                self.here = None
                return math.nan
            advance(len(chunk))
        total, self.here = self.here.total, None
        return total / examples.rows

    def begin_epoch(self, number: int) -> None:
        """Train the frozen parameters whose time has come."""
        due = [name for name, epoch in self.thaws.items() if epoch <= number and not self._named[name].requires_grad]
        if due:
            self._train_only({*self._trained, *due})
            join(self.optimizer, [self._named[name] for name in due])
            self.tell(f"epoch {number}: {some(due)} {'are' if len(due) > 1 else 'is'} trained from here on")

    def so_far(self) -> float:
        """The mean loss of an epoch that was stopped, over the examples that it has seen."""
        assert self.here, "an epoch is at hand"
        self.here.count()
        return self.here.total / self.here.rows

    def end_epoch(self, loss: float) -> None:
        """Move a scheduler that moves by epoch."""
        if self.scheduler and self.moves != "step":
            self.scheduler.step(*([loss] if self.moves == "loss" else []))

    @property
    def lr(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def state(self) -> dict[str, Any]:
        """A copy of everything that moves, the order of examples and torch's random numbers among it."""
        state = {
            "net": self.net.state_dict(),
            "optimizer": state_of(self.optimizer),
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
            "order": self.order.get_state(),
            "random": random_state(),
            "steps": self.steps,
            "here": self.here.state() if self.here else None,
            "trained": self._trained,
            "average": self.average.state() if self.average else None,
        }
        return copy.deepcopy(state)

    def go_back(self, state: dict[str, Any]) -> None:
        """Put a state back: what follows is then the same again."""
        self._train_only(state["trained"])
        here = self.net.state_dict()
        self.net.load_state_dict({name: parted_like(here.get(name), x) for name, x in state["net"].items()})
        put_back(self.optimizer, state["optimizer"])
        if self.scheduler:
            self.scheduler.load_state_dict(state["scheduler"])
        if self.average:
            self.average.go_back(state["average"])
        self.order.set_state(state["order"])
        set_random_state(state["random"])
        self.steps = state["steps"]
        self.here = Pass(**state["here"]) if state["here"] else None

    @property
    def _named(self) -> dict[str, nn.Parameter]:
        return dict(self.net.named_parameters())

    @property
    def _trained(self) -> list[str]:
        return [name for name, parameter in self._named.items() if parameter.requires_grad]

    def _train_only(self, names: Iterable[str]) -> None:
        names, before = set(names), self._trained
        for name, parameter in self._named.items():
            parameter.requires_grad_(name in names)
        if names != set(before) and isinstance(self.update, Recorded):
            self.update = self.update.anew()

    def _move_each_step(self) -> None:
        # A cycle that is shorter than the training stays at its last rate.
        assert self.scheduler
        if self.scheduler.last_epoch < getattr(self.scheduler, "total_steps", math.inf) - 1:
            self.scheduler.step()


def random_state() -> list[Tensor]:
    """The states of torch's random numbers, on the processor and on each GPU in use."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return [torch.get_rng_state(), *gpus]


def set_random_state(state: list[Tensor]) -> None:
    """Go on from such states."""
    torch.set_rng_state(state[0])
    if len(state) > 1:
        torch.cuda.set_rng_state_all(state[1:])
