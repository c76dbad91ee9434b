"""The `inputs` section: named tensors, where they are read from, how they are prepared."""

from nnspec import prepare
from nnspec.diagnostics import Findings, Span
from nnspec.prepare.step import Step
from nnspec.shapes import BATCH, Dim, ShapeError, Tensor, symbol
from nnspec.source import Node
from nnspec.spec.choices import choose_each
from nnspec.spec.document import InputSection
from nnspec.spec.instantiate import instantiate, show
from nnspec.spec.names import check_name
from nnspec.spec.spec import Input

LARGEST_SIZE = 2**31 - 1  # of one axis; PyTorch's kernels count further only in places


def read_inputs(section: Node | None, root: Node, findings: Findings) -> tuple[dict[str, Input], frozenset[str]]:
    """Inputs by name, and the names of those whose mistakes have been told."""
    if section is None:
        return {}, frozenset()
    if not isinstance(section.value, dict) or not section.value:
        found = "an empty mapping" if section.value == {} else show(section.plain())
        message = f"inputs is a mapping of names to shapes, got {found}"
        findings.error("wrong-type", message, section.span, help="as in `inputs: {image: [1, 28, 28]}`")
        return {}, frozenset()
    inputs: dict[str, Input] = {}
    for name, node in section.value.items():
        span = section.keys[name]
        right_name = check_name(name, span, findings, allowed=frozenset("x"))
        given = _input(name, node, span, findings)
        if given and right_name:
            inputs[name] = given
    return inputs, frozenset(section.value) - frozenset(inputs)


def _input(name: str, node: Node, span: Span, findings: Findings) -> Input | None:
    if isinstance(node.value, list):
        node = Node({"shape": node}, node.span, {"shape": node.span})
    section = instantiate(InputSection, node, f"input {name}", span, findings, short=False)
    if section is None:
        return None
    if section.column and section.columns:
        findings.error("wrong-value", f"input {name} has both `column` and `columns`", node.span_of(["columns"]))
        return None
    shape = _shape(name, section, node, span, findings)
    raw = Tensor((BATCH, *shape), section.dtype) if shape else None
    steps = choose_each(node.get("prepare"), "step", prepare.find, prepare.known(), findings)
    if raw is None or len(steps) < len(section.prepare):
        return None
    tensor = _prepared(name, raw, steps, node, findings)
    columns = tuple(section.columns or [section.column or name])
    return Input(name, raw, tensor, columns, section.columns is None, steps, span) if tensor else None


def _shape(name: str, section: InputSection, node: Node, span: Span, findings: Findings) -> tuple[Dim, ...]:
    """The sizes without the batch; none after telling what is wrong."""
    if section.shape is None:
        if section.columns and not any("*" in column for column in section.columns):
            return (len(section.columns),)
        help = "as in `shape: [1, 28, 28]`; the batch is implied"
        findings.error("missing-key", f"input {name} needs its shape", span, help=help)
        return ()
    if not section.shape:
        help = "a single number is `shape: [1]`"
        findings.error("wrong-value", f"input {name} has an empty shape", node.span_of(["shape"]), help=help)
    dims = [_dim(name, size, node.span_of(["shape", axis]), findings) for axis, size in enumerate(section.shape)]
    return tuple(dim for dim in dims if dim is not None) if None not in dims else ()


def _dim(name: str, size: int | str, span: Span, findings: Findings) -> Dim | None:
    if isinstance(size, int):
        if size <= LARGEST_SIZE:
            return size
        findings.error("limit", f"input {name}: {size} is larger than an axis can be ({LARGEST_SIZE})", span)
        return None
    if size == "batch":
        help = "leave it out, or call another length by another name"
        findings.error("bad-name", f"input {name}: the batch is implied in every shape", span, help=help)
        return None
    return symbol(size) if check_name(size, span, findings, allowed=frozenset("xF")) else None


def _prepared(name: str, raw: Tensor, steps: tuple[Step, ...], node: Node, findings: Findings) -> Tensor | None:
    x = raw
    for index, step in enumerate(steps):
        try:
            x = step.infer(x)
        except ShapeError as error:
            message = f"{type(step).__name__} of input {name}: {error.message}"
            findings.error("shape", message, node.span_of(["prepare", index]), help=error.help)
            return None
    return x
