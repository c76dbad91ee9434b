"""A population: networks of one form, with weights and numbers of their own, that learn together as one.

Their weights are stacked, and each step is one vectorised step of them all (torch.func.vmap).
They may differ in the learning rate, the weight decay, the p of Dropout and the seed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from nnspec.codegen.load import fill, load
from nnspec.codegen.write import write
from nnspec.diagnostics import SpecError
from nnspec.graph import Network
from nnspec.graph.start import Start
from nnspec.spec.document import TrainSection
from nnspec.spec.spec import Spec
from nnspec.spec.stopping import EarlyStoppingSection
from nnspec.training.batches import Feed, Tensors, batch_size_of, batch_sizes
from nnspec.training.engine import flushed_denormals
from nnspec.training.evaluate import Judge, Measured
from nnspec.training.interrupt import Stop
from nnspec.training.stacked import Stacked, StackedOptimizer

UNKNOWN = ("accumulate", "clip_grad_value", "ema", "unfreeze")  # keys of `train` that its step does not do


@dataclass(frozen=True, slots=True)
class Member:
    """What one network of a population came to."""

    measured: Measured  # the validation rows, with its best weights
    epoch: int  # of the best weights


def check_simple(spec: Spec) -> None:
    """Refuse what a population's step does not know, and what is found for one network alone; SpecError."""
    plain, help = TrainSection(), "leave --population out: the trials then run one by one"
    for key in UNKNOWN:
        if getattr(spec.train, key) != getattr(plain, key):
            message = f"a population knows no `train: {{{key}: ...}}`"
            raise SpecError.of("not-trainable", message, spec.span_of("train", key), help=help)
    if spec.train.batch_size == "auto":
        message = "a population knows no `batch_size: auto`"
        raise SpecError.of("not-trainable", message, spec.span_of("train", "batch_size"), help=help)
    if spec.lr_auto:
        raise SpecError.of("not-trainable", "a population knows no `lr: auto`", spec.span_of("optimizer"), help=help)


class Masked(nn.Module):
    """Dropout whose p is a tensor, so that each network of a population has its own."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.register_buffer("p", torch.tensor(p))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        assert isinstance(self.p, Tensor)
        kept = torch.rand_like(x) >= self.p
        return torch.where(kept, x / (1 - self.p).clamp_min(torch.finfo(x.dtype).tiny), 0.0)


class Population:
    """The networks, stacked, and what moves them."""

    def __init__(
        self, networks: Sequence[Network], judge: Judge, rows: int, device: torch.device, start: Start | None
    ) -> None:
        self.judge, self.spec = judge, networks[0].spec
        check_simple(self.spec)
        self.seeds = [network.spec.train.seed for network in networks]
        self.nets = [_net(network, start).to(device) for network in networks]
        self.base = self.nets[0]
        self.buffers = _stacked([dict(net.named_buffers()) for net in self.nets])
        self.learnt = _stacked([dict(net.named_parameters()) for net in self.nets])
        for name, value in self.learnt.items():
            value.requires_grad_(name not in judge.graph.frozen)
        self.batch_size = batch_size_of(self.spec.train.batch_size, rows)
        assert self.spec.train.epochs
        steps = self.spec.train.epochs * len(batch_sizes(rows, self.batch_size))
        moving = {name: value for name, value in self.learnt.items() if value.requires_grad}
        self.optimizer = StackedOptimizer(networks, moving, steps)

    def train(self, training: Feed, validation: Feed, stop: Stop) -> list[Member] | None:
        """Train all of them to their end; None where it was stopped."""
        count = len(self.nets)
        best = _Best({**self.learnt, **self.buffers}, count, self.spec.train.early_stopping)
        orders = [torch.Generator().manual_seed(seed) for seed in self.seeds]
        torch.manual_seed(self.seeds[0])
        with flushed_denormals():
            for epoch in range(1, (self.spec.train.epochs or 0) + 1):
                if not self._epoch(training, orders, stop):
                    return None
                losses = self._losses(validation)
                self.optimizer.end_epoch(losses)
                best.offer(epoch, losses)
                if best.all_tired:
                    break
        return [self._member(index, best, validation) for index in range(count)]

    def _epoch(self, training: Feed, orders: Sequence[torch.Generator], stop: Stop) -> bool:
        self.base.train()
        for inputs, targets in _batches(training, self.batch_size, orders, self.seeds):
            losses = self._forward(inputs, targets, 0 if len(set(self.seeds)) > 1 else None)
            losses.sum().backward()  # type: ignore[no-untyped-call]
            self.optimizer.step(self.spec.train.clip_grad_norm)
            if stop.asked:
                return False
        return True

    def _forward(self, inputs: Tensors, targets: Tensors, batch_dim: int | None) -> Tensor:
        """The loss of each network."""

        def loss(learnt: Stacked, buffers: Stacked, inputs: Tensors, targets: Tensors) -> Tensor:
            outputs = functional_call(self.base, (learnt, buffers), inputs)
            return self.judge.objective(outputs, targets)

        together = vmap(loss, in_dims=(0, 0, batch_dim, batch_dim), randomness="different")
        try:
            losses: Tensor = together(self.learnt, self.buffers, inputs, targets)
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise _not_together(error) from error
        return losses

    @torch.no_grad()
    def _losses(self, examples: Feed) -> Tensor:
        self.base.eval()
        found = [
            self._forward(batch.inputs, batch.targets, None) * batch.rows for batch in self.judge.batches(examples)
        ]
        return torch.stack(found).sum(dim=0) / examples.rows

    def _member(self, index: int, best: "_Best", validation: Feed) -> Member:
        net = self.nets[index]
        state = {name: value[index] for name, value in best.weights.items()}
        net.load_state_dict({**net.state_dict(), **state}, strict=True)
        if not math.isfinite(float(best.losses[index])):
            return Member(Measured(math.nan), 0)
        return Member(self.judge.measure(net, validation, with_metrics=True), int(best.epochs[index]))


class _Best:
    """Each network's weights of its best epoch."""

    def __init__(self, now: Stacked, count: int, stopping: EarlyStoppingSection | None) -> None:
        self.now, self.stopping = now, stopping
        self.weights = {name: value.detach().clone() for name, value in now.items()}
        device = next(iter(now.values())).device
        self.losses, self.to_beat = (torch.full((count,), math.inf, device=device) for _ in range(2))
        self.epochs, self.waited = (torch.zeros(count, dtype=torch.int64, device=device) for _ in range(2))

    @property
    def tired(self) -> Tensor:
        """Which networks were no better for so many epochs that they are done."""
        return self.waited >= (self.stopping.patience if self.stopping else math.inf)

    @property
    def all_tired(self) -> bool:
        return bool(self.tired.all())

    @torch.no_grad()
    def offer(self, epoch: int, losses: Tensor) -> None:
        """Keep the weights that are better, of those that are not done."""
        going = ~self.tired
        better = going & (losses < self.losses)
        self.losses = torch.where(better, losses, self.losses)
        self.epochs[better] = epoch
        for name, value in self.now.items():
            self.weights[name][better] = value.detach()[better]
        progress = losses < self.to_beat - (self.stopping.min_delta if self.stopping else 0.0)
        self.to_beat = torch.where(going & progress, losses, self.to_beat)
        self.waited = torch.where(going & progress, 0, self.waited + 1)


def _stacked(states: Sequence[Stacked]) -> Stacked:
    """Each tensor of several networks as one, theirs along the first axis."""
    return {name: torch.stack([state[name].detach() for state in states]) for name in states[0]}


def _net(network: Network, start: Start | None) -> nn.Module:
    torch.manual_seed(network.spec.train.seed)
    net = load(write(network.graph), "net.py", {})
    if start:
        fill(net, start)
    _mask(net)
    return net


def _mask(module: nn.Module) -> None:
    for name, inner in module.named_children():
        if type(inner) is nn.Dropout:
            setattr(module, name, Masked(inner.p))
        else:
            _mask(inner)


def _batches(
    examples: Feed, size: int, orders: Sequence[torch.Generator], seeds: Sequence[int]
) -> Iterator[tuple[Tensors, Tensors]]:
    """An epoch's batches; where the seeds differ each network has its own, stacked."""
    if len(set(seeds)) == 1:
        for chunk in examples.shuffled(size, orders[0]):
            for batch in chunk:
                yield batch.inputs, batch.targets
        return
    for chunks in zip(*(examples.shuffled(size, order) for order in orders), strict=True):
        for batches in zip(*chunks, strict=True):
            inputs, targets = ([getattr(batch, part) for batch in batches] for part in ("inputs", "targets"))
            yield _stack(inputs), _stack(targets)


def _stack(parts: Sequence[Tensors]) -> Tensors:
    return tuple(torch.stack(tensors) for tensors in zip(*parts, strict=True))


def _not_together(error: RuntimeError) -> SpecError:
    reason = str(error).strip().splitlines()[0]
    message = f"this network cannot be trained as a population: torch says {reason}"
    return SpecError.of("not-trainable", message, help="leave --population out: the trials then run one by one")
