"""`$search`: a value that is looked for, with the range it is looked for in.

`lr: {$search: {log: [1e-5, 1e-1]}}`. Where nothing is looked for, the middle of the range stands in its place, or
its `default`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnspec.diagnostics import Findings, Span, SpecError, did_you_mean
from nnspec.source import Node
from nnspec.source.node import Scalar

KEY = "$search"
EXAMPLE = "as in `lr: {$search: {log: [1e-5, 1e-1]}}`"
RANGES = ("uniform", "log", "int", "log_int")
KINDS = (*RANGES, "choice")
OPTIONS = ("step", "default")
MAX_SEARCHES = 100
MAX_CHOICES = 1000
DIGITS = 5  # significant ones of a number that is tried, so that the spec that is written has just that number

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A value that is looked for: where it stands, and what it may be."""

    path: Path
    kind: str  # uniform, log, int, log_int or choice
    bounds: tuple[float, float]  # of a range, both included
    step: float | None
    choices: tuple[Scalar, ...]
    given: Scalar  # the default that was written
    span: Span

    @property
    def name(self) -> str:
        """`optimizer.AdamW.lr`, `layers[0].Linear`."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).lstrip(".")

    @property
    def is_whole(self) -> bool:
        return self.kind in ("int", "log_int")

    @property
    def is_log(self) -> bool:
        return self.kind in ("log", "log_int")

    @property
    def default(self) -> Scalar:
        """What stands in its place where nothing is looked for."""
        if self.given is not None:
            return self.given
        if self.kind == "choice":
            return self.choices[0]
        low, high = self.bounds
        middle = math.sqrt(low * high) if self.is_log else low + (high - low) / 2
        if self.step:
            middle = low + round((middle - low) / self.step) * self.step
        return self.rounded(middle)

    def rounded(self, value: Any) -> Scalar:
        """A value as it is tried and written: a range's with few digits, never beyond its bounds."""
        if self.kind == "choice":
            found: Scalar = value
            return found
        low, high = self.bounds
        if self.is_whole:
            return int(min(max(round(value), low), high))
        return float(min(max(float(f"{value:.{DIGITS}g}"), low), high))


def searches(root: Node, findings: Findings) -> tuple[Search, ...]:
    """Every value of the document that is looked for, in its order; mistakes go to `findings`."""
    if not _mentions(root):
        return ()
    found = []
    for path, node in _places(root, ()):
        if search := _read(path, node, findings):
            found.append(search)
    if len(found) > MAX_SEARCHES:
        message = f"the spec looks for {len(found):,} values, at most {MAX_SEARCHES} can be looked for at once"
        findings.error("limit", message, found[MAX_SEARCHES].span)
    return tuple(found[:MAX_SEARCHES])


def settled(root: Node, findings: Findings) -> Node | None:
    """The document with a value wherever one is looked for; None after telling what is wrong with a search."""
    if not _mentions(root):
        return root
    known = len(findings.found)
    found = searches(root, findings)
    if len(findings.found) > known:
        return None
    return with_values(root, {search.path: search.default for search in found})


def with_values(root: Node, values: Mapping[Path, Scalar]) -> Node:
    """The document with these values in the place of what is looked for."""
    return _put(root, (), values)


def find_searches(root: Node) -> tuple[Search, ...]:
    """Every value that is looked for; SpecError with all mistakes."""
    findings = Findings()
    found = searches(root, findings)
    findings.raise_errors()
    return found


def _mentions(node: Node) -> bool:
    return (isinstance(node.value, dict) and KEY in node.value) or any(map(_mentions, node))


def _places(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    if isinstance(node.value, dict):
        if KEY in node.value:
            yield path, node
            return
        for key, item in node.value.items():
            yield from _places(item, (*path, key))
    elif isinstance(node.value, list):
        for index, item in enumerate(node.value):
            yield from _places(item, (*path, index))


def _put(node: Node, path: Path, values: Mapping[Path, Scalar]) -> Node:
    if path in values:
        return Node(values[path], node.span)
    if isinstance(node.value, dict):
        inner = {key: _put(item, (*path, key), values) for key, item in node.value.items()}
        return Node(inner, node.span, node.keys)
    if isinstance(node.value, list):
        return Node([_put(item, (*path, index), values) for index, item in enumerate(node.value)], node.span)
    return node


def _read(path: Path, node: Node, findings: Findings) -> Search | None:
    assert isinstance(node.value, dict)
    try:
        if len(node.value) > 1:
            other = next(key for key in node.value if key != KEY)
            message = f"'{other}' stands beside {KEY}, which is the whole value"
            raise SpecError.of("unknown-key", message, node.keys[other], help=EXAMPLE)
        return _search(path, node.value[KEY])
    except SpecError as error:
        findings.found.extend(error.diagnostics)
        return None


def _search(path: Path, asked: Node) -> Search:
    if isinstance(asked.value, list):  # short for `choice`
        return Search(path, "choice", (0, 0), None, _choices(asked), None, asked.span)
    if not isinstance(asked.value, dict):
        message = f"{KEY} takes a range or choices, got {asked.plain()!r}"
        raise SpecError.of("wrong-type", message, asked.span, help=EXAMPLE)
    kinds = [key for key in asked.value if key in KINDS]
    for key in asked.value:
        if key not in (*KINDS, *OPTIONS):
            near = did_you_mean(key, (*KINDS, *OPTIONS)) or f"there are {', '.join((*KINDS, *OPTIONS))}"
            raise SpecError.of("unknown-key", f"{KEY} knows no '{key}'", asked.keys[key], help=near)
    if len(kinds) != 1:
        message = f"{KEY} takes one of {', '.join(KINDS)}, got {' and '.join(kinds) or 'none'}"
        raise SpecError.of("wrong-value", message, asked.span, help=EXAMPLE)
    return _of_kind(path, kinds[0], asked)


def _of_kind(path: Path, kind: str, asked: Node) -> Search:
    assert isinstance(asked.value, dict)
    given, step = asked.get("default"), asked.get("step")
    if kind == "choice":
        choices = _choices(asked.value[kind])
        if step:
            raise SpecError.of("unknown-key", "choices have no step", asked.keys["step"], help="take it out")
        default = _default(given, lambda value: value in choices, "one of the choices")
        return Search(path, kind, (0, 0), None, choices, default, asked.span)
    low, high = bounds = _bounds(kind, asked.value[kind])
    default = _default(given, lambda value: _is_number(value) and low <= value <= high, f"from {low:g} to {high:g}")
    if step and kind not in ("uniform", "int"):
        raise SpecError.of("unknown-key", f"{kind} has no step", asked.keys["step"], help="take it out")
    return Search(path, kind, bounds, _step(step, high - low, kind), (), default, asked.span)


def _step(node: Node | None, most: float, kind: str) -> float | None:
    if node is None:
        return None
    plain: Any = node.plain()
    if not _is_number(plain) or not 0 < plain <= most or (kind == "int" and plain != int(plain)):
        whole = "a whole number " if kind == "int" else ""
        raise SpecError.of("wrong-value", f"step must be {whole}above 0 and at most {most:g}, got {plain}", node.span)
    return float(plain)


def _choices(node: Node) -> tuple[Scalar, ...]:
    plain = node.plain()
    scalars = isinstance(plain, list) and all(not isinstance(item, list | dict) for item in plain)
    if not scalars or not 1 < len(plain) <= MAX_CHOICES or None in plain:
        message = f"choice takes a list of 2 to {MAX_CHOICES:,} numbers, truth values or texts"
        raise SpecError.of("wrong-type", message, node.span, help="as in `{$search: {choice: [relu, tanh]}}`")
    return tuple(plain)


def _bounds(kind: str, node: Node) -> tuple[float, float]:
    plain = node.plain()
    if not (isinstance(plain, list) and len(plain) == 2 and all(map(_is_number, plain))):
        raise SpecError.of("wrong-type", f"{kind} takes two numbers, the least and the most", node.span, help=EXAMPLE)
    low, high = plain
    if kind in ("int", "log_int") and not (isinstance(low, int) and isinstance(high, int)):
        raise SpecError.of("wrong-type", f"{kind} takes whole numbers, got {low} and {high}", node.span)
    if not low < high:
        raise SpecError.of("wrong-value", f"the least must be below the most, got {low:g} and {high:g}", node.span)
    if kind.startswith("log") and low <= 0:
        raise SpecError.of("wrong-value", f"{kind} takes numbers above 0, got {low:g}", node.span, help="use uniform")
    return low, high


def _default(node: Node | None, fits: Any, range: str) -> Scalar:
    if node is None:
        return None
    plain: Any = node.plain()
    if isinstance(plain, list | dict) or not fits(plain):
        raise SpecError.of("wrong-value", f"default must be {range}, got {plain!r}", node.span)
    return plain  # type: ignore[no-any-return]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
