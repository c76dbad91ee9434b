"""The `blocks` section: functions from tensors to tensors, with parameters, that stand in `layers` like a layer."""

from nnspec.diagnostics import Findings, Span
from nnspec.source import Node
from nnspec.spec.document import BlockSection
from nnspec.spec.entries import BESIDE, read_entries
from nnspec.spec.instantiate import instantiate, show
from nnspec.spec.names import MODULE_ATTRIBUTES, check_name
from nnspec.spec.params import check_param
from nnspec.spec.spec import Block, Home, Param, Reference
from nnspec.spec.vocabulary import Vocabulary

REQUIRED = "required"  # stands in place of a default


def block_names(root: Node) -> Vocabulary:
    """The names of a document's blocks and imports, whatever is wrong with them."""
    sections = [section.value for key in ("imports", "blocks") if (section := root.get(key))]
    blocks = [item for section in sections if isinstance(section, dict) for item in section.items()]
    return Vocabulary({name: tuple(params.keys) if (params := block.get("params")) else () for name, block in blocks})


def read_blocks(section: Node | None, home: Home, findings: Findings) -> dict[str, Block]:
    """Every block by name, less those whose mistakes have been told; they see what their home knows."""
    if section is None or section.value is None:
        return {}
    if not isinstance(section.value, dict):
        message = f"blocks is a mapping of names to blocks, got {show(section.plain())}"
        findings.error("wrong-type", message, section.span, help="as in `blocks: {mlp: {layers: [...]}}`")
        return {}
    blocks = {}
    for name, node in section.value.items():
        check_block_name(name, section.keys[name], findings)
        block = _block(name, node, section.keys[name], home, findings)
        if block:
            blocks[name] = block
    return blocks


def check_block_name(name: str, span: Span, findings: Findings) -> None:
    """Tell of a name that a block or an import cannot have."""
    if name in BESIDE:
        findings.error("bad-name", f"'{name}' is a key of every layer's entry", span, help=f"call it {name}_1, say")
    elif name[:1].isupper():
        help = f"call it {name[0].lower()}{name[1:]}, say: capitals begin layer types"
        findings.error("bad-name", f"a block's name begins with a small letter, got '{name}'", span, help=help)
    else:
        check_name(name, span, findings, allowed=MODULE_ATTRIBUTES)


def _block(name: str, node: Node, span: Span, home: Home, findings: Findings) -> Block | None:
    if isinstance(node.value, list):
        node = Node({"layers": node}, node.span, {"layers": node.span})
    section = instantiate(BlockSection, node, f"block {name}", span, findings, short=False)
    if section is None:
        return None
    inputs = {given: node.span_of(["inputs", index]) for index, given in enumerate(section.inputs)}
    if len(inputs) < len(section.inputs):
        findings.error("duplicate-name", f"block {name} has two inputs of one name", node.span_of(["inputs"]))
    for given, where in inputs.items():
        check_name(given, where, findings, allowed=frozenset("x"))
    layers, outputs = node.get("layers"), node.get("outputs")
    assert layers
    return Block(
        name=name,
        params=_params(node.get("params"), findings),
        inputs=inputs,
        outputs={str(item.value): Reference(str(item.value), item.span) for item in outputs or ()},
        entries=read_entries(layers, inputs, home.vocabulary, findings),
        span=span,
        home=home,
    )


def _params(section: Node | None, findings: Findings) -> dict[str, Param]:
    if section is None or not isinstance(section.value, dict):
        return {}
    params = {}
    for name, default in section.value.items():
        check_param(name, section.keys[name], findings)
        params[name] = Param(None if default.value == REQUIRED else default, section.keys[name])
    return params
