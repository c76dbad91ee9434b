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
    early = next((pattern for pattern, epoch in section.unfreeze.items() if epoch < 2), None)
    if early is not None:
        message = f"unfreeze: the epoch is 2 or a later one, got {section.unfreeze[early]}"
        help = "what is trained from the first epoch on needs no `freeze`"
        findings.error("wrong-value", message, node.span_of(["unfreeze", early]), help=help)
    return section
