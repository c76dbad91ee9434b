"""What `nnspec steps` prints: all preparation steps, or one with its arguments and examples, from the class itself."""

import inspect
from collections.abc import Iterator
from textwrap import fill, indent

from nnspec.diagnostics import SpecError, did_you_mean
from nnspec.layers.describe import WIDTH, argument_lines, entry
from nnspec.layers.layer import summary
from nnspec.prepare.find import FAMILY_OF, find, known
from nnspec.prepare.step import MEANING, Step
from nnspec.shapes import parse_example

MISSING = {
    "refuses": "refused: fill them in before it, or leave those rows out",
    "passes": "left as they are: a step after it has to fill them in",
    "fills": "taken, and none is left",
}


def listing() -> str:
    """Every step below its family, with a line on what it does."""
    families: dict[str, list[str]] = {}
    for name in known():
        families.setdefault(FAMILY_OF.get(name, "plugins"), []).append(name)
    width = max(map(len, known()))
    lines: list[str] = []
    for title, names in families.items():
        lines += ["", title]
        for name in names:
            line = f"  {name:<{width}}  {summary(_found(name))}"
            lines.append(line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…")
    return "\n".join(lines[1:])


def describe(name: str) -> str:
    """One step: what it does, shapes, arguments, what it takes, examples."""
    step = _found(name)
    first, *others = inspect.cleandoc(step.__doc__ or "").split("\n\n")
    parts = [f"{name}: {' '.join(first.split())}", *(indent(other, "  ") for other in others)]
    if step.model_fields:
        parts.append("\n".join(["arguments", *argument_lines(step)]))
    parts.append("\n".join(fact_lines(step)))
    lines = [f"  {shapes}\n    {written}" for shapes, written in examples(name, step)]
    return "\n\n".join([*parts, "\n".join(["examples, their shapes without the batch", *lines])])


def examples(name: str, step: type[Step]) -> Iterator[tuple[str, str]]:
    """A step's examples: shapes without the batch, and the entry of a spec that gives them."""
    for shapes, arguments in step.examples.items():
        (x,), (y,) = parse_example(shapes)
        yield f"{x} -> {y}", entry(name, arguments, next(iter(step.model_fields), ""))


def fact_lines(step: type[Step]) -> list[str]:
    """What it takes and where it runs, a line each."""
    taken = " or ".join(f"{MEANING[dtype]} ({dtype})" for dtype in step.takes)
    read = f"; a column of other values goes through {step.preceded_by} first" if step.preceded_by else ""
    facts = {
        "takes": taken + read,
        "missing values": MISSING[step.missing] if set(step.takes) & {"float32", "string"} else "",
        "a target": "may be prepared with it: the exported file gives it back in its own units" * step.invertible,
        "in ONNX": "stays outside: it is applied before the file sees a row, as the file's metadata say" * step.outside,
    }
    lines = [f"{what + ':':<16}{fact}" for what, fact in facts.items() if fact]
    return [fill(line, WIDTH, subsequent_indent=" " * 16) for line in lines]


def _found(name: str) -> type[Step]:
    step = find(name)
    if step is None:
        help = did_you_mean(name, known()) or "`nnspec steps` lists them"
        raise SpecError.of("unknown-step", f"no step is named '{name}'", help=help)
    return step
