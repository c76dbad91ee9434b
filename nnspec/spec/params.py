"""Parameters: names for constants, and what expressions see of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnspec.diagnostics import Findings, Span, SpecError
from nnspec.source import Node
from nnspec.spec.expressions import Value, mentions, names_in, substitute
from nnspec.spec.formula import CONSTANTS, FUNCTIONS, OPERATOR_WORDS
from nnspec.spec.instantiate import show
from nnspec.spec.names import MODULE_ATTRIBUTES, SOURCE_NAMES, check_name

OF_INPUT = frozenset(["in_shape", "in_channels", "in_features"])  # what is known of a layer's input
OF_PLACE = OF_INPUT | {"index"}
TAKEN = OF_PLACE | frozenset(FUNCTIONS) | frozenset(CONSTANTS) | OPERATOR_WORDS


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression sees: values by name, and the names whose values cannot be known, as was told already."""

    values: Mapping[str, Value] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    def with_values(self, values: Mapping[str, Value], unknown: frozenset[str] = frozenset()) -> "Names":
        """These names and more; a later value hides an earlier one."""
        known = (self.unknown - values.keys()) | unknown
        return replace(self, values={**self.values, **values}, unknown=known)

    def fill_in(self, node: Node, findings: Findings) -> Node | None:
        """The node with its expressions computed; None where one cannot be, after telling why."""
        if not mentions(node):
            return node
        if self.unknown and self.unknown & mentioned(node):
            return None
        try:
            return substitute(node, self.values)
        except SpecError as error:
            for found in error.diagnostics:
                findings.error(found.code, found.message, found.span, notes=found.notes, help=found.help)
            return None


def mentioned(node: Node) -> frozenset[str]:
    """The parameters that the texts of a node mention."""
    return frozenset().union(*(names_in(text) for text in _texts(node)))


def read_params(section: Node | None, findings: Findings) -> Names:
    """The document's parameters; one may be computed from those above it."""
    names = Names()
    if section is None or section.value is None:
        return names
    if not isinstance(section.value, dict):
        message = f"params is a mapping of names to values, got {show(section.plain())}"
        findings.error("wrong-type", message, section.span, help="as in `params: {width: 16}`")
        return names
    for name, node in section.value.items():
        check_param(name, section.keys[name], findings)
        names = add_value(name, node, names, names, findings)
    return names


def add_value(name: str, node: Node, seen: Names, names: Names, findings: Findings) -> Names:
    """`names` and one more, whose value is computed from what is `seen`."""
    filled = seen.fill_in(node, findings)
    if filled is None:
        return names.with_values({}, frozenset([name]))
    if _has_mapping(filled):
        help = "a parameter is a number, a truth value, text, or a list of them"
        findings.error("wrong-type", f"the parameter {name} is a mapping", node.span, help=help)
        return names.with_values({}, frozenset([name]))
    value: Any = filled.plain()
    return names.with_values({name: value})


def check_param(name: str, span: Span, findings: Findings) -> None:
    """Tell of a parameter's name that cannot be used."""
    if name in TAKEN:
        what = "known of a layer's place" if name in OF_PLACE else "a word of expressions"
        findings.error("bad-name", f"'{name}' is {what}", span, help=f"call it {name}_1, say")
    else:
        check_name(name, span, findings, allowed=MODULE_ATTRIBUTES | SOURCE_NAMES)


def _has_mapping(node: Node) -> bool:
    return isinstance(node.value, dict) or any(map(_has_mapping, node))


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node.value, str):
        yield node.value
    for item in node:
        yield from _texts(item)
