"""Lints of how the network is trained."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from nnspec.diagnostics import Diagnostic, Span, did_you_mean, some
from nnspec.graph.graph import Graph
from nnspec.graph.lint.walk import BATCH_NORMS, title, warning
from nnspec.objectives import Optimizer
from nnspec.objectives.optimizers.groups import Groups
from nnspec.spec import Spec


def batch_of_one(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """BatchNorm trained on one example at a time.

    The mean and variance of one example are its own, so training sees nothing of its level and evaluation, with kept
    statistics, sees something else; over (n, channels) torch refuses, since one number has no variance. Wu & He, Group
    normalization, 2018: the error grows steeply below a batch of 8.
    """
    norm = next((vertex for vertex in graph if vertex.kind in BATCH_NORMS), None)
    if norm and spec.train.batch_size == 1 and any(output.loss for output in spec.outputs.values()):
        yield warning(
            "batch-of-one",
            f"batch_size 1 trains {title(norm)} on the mean and variance of one example alone",
            spec.span_of("train", "batch_size"),
            help="a batch of 16 or more; or LayerNorm, which needs no batch",
        )


def idle_rule(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """A rule of `init` that fills nothing: its pattern matches no parameter, or only what others fill."""
    used = [graph.learning.rule(parameter) for parameter in graph.parameters]
    for rule in spec.init:
        if rule not in used:
            taken = any(fnmatchcase(parameter, rule.match) for parameter in graph.parameters)
            fact = "what it matches is filled by others" if taken else "it matches no parameter"
            yield warning(
                "idle-rule",
                f"the rule '{rule.match}' of init fills nothing: {fact}",
                rule.span,
                help="the first rule that matches wins, and `init` beside a layer wins over rules"
                if taken
                else did_you_mean(rule.match, graph.parameters) or f"the parameters are {some(graph.parameters)}",
            )
    yield from _idle_groups(spec, graph)


def _idle_groups(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """A group of the optimizer that moves nothing: its pattern matches no parameter, or only what it cannot have."""
    if not isinstance(spec.optimizer, Groups):
        return
    shared = spec.optimizer.shared(name for name in graph.parameters if name not in graph.fixed)
    for index, (group, names) in enumerate(zip(spec.optimizer.groups, shared, strict=True)):
        if names or group.match == "*":
            continue
        taken = any(fnmatchcase(parameter, group.match) for parameter in graph.parameters)
        fact = "what it matches is frozen, or in a group above" if taken else "it matches no parameter"
        yield warning(
            "idle-rule",
            f"the group '{group.match}' of the optimizer moves nothing: {fact}",
            spec.span_of("optimizer", index, "match"),
            help="a parameter belongs to the first group that matches"
            if taken
            else did_you_mean(group.match, graph.parameters) or f"the parameters are {some(graph.parameters)}",
        )


def learning_rate(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """A learning rate out of its optimizer's usual band.

    Adam's steps are about as long as the learning rate whatever the gradient (Kingma & Ba 2014, 2.1), so 0.1 moves
    every weight by 0.1; SGD's are in proportion to the gradient and go higher (Bengio, Practical recommendations, 2012,
    3.1: 1e-6 to 1, 0.01 to begin with). A schedule's max_lr is what counts where it is given.
    """
    for index, optimizer in enumerate(spec.optimizer.members if spec.optimizer else ()):
        place = [index] if isinstance(spec.optimizer, Groups) else []
        yield from _rate_within_band(spec, optimizer, spec.span_of("optimizer", *place, optimizer.title, "lr"))


def _rate_within_band(spec: Spec, optimizer: Optimizer, span: Span) -> Iterator[Diagnostic]:
    if not optimizer.usual:
        return
    name, field, rate = optimizer.title, "lr", optimizer.lr
    if spec.scheduler and spec.scheduler.highest:
        field = spec.scheduler.highest
        rate, span = getattr(spec.scheduler, field), spec.span_of("scheduler", type(spec.scheduler).__name__, field)
    low, high = optimizer.usual
    if not low <= rate <= high:
        side = "below" if rate < low else "above"
        yield warning(
            "learning-rate",
            f"{field} {_written(rate)} is {side} what {name} is used with: {_written(low)} to {_written(high)}",
            span,
            help=f"begin with {optimizer.first_try}, and change it by factors of 3",
        )


def _written(number: float) -> str:
    return f"{number:g}".replace("e-0", "e-")
