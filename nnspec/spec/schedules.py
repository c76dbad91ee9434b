"""The `scheduler` section: one schedule, or one that holds others."""

from typing import Any, cast

from nnspec.diagnostics import Findings
from nnspec.objectives import SCHEDULERS, Scheduler
from nnspec.source import Node
from nnspec.spec.choices import choose
from nnspec.spec.document import TrainSection

HOLDING = ("SequentialLR", "ChainedScheduler")
HOLDS = "schedulers"  # the field that others stand in


def read_scheduler(node: Node, findings: Findings) -> Scheduler | None:
    """A schedule with those that it holds; None after telling what is wrong."""
    if isinstance(node.value, dict) and len(node.value) == 1:
        ((name, arguments),) = node.value.items()
        if isinstance(arguments.value, list):
            arguments = Node({HOLDS: arguments}, arguments.span, {HOLDS: arguments.span})
        held = arguments.get(HOLDS)
        if name in HOLDING and held is not None and isinstance(held.value, list):
            return _holding(name, node, arguments, held, findings)
    return _chosen(node, findings)


def check_length(scheduler: Scheduler | None, train: TrainSection, root: Node, findings: Findings) -> None:
    """Tell of a schedule that spans a training whose steps nobody knows before."""
    if scheduler and train.epochs is None and train.steps is None and scheduler.spans_training:
        findings.error(
            "wrong-value",
            f"{type(scheduler).__name__} spans the whole training, and {train.time} may be any number of steps",
            root.span_of(["scheduler"]),
            help="give `steps` or `epochs` beside `time`: whichever comes first ends the training",
        )


def _holding(name: str, node: Node, arguments: Node, held: Node, findings: Findings) -> Scheduler | None:
    """Each of the schedules that it holds is read where it stands, and put in its place."""
    schedules = [_chosen(inner, findings) for inner in held]
    if None in schedules:
        return None
    assert isinstance(arguments.value, dict)
    places = [Node(cast(Any, made), inner.span) for made, inner in zip(schedules, held, strict=True)]
    inside = Node({**arguments.value, HOLDS: Node(places, held.span)}, arguments.span, arguments.keys)
    return _chosen(Node({name: inside}, node.span, node.keys), findings)


def _chosen(node: Node, findings: Findings) -> Scheduler | None:
    return choose(node, "scheduler", SCHEDULERS.get, SCHEDULERS, findings, SCHEDULERS.absent)
