"""Lints of how the network is trained."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from nnspec.diagnostics import Diagnostic, did_you_mean, some
from nnspec.graph.graph import Graph
from nnspec.graph.lint.walk import BATCH_NORMS, title, warning
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


def learning_rate(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """A learning rate out of its optimizer's usual band.

    Adam's steps are about as long as the learning rate whatever the gradient (Kingma & Ba 2014, 2.1), so 0.1 moves
    every weight by 0.1; SGD's are in proportion to the gradient and go higher (Bengio, Practical recommendations, 2012,
    3.1: 1e-6 to 1, 0.01 to begin with). A schedule's max_lr is what counts where it is given.
    """
    if not spec.optimizer or not spec.optimizer.usual:
        return
    name = type(spec.optimizer).__name__
    field, rate, span = "lr", spec.optimizer.lr, spec.span_of("optimizer", name, "lr")
    if spec.scheduler and spec.scheduler.highest:
        field = spec.scheduler.highest
        rate, span = getattr(spec.scheduler, field), spec.span_of("scheduler", type(spec.scheduler).__name__, field)
    low, high = spec.optimizer.usual
    if not low <= rate <= high:
        side = "below" if rate < low else "above"
        yield warning(
            "learning-rate",
            f"{field} {_written(rate)} is {side} what {name} is used with: {_written(low)} to {_written(high)}",
            span,
            help=f"begin with {spec.optimizer.first_try}, and change it by factors of 3",
        )


def _written(number: float) -> str:
    return f"{number:g}".replace("e-0", "e-")
