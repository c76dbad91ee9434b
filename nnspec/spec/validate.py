"""From a document with places to a `Spec`: each section validated alone, so that every mistake is told at once."""

from typing import TypeVar

from nnspec.diagnostics import Findings
from nnspec.objectives import Optimizer, Scheduler
from nnspec.source import Node
from nnspec.spec.blocks import block_names, read_blocks
from nnspec.spec.document import (
    BudgetSection,
    DataSection,
    Document,
    ExportSection,
    SplitSection,
    WeightsSection,
)
from nnspec.spec.entries import read_entries
from nnspec.spec.head import SMALLEST, check_is_spec, check_version
from nnspec.spec.imports import read_imports
from nnspec.spec.inputs import read_inputs
from nnspec.spec.instantiate import instantiate, show, unknown_key
from nnspec.spec.optimizers import asks_for_rate, check_moved, check_rate, read_optimizer
from nnspec.spec.outputs import read_outputs
from nnspec.spec.params import Names, read_params
from nnspec.spec.rules import read_rules
from nnspec.spec.schedules import check_length, read_scheduler
from nnspec.spec.search import settled
from nnspec.spec.section import Section
from nnspec.spec.spec import Home, Spec
from nnspec.spec.training import read_train

SectionType = TypeVar("SectionType", bound=Section)

# Computed where the graph is built, or for themselves.
ELABORATED = frozenset(["params", "imports", "blocks", "layers"])


def validate(root: Node, stem: str, findings: Findings, imported: dict[Node, Spec | None] | None = None) -> Spec | None:
    """The spec of a document; mistakes go to `findings`. None where too little is left to go on with.

    `imported` are the documents that have been read on the way: one that several import is read once.
    """
    if not check_is_spec(root, findings):
        return None
    written = settled(root, findings)
    if written is None:
        return None
    root = written
    _check_keys(root, findings)
    if not check_version(root, findings):
        return None
    names = read_params(root.get("params"), findings)
    root = _filled_in(root, names, findings)
    inputs, broken = read_inputs(root.get("inputs"), root, findings)
    layers = _layers(root, findings)
    if layers is None or not (inputs or broken):
        return None
    spans = {name: root.span_of(["inputs", name], key=True) for name in [*inputs, *broken]}
    home = _home(root, {} if imported is None else imported, findings)
    optimizer = _optimizer(root, findings)
    scheduler = _scheduler(root, findings)
    check_rate(optimizer, scheduler, root, findings)
    check_moved(optimizer, scheduler, root, findings)
    train = read_train(root.get("train"), findings)
    check_length(scheduler, train, root, findings)
    return Spec(
        name=_text(root, "name", findings) or stem,
        description=_text(root, "description", findings),
        data=_data(root, findings),
        inputs=inputs,
        entries=read_entries(layers, spans, home.vocabulary, findings),
        outputs=read_outputs(root, frozenset(spans), findings),
        optimizer=optimizer,
        scheduler=scheduler,
        train=train,
        export=_section(ExportSection, root, "export", findings),
        budget=_section(BudgetSection, root, "budget", findings) if root.get("budget") else None,
        root=written,
        params=names,
        home=home,
        weights=_weights(root, findings),
        lr_auto=asks_for_rate(root.get("optimizer")),
        init=read_rules(root.get("init"), findings),
        broken=broken,
    )


def _layers(root: Node, findings: Findings) -> Node | None:
    """The list of layers; None after telling that it is none."""
    layers = root.get("layers")
    if layers is None or (isinstance(layers.value, list) and layers.value):
        return layers
    found = "an empty list" if layers.value == [] else show(layers.plain())
    findings.error("wrong-type", f"layers is a list of at least one layer, got {found}", layers.span)
    return None


def _home(root: Node, imported: dict[Node, Spec | None], findings: Findings) -> Home:
    """What the document's lists know by name: its imports, and its blocks."""

    def read(document: Node, name: str) -> Spec | None:
        if document not in imported:
            imported[document] = validate(document, name, findings, imported)
        return imported[document]

    home = Home(block_names(root))
    home.blocks.update(read_imports(root, read, findings))
    home.blocks.update(read_blocks(root.get("blocks"), home, findings))
    return home


def _check_keys(root: Node, findings: Findings) -> None:
    known = [field.alias or name for name, field in Document.model_fields.items()]
    for key, span in root.keys.items():
        if key not in known:
            unknown_key(key, known, "a spec", span, findings)
    for key in ("inputs", "layers"):
        if root.get(key) is None:
            findings.error("missing-key", f"the spec has no `{key}`", root.span, help=SMALLEST)


def _filled_in(root: Node, names: Names, findings: Findings) -> Node:
    """The document with its sections' expressions computed, less the sections where one cannot be."""
    assert isinstance(root.value, dict)
    filled = {key: node if key in ELABORATED else names.fill_in(node, findings) for key, node in root.value.items()}
    return Node({key: node for key, node in filled.items() if node}, root.span, root.keys)


def _text(root: Node, key: str, findings: Findings) -> str:
    node = root.get(key)
    if node is None or node.value is None:
        return ""
    if isinstance(node.value, str):
        return node.value
    findings.error("wrong-type", f"{key} is text, got {show(node.plain())}", node.span, help="put it in quotes")
    return ""


def _optimizer(root: Node, findings: Findings) -> Optimizer | None:
    node = root.get("optimizer")
    return read_optimizer(node, findings) if node and node.value is not None else None


def _scheduler(root: Node, findings: Findings) -> Scheduler | None:
    node = root.get("scheduler")
    return read_scheduler(node, findings) if node and node.value is not None else None


def _section(model: type[SectionType], root: Node, key: str, findings: Findings) -> SectionType:
    """A section with its defaults where it is absent or wrong."""
    node = root.get(key)
    if node is None or node.value is None:
        return model()
    return instantiate(model, node, key, node.span, findings, short=False) or model()


def _weights(root: Node, findings: Findings) -> WeightsSection | None:
    node = root.get("weights")
    if node is None or node.value is None:
        return None
    if isinstance(node.value, str):
        node = Node({"load": node}, node.span, {"load": node.span})
    return instantiate(WeightsSection, node, "weights", node.span, findings, short=False)


def _data(root: Node, findings: Findings) -> DataSection | None:
    node = root.get("data")
    if node is None or node.value is None:
        return None
    if isinstance(node.value, str):
        node = Node({"source": node}, node.span, {"source": node.span})
    data = instantiate(DataSection, node, "data", node.span, findings, short=False)
    if data is None:
        return DataSection()
    if data.source is None and data.train is None:
        help = "as in `source: rows.csv`, or `source: sklearn:digits`"
        findings.error("missing-key", "data needs a `source`, or a `train` of its own", node.span, help=help)
    if data.source is not None and data.train is not None:
        findings.error(
            "wrong-value",
            "data has both a `source` and a `train`: which of them is learnt from?",
            node.span_of(["train"]),
        )
    split = data.split
    if not _divisible(node, split, findings):
        return data.model_copy(update={"split": SplitSection()})
    if split.validation + split.test >= 1:
        share = f"{split.validation:g} + {split.test:g}"
        findings.error(
            "wrong-value",
            f"validation and test take {share} of the rows, which leaves none for training",
            node.span_of(["split"]),
        )
        return data.model_copy(update={"split": SplitSection()})
    return data


IDLE = {  # what each way to divide makes no use of
    "group": ("time", "hash", "column", "stratify"),
    "time": ("hash", "column", "stratify", "seed"),
    "hash": ("column", "stratify"),
    "column": ("stratify", "validation", "test", "seed"),
}
LEAVE_OUT = {
    "seed": "nothing is drawn there: leave the seed out",
    "validation": "the column says which rows they are: leave the share out",
    "test": "the column says which rows they are: leave the share out",
}


def _divisible(data: Node, split: SplitSection, findings: Findings) -> bool:
    """Whether the keys of a split go together: one way to divide, and nothing that it makes no use of."""
    # Defaults are let pass, since a resolved spec writes them all.
    plain = SplitSection()
    keys = IDLE[split.by] if split.by else ()
    other = next((key for key in keys if getattr(split, key) != getattr(plain, key)), "")
    if other:
        message = f"a split by `{split.by}` makes no use of `{other}`"
        span = data.span_of(["split", other], key=True)
        findings.error("wrong-value", message, span, help=LEAVE_OUT.get(other, "leave one of them out"))
    return not other
