"""The `imports` section: other documents, each of which stands in `layers` like a block.

A document's `params` are the block's parameters, its `inputs` the block's inputs, its `outputs` the block's outputs.
Its own blocks and imports are seen in it alone. What it says of data and training is not used.
"""

from collections.abc import Callable

from nnspec.diagnostics import Findings, Note, Span
from nnspec.source import Node
from nnspec.spec.blocks import check_block_name
from nnspec.spec.instantiate import show
from nnspec.spec.spec import Block, Param, Spec

Read = Callable[[Node, str], Spec | None]


def read_imports(root: Node, read: Read, findings: Findings) -> dict[str, Block]:
    """Every import by name, less those whose mistakes have been told; `read` checks the document of one."""
    section = root.get("imports")
    if section is None or section.value is None:
        return {}
    if not isinstance(section.value, dict):
        message = f"imports is a mapping of names to paths, got {show(section.plain())}"
        findings.error("wrong-type", message, section.span, help="as in `imports: {resnet: ./resnet.yaml}`")
        return {}
    blocks, imported = root.get("blocks"), {}
    for name, node in section.value.items():
        span = section.keys[name]
        check_block_name(name, span, findings)
        if blocks and name in blocks.keys:
            first = Note("block", name, blocks.keys[name])
            findings.error("duplicate-name", f"an import and a block are both named '{name}'", span, notes=[first])
        # A path is left where its document could not be read, as was told.
        spec = read(node, name) if isinstance(node.value, dict) else None
        if spec:
            imported[name] = _block(name, spec, span)
    return imported


def _block(name: str, spec: Spec, span: Span) -> Block:
    params = spec.root.get("params")
    given = params.value if params and isinstance(params.value, dict) else {}
    return Block(
        name=name,
        params={key: Param(node, node.span) for key, node in given.items()},
        inputs={key: found.span for key, found in spec.inputs.items()},
        outputs={key: output.source for key, output in spec.outputs.items()},
        entries=spec.entries,
        span=span,
        home=spec.home,
        document=spec,
    )
