"""The `init` section: how parameters are filled, by patterns of their names."""

from nnspec.diagnostics import Findings
from nnspec.objectives import INITIALIZERS
from nnspec.source import Node
from nnspec.spec.choices import choose
from nnspec.spec.instantiate import show
from nnspec.spec.spec import InitRule

EXAMPLE = 'as in `init: [{match: "*.weight", kaiming_normal_: {}}]`'
MAX_PATTERN = 200  # characters of a pattern


def read_rules(section: Node | None, findings: Findings) -> tuple[InitRule, ...]:
    """Every rule in order, less those whose mistakes have been told."""
    if section is None or section.value is None:
        return ()
    if not isinstance(section.value, list):
        message = f"init is a list of rules, got {show(section.plain())}"
        findings.error("wrong-type", message, section.span, help=EXAMPLE)
        return ()
    rules = [_rule(node, findings) for node in section.value]
    return tuple(rule for rule in rules if rule)


def _rule(node: Node, findings: Findings) -> InitRule | None:
    match = node.get("match")
    if not isinstance(node.value, dict) or match is None or len(node.value) != 2:
        message = f"a rule of init has a `match` and one initializer, got {show(node.plain())}"
        findings.error("wrong-type", message, node.span, help=EXAMPLE)
        return None
    if not isinstance(match.value, str) or len(match.value) > MAX_PATTERN:
        message = f"match is a pattern of at most {MAX_PATTERN} characters, got {show(match.plain())}"
        findings.error("wrong-type", message, match.span, help=EXAMPLE)
        return None
    chosen = {key: item for key, item in node.value.items() if key != "match"}
    alone = Node(chosen, node.span, {key: node.keys[key] for key in chosen})
    initializer = choose(alone, "initializer", INITIALIZERS.get, INITIALIZERS, findings)
    return InitRule(match.value, initializer, match.span) if initializer else None
