"""The `train` section, whose keys have to go together."""

from nnspec.diagnostics import Findings
from nnspec.source import Node
from nnspec.spec.document import TrainSection
from nnspec.spec.instantiate import instantiate


def read_train(node: Node | None, findings: Findings) -> TrainSection:
    """The section with its defaults where it is absent or wrong."""
    if node is None or node.value is None:
        return TrainSection()
    section = instantiate(TrainSection, node, "train", node.span, findings, short=False) or TrainSection()
    if section.batch_size == "full" and section.accumulate > 1:
        message = "`batch_size: full` takes all examples in one step, so `accumulate` has nothing to add"
        help = "give the number of examples that fit at a time, as in `{batch_size: 64, accumulate: 4}`"
        findings.error("wrong-value", message, node.span_of(["accumulate"]), help=help)
    return section
