"""What is right, and still seldom meant: a warning for each, with the arithmetic and the way out.

A lint is a function of the spec and its graph, in the table under its code. Its docstring says why, and who found out.
"""

from collections.abc import Callable, Iterator, Mapping

from nnspec.diagnostics import Diagnostic, Findings, position
from nnspec.graph.graph import Graph
from nnspec.graph.lint.allow import Allowed
from nnspec.graph.lint.answers import dropout_output, log_softmax, relu_output, sigmoid_loss, softmax_loss
from nnspec.graph.lint.border import border
from nnspec.graph.lint.pairs import activation_twice, dropout_norm, idle_bias, idle_dropout, linear_twice
from nnspec.graph.lint.sizes import huge_tensor
from nnspec.graph.lint.trained import batch_of_one, idle_rule, learning_rate
from nnspec.graph.lint.vanishing import vanishing
from nnspec.spec import Spec

Lint = Callable[[Spec, Graph], Iterator[Diagnostic]]

LINTS: Mapping[str, Lint] = {
    "softmax-loss": softmax_loss,
    "sigmoid-loss": sigmoid_loss,
    "log-softmax": log_softmax,
    "relu-output": relu_output,
    "dropout-output": dropout_output,
    "idle-bias": idle_bias,
    "dropout-norm": dropout_norm,
    "activation-twice": activation_twice,
    "linear-twice": linear_twice,
    "idle-dropout": idle_dropout,
    "vanishing": vanishing,
    "border": border,
    "batch-of-one": batch_of_one,
    "learning-rate": learning_rate,
    "idle-rule": idle_rule,
    "huge-tensor": huge_tensor,
}
WARNINGS = (*LINTS, "unused-layer")  # what a comment may allow


def lint(spec: Spec, graph: Graph, findings: Findings) -> None:
    """Warn of what is seldom meant, in a spec without errors; leave out the warnings that its comments allow."""
    if findings.errors:
        return
    allowed = Allowed([spec.root.span, *(vertex.span for vertex in graph)], WARNINGS)
    told = [*findings.found, *(found for run in LINTS.values() for found in run(spec, graph))]
    # The copies of a block stand in one place: one message for all of them.
    single = {(found.code, *position(found)): found for found in reversed(told) if not allowed.covers(found)}
    findings.found[:] = sorted([*single.values(), *allowed.unknown], key=position)
