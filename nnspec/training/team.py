"""Whether a training is one process's or several ones', and what several cannot do together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

from nnspec.diagnostics import Note, SpecError, some
from nnspec.graph import Graph
from nnspec.graph.cost import cost
from nnspec.ranks import Place, place
from nnspec.runs import Run
from nnspec.spec.spec import Spec
from nnspec.training.automatic import asks
from nnspec.training.engine import LARGEST_SEED, choose_device
from nnspec.training.learner import Learner
from nnspec.training.memory import memory_of
from nnspec.training.objective import learnt
from nnspec.training.progress import Progress
from nnspec.training.ranked import RankedStep
from nnspec.training.trial import Choice

if TYPE_CHECKING:
    from nnspec.training.scale import Team

Value = TypeVar("Value")
STRIDE = 0x9E3779B97F4A7C15  # from one process's seed to the next one's: far, so that neighbours of a seed stay free


@contextmanager
def gathered(spec: Spec, graph: Graph, asked: str | None) -> "Iterator[tuple[torch.device, Team | None]]":
    """The device of this process, and the team that it trains in; none where it trains alone."""
    here = place()
    check_processes(spec, here)
    if here is None:
        yield choose_device(spec, asked), None
        return
    check_together(spec)
    device = _device(spec, asked, here)
    strategy = spec.train.strategy
    if strategy == "auto":
        strategy = "fsdp" if _fills(spec, graph, device) else "ddp"
    try:
        from nnspec.training.scale import joined
    except ImportError:
        message, help = "several processes need lightning-fabric, which is not installed", "pip install 'nnspec[scale]'"
        raise SpecError.of("missing-extra", message, spec.span_of("train", "devices"), help=help) from None
    # A parameter of an output without a loss gets no gradient, for which DDP would wait.
    idle = any(output.loss is None for output in spec.outputs.values())
    with joined(here, strategy, device, find_unused=idle) as team:
        yield team.device, team


def check_processes(spec: Spec, here: Place | None) -> None:
    """Refuse to train with fewer or more processes than the spec asks for."""
    devices, nodes = spec.train.devices, spec.train.nodes
    count, there = devices * nodes, here.size if here else 1
    if count in (1, there):
        return
    asked = f"{count} processes are asked for (devices {devices}, nodes {nodes})"
    if here:
        message, help = f"{asked}, and {here.by} started {there}", "leave them out: then all that were started train"
    else:
        message, help = f"{asked}, and this one trains alone", "`nnspec train`, torchrun and srun start several"
    raise SpecError.of("device", message, spec.span_of("train", "devices" if devices > 1 else "nodes"), help=help)


def check_together(spec: Spec) -> None:
    """Refuse what several processes cannot do as one does."""
    if spec.optimizer and "LBFGS" in spec.optimizer.title:
        span = spec.span_of("optimizer")
        message = "LBFGS evaluates a batch as often as it likes, which several processes cannot do together"
        raise SpecError.of("not-trainable", message, span, help="train with one process, or take AdamW")
    if asks(spec):
        message = "what is `auto` is found by one process, and several train together"
        help = "say `batch_size` and `lr`"
        raise SpecError.of("not-trainable", message, spec.span_of("train", "devices"), help=help)
    for key in ("accumulate", "unfreeze", "time"):
        value = getattr(spec.train, key)
        if value != type(spec.train).model_fields[key].get_default(call_default_factory=True):
            message = f"`{key}` is for one process, and several train together"
            help = "say `epochs` or `steps`" if key == "time" else "train with `--devices 1`"
            raise SpecError.of("not-trainable", message, spec.span_of("train", key), help=help)
    for output in learnt(spec):
        if getattr(output.loss, "weight", None):
            kind = type(output.loss).__name__
            message = f"the weights of {kind} count over a whole batch, of which each process sees its share"
            note = Note("output", output.name, output.span)
            help = "train with one process, or take FocalLoss, or leave `weight` out"
            raise SpecError.of("not-trainable", message, spec.span_of("train", "devices"), notes=[note], help=help)


def check_weights(spec: Spec, weighted: Sequence[str]) -> None:
    """Refuse targets that do not all count alike: their mean is over a whole batch."""
    if weighted:
        message = f"the targets of {some(weighted)} do not all count alike, and each process sees its share of a batch"
        help = "train with `--devices 1`"
        raise SpecError.of("not-trainable", message, spec.span_of("train", "devices"), help=help)


def all_or_none(team: "Team | None", act: Callable[[], Value]) -> Value:
    """What this process's part in something gives, once each has done its own; one error for all where one fails."""
    if team is None:
        return act()
    found: list[Value] = []
    error = None
    try:
        found.append(act())
    except SpecError as raised:
        error = raised
    failed = [rank for rank, bad in enumerate(team.gather(error is not None)) if bad]
    if error and failed[0] == team.place.rank:
        raise error
    if failed:
        raise SystemExit(1)
    return found[0]


def leads(team: "Team | None") -> bool:
    """Whether this process speaks and writes for all."""
    return team is None or team.place.rank == 0


@contextmanager
def writing(team: "Team | None", run: Run) -> Iterator[Run]:
    """The run folder for the process that leads; for the others one that is thrown away."""
    if leads(team):
        yield run
        return
    with TemporaryDirectory(prefix="nnspec-") as folder:
        yield Run(Path(folder))


def step_together(learner: Learner, net: nn.Module, team: "Team", spec: Spec, seed: int, progress: Progress) -> None:
    """Let a learner take its steps in a team; `net` is its network as the team arranged it."""
    step = RankedStep(learner.plain, net, team, learner.augment)
    learner.update, learner.augment = step, step.share
    if team.place.rank:  # whose dropout falls elsewhere
        torch.manual_seed((seed + team.place.rank * STRIDE) % LARGEST_SEED)
    size = team.place.size
    nodes = f" on {team.place.nodes} machines" if team.place.nodes > 1 else ""
    progress.tell(f"{team.strategy}: {size} processes{nodes}, each with 1/{size} of a batch of {learner.batch_size}")
    if spec.train.compile not in ("auto", "off"):
        progress.tell(Choice("off", {}, {}, {spec.train.compile: "several processes take plain steps"}).in_words())
    if team.device.type != "cuda" and any(
        type(layer).__name__.startswith("BatchNorm") for layer in learner.net.modules()
    ):
        progress.tell("BatchNorm normalizes over each process's share: on CPUs PyTorch has no SyncBatchNorm")


def _device(spec: Spec, asked: str | None, here: Place) -> torch.device:
    """The kind of device that each process of this machine gets one of."""
    device = choose_device(spec, asked)
    gpus = torch.cuda.device_count() if device.type == "cuda" else 0
    if device.type == "cpu" or gpus >= here.here:
        return device
    there = f"{gpus} GPU{'s' * (gpus > 1)}" if gpus else "one device of the kind mps"
    message = f"{here.here} processes need a device each, and this machine has {there}"
    help = "`--device cpu` lets them share the processors"
    raise SpecError.of("device", message, spec.span_of("train", "devices"), help=help)


def _fills(spec: Spec, graph: Graph, device: torch.device) -> bool:
    """Whether what a training keeps of its parameters fills more than half of a device."""
    there = memory_of(device)
    found = cost(graph, spec.optimizer)
    return there is not None and 2 * (found.weights + found.gradients + found.state) > there
