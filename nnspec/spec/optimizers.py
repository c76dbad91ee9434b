"""The `optimizer` section: one for all parameters, or a list of groups by patterns of their names."""

from nnspec.diagnostics import Findings
from nnspec.objectives import OPTIMIZERS, Optimizer, Scheduler
from nnspec.objectives.optimizers.groups import Group, Groups
from nnspec.source import Node
from nnspec.spec.choices import choose
from nnspec.spec.instantiate import show
from nnspec.spec.rules import MAX_PATTERN

EXAMPLE = 'as in `optimizer: [{match: "*.bias", AdamW: {weight_decay: 0}}, {AdamW: {lr: 1e-3}}]`'
AUTO = "auto"
ALONE = ("LBFGS",)  # that see all parameters as one vector


def read_optimizer(node: Node, findings: Findings) -> Optimizer | None:
    """An optimizer, or several in groups; None after telling what is wrong."""
    if not isinstance(node.value, list):
        return _chosen(_without_rate(node) if asks_for_rate(node) else node, findings)
    if not node.value:
        findings.error("wrong-type", "optimizer is an empty list", node.span, help=EXAMPLE)
        return None
    groups = [_group(item, findings, is_last=item is node.value[-1]) for item in node.value]
    found = tuple(group for group in groups if group)
    return Groups(lr=found[-1].optimizer.lr, groups=found) if len(found) == len(groups) else None


def asks_for_rate(node: Node | None) -> bool:
    """Whether it says `lr: auto`, for one optimizer of all parameters."""
    rate = _rate(node) if node else None
    return rate is not None and rate.value == AUTO


def check_rate(optimizer: Optimizer | None, scheduler: Scheduler | None, root: Node, findings: Findings) -> None:
    """Tell of a range test that cannot be, or that would count for nothing."""
    node = root.get("optimizer")
    if not optimizer or not node or not asks_for_rate(node):
        return
    rate = _rate(node)
    assert rate
    if not optimizer.usual or optimizer.title in ALONE:
        message = f"`lr: auto` tests the rates that an optimizer is used with, and none are known for {optimizer.title}"
        findings.error("wrong-value", message, rate.span, help="give a number, or take SGD, Adam or AdamW")
    elif scheduler and scheduler.highest:
        name = type(scheduler).__name__
        message = f"{name} sets the learning rate by its {scheduler.highest}, so `lr: auto` has nothing to find"
        findings.error("wrong-value", message, rate.span, help="leave `lr` out, or take a schedule that multiplies it")


def check_moved(optimizer: Optimizer | None, scheduler: Scheduler | None, root: Node, findings: Findings) -> None:
    """Tell of a schedule that moves what the optimizer has not."""
    if not scheduler or not optimizer:
        return
    name = type(scheduler).__name__
    if scheduler.highest and not optimizer.one_rate:
        grouped = isinstance(optimizer, Groups)
        whose = (
            "the optimizer's groups have their own"
            if grouped
            else f"{optimizer.title} and the AdamW beside it have one each"
        )
        all_of_them = "them all" if grouped else "both"
        findings.error(
            "wrong-value",
            f"{name} sets one learning rate, and {whose}",
            root.span_of(["scheduler"]),
            help=f"take a schedule that multiplies {all_of_them}, as SequentialLR of LinearLR and CosineAnnealingLR",
        )
        return
    still = [member for member in optimizer.members if not _momentum(member)]
    if scheduler.moves_momentum and still:
        findings.error(
            "wrong-value",
            f"{name} moves the momentum, but {still[0].title} has none",
            root.span_of(["scheduler"]),
            help=f"give {name} `cycle_momentum: false`, or the optimizer a momentum",
        )


def _group(node: Node, findings: Findings, *, is_last: bool) -> Group | None:
    match = node.get("match") if isinstance(node.value, dict) else None
    if isinstance(node.value, dict) and len(node.value) != 1 + (match is not None):
        message = f"a group of the optimizer has a `match` and one optimizer, got {show(node.plain())}"
        findings.error("wrong-type", message, node.span, help=EXAMPLE)
        return None
    if match is None and not is_last:
        message = "a group without `match` is for all parameters that are left, so none can follow it"
        findings.error("wrong-value", message, node.span, help="make it the last, or give it a `match`")
        return None
    if match and (not isinstance(match.value, str) or not 0 < len(match.value) <= MAX_PATTERN):
        message = f"match is a pattern of at most {MAX_PATTERN} characters, got {show(match.plain())}"
        findings.error("wrong-type", message, match.span, help=EXAMPLE)
        return None
    alone = _without_match(node)
    if asks_for_rate(alone):
        message = "`lr: auto` finds one rate for all parameters, and a group has its own"
        findings.error("wrong-value", message, alone.span, help="give each group a number")
        return None
    optimizer = _chosen(alone, findings)
    if optimizer and optimizer.title in ALONE:
        message = f"{optimizer.title} moves all parameters as one, so it cannot be a group's"
        findings.error("wrong-value", message, node.span, help=f"as in `optimizer: {optimizer.title}`")
        return None
    return Group(match=str(match.value) if match else "*", optimizer=optimizer) if optimizer else None


def _rate(node: Node) -> Node | None:
    """What stands for the learning rate: after `lr`, or alone after the optimizer's name."""
    if not isinstance(node.value, dict) or len(node.value) != 1:
        return None
    (arguments,) = node.value.values()
    return arguments.get("lr") if isinstance(arguments.value, dict) else arguments


def _without_rate(node: Node) -> Node:
    assert isinstance(node.value, dict)
    ((name, arguments),) = node.value.items()
    given = arguments.value if isinstance(arguments.value, dict) else {}
    rest = {key: item for key, item in given.items() if key != "lr"}
    return Node({name: Node(rest, arguments.span, arguments.keys)}, node.span, node.keys)


def _without_match(node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    chosen = {key: item for key, item in node.value.items() if key != "match"}
    return Node(chosen, node.span, {key: node.keys[key] for key in chosen})


def _chosen(node: Node, findings: Findings) -> Optimizer | None:
    return choose(node, "optimizer", OPTIMIZERS.get, OPTIMIZERS, findings, OPTIMIZERS.absent)


def _momentum(optimizer: Optimizer) -> bool:
    return bool(getattr(optimizer, "betas", getattr(optimizer, "momentum", 0.0)))
