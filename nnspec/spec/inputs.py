"""The `inputs` section: named tensors, where they are read from, how they are prepared."""

from nnspec import augment, prepare
from nnspec.augment import Augmentation
from nnspec.diagnostics import Findings, Span
from nnspec.prepare.limits import CHANNELS, Limits
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
    written = choose_each(node.get("prepare"), "step", prepare.find, prepare.known(), findings)
    broken = len(written) < len(section.prepare)
    if broken and section.shape is None:
        return None  # it may follow from the step that is wrong
    steps = _with_reader(written, section)
    dtype = section.dtype or (steps[0].takes[0] if steps else "float32")
    shape = _shape(name, section, dtype, node, span, findings)
    if not shape or broken:
        return None
    held = Tensor((BATCH, *shape), dtype)
    tensors = _prepared(name, held, steps, len(steps) - len(written), node, findings)
    if tensors is None:
        return None
    changes = _augmentations(name, tensors[1], node, findings)
    if changes is None:
        return None
    columns = tuple(section.columns or [section.column or name])
    limits = _limits(name, section, held, steps, node, findings)
    return Input(name, held, *tensors, columns, section.columns is None, steps, span, limits, changes)


def _limits(
    name: str, section: InputSection, held: Tensor, steps: tuple[Step, ...], node: Node, findings: Findings
) -> Limits:
    """What the input is stated to hold, after telling what cannot be."""

    def wrong(key: str, message: str, help: str = "") -> None:
        findings.error("wrong-value", f"input {name}: {message}", node.span_of([key]), help=help)

    if section.range and section.range[0] >= section.range[1]:
        wrong("range", f"the range ends at {section.range[1]:g}, not above {section.range[0]:g}, where it begins")
    if section.range and held.dtype == "string":
        wrong("range", "texts have no range", "`values: [...]` lists the texts that may stand there")
    for key in ("range", "values"):
        if getattr(section, key) and any(step.outside for step in steps):
            wrong(key, f"`{key}` is checked by the exported file, and a step of this input stands before it")
    texts = held.dtype == "string"
    if section.values and any(isinstance(value, str) != texts for value in section.values):
        wrong("values", f"the values are those of the column, which holds {'texts' if texts else 'numbers'}")
    wanted = CHANNELS.get(section.channels or "")
    if wanted and wanted not in (held.shape[1], held.shape[-1]):
        wrong("channels", f"{section.channels} has {wanted} channels, and the shape says {held}")
    low_high = (section.range[0], section.range[1]) if section.range else None
    return Limits(low_high, tuple(section.values or ()), section.unit, section.channels or "")


def _augmentations(name: str, x: Tensor, node: Node, findings: Findings) -> tuple[Augmentation, ...] | None:
    """The random changes of what the network gets; None after telling what is wrong."""
    known = len(findings.errors)
    chosen = choose_each(node.get("augment"), "augmentation", augment.find, augment.known(), findings)
    if len(findings.errors) > known:
        return None
    for index, augmentation in enumerate(chosen):
        try:
            augmentation.check(x)
        except ShapeError as error:
            what, span = type(augmentation).__name__, node.span_of(["augment", index])
            findings.error("shape", f"{what} of input {name}: {error.message}", span, help=error.help)
            return None
    return chosen


def _with_reader(steps: tuple[Step, ...], section: InputSection) -> tuple[Step, ...]:
    """The steps, after the one that makes of a column what the first of them takes."""
    if not steps or section.dtype or not steps[0].preceded_by:
        return steps
    reader = prepare.find(steps[0].preceded_by)
    assert reader, "a step is preceded by one that there is"
    return (reader(), *steps)


def _shape(name: str, section: InputSection, dtype: str, node: Node, span: Span, findings: Findings) -> tuple[Dim, ...]:
    """The sizes without the batch; none after telling what is wrong."""
    if section.shape is None:
        if section.columns and not any("*" in column for column in section.columns):
            return (len(section.columns),)
        if dtype == "string" and not section.columns:
            return (1,)  # one text a row
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


def _prepared(
    name: str, held: Tensor, steps: tuple[Step, ...], added: int, node: Node, findings: Findings
) -> tuple[Tensor, Tensor] | None:
    """What the exported file takes and what the network gets; None after telling what is wrong.

    So many steps were `added` before those that are written.
    """
    raw = x = held
    for index, step in enumerate(steps):
        kind, span = type(step).__name__, node.span_of(["prepare", max(index - added, 0)])
        if step.outside and not all(before.outside for before in steps[:index]):
            message = f"{kind} of input {name} must stand first: it works before the exported file sees a row"
            findings.error("wrong-value", message, span)
            return None
        try:
            x = step.infer(x)
        except ShapeError as error:
            findings.error("shape", f"{kind} of input {name}: {error.message}", span, help=error.help)
            return None
        raw = x if step.outside else raw
    if x.dtype == "string":
        help = "a step makes numbers of it: `prepare: [{OneHot: 10}]` or `prepare: [{Vocabulary: 1000}]`"
        findings.error("shape", f"input {name} gives the network text", node.span_of(["dtype"]), help=help)
        return None
    return raw, x
