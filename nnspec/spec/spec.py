"""A spec that has passed validation: every class looked up, every short form written out, every place known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nnspec.augment.augmentation import Augmentation
from nnspec.diagnostics import Span
from nnspec.objectives import Initializer, Loss, Metric, Optimizer, Scheduler
from nnspec.prepare.limits import Limits
from nnspec.prepare.missing import fills_missing
from nnspec.prepare.step import Step
from nnspec.shapes import Tensor
from nnspec.source import Node
from nnspec.spec.document import BudgetSection, DataSection, ExportSection, TrainSection, WeightsSection
from nnspec.spec.params import Names
from nnspec.spec.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Input:
    """A named tensor that goes in.

    `held` is what the data's columns hold, `raw` what the exported file takes, which is the same where no step stands
    outside of it, and `tensor` what the network gets after all steps.
    """

    name: str
    held: Tensor
    raw: Tensor
    tensor: Tensor
    columns: tuple[str, ...]
    single: bool  # one column that holds the tensor; otherwise each column is a number of one vector
    steps: tuple[Step, ...]
    span: Span
    limits: Limits = field(default_factory=Limits)  # what its columns are stated to hold
    augmentations: tuple[Augmentation, ...] = ()

    @property
    def fills_missing(self) -> bool:
        """Whether the exported file takes missing values."""
        return fills_missing(step for step in self.steps if not step.outside)


@dataclass(frozen=True, slots=True)
class Reference:
    """A mention of another layer: `_`, `conv1`, `lstm.h_n`."""

    text: str
    span: Span
    slot: Node | None = None  # the key that names the input it goes to, where inputs are given by name


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One entry of a list of layers, as written: its expressions are computed where the graph is built."""

    name: str
    kind: str  # a layer type, or an expression that gives one; empty: its own mistakes have been told
    sources: tuple[Reference, ...]
    node: Node  # the whole entry
    type_span: Span  # the layer type's name
    name_span: Span
    arguments: Node | None  # the layer's arguments as written
    named: bool  # whether the name is more than its type and place
    computed: bool = False  # whether an expression stands in it
    when: Node | None = None
    repeat: Node | None = None
    share: Reference | None = None  # the entry whose weights it has; with it the type may be left out
    parts: "Mapping[str, tuple[Entry, ...]]" = field(default_factory=dict)  # a combinator's lists of layers

    def span_of(self, field: str, first: str) -> Span:
        """Where a field's value stands; the layer type's name where it was not written. `first` is the first field."""
        if self.arguments is None or not field:
            return self.type_span
        if not isinstance(self.arguments.value, dict):
            return self.arguments.span if field == first else self.type_span
        value = self.arguments.get(field)
        return value.span if value else self.type_span


@dataclass(frozen=True, slots=True)
class Param:
    """A block's parameter."""

    default: Node | None  # None: it must be given
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """What the lists of one document know by name; a document that imports it sees none of this."""

    vocabulary: Vocabulary
    blocks: "dict[str, Block]" = field(default_factory=dict)  # its own, and what it imports

    def every_block(self) -> "Iterator[Block]":
        """Its blocks, and those of the documents that it imports, by way of others too; each once."""
        homes, at = [self], 0
        while at < len(homes):
            for block in homes[at].blocks.values():
                yield block
                if block.home not in homes:
                    homes.append(block.home)
            at += 1


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A function from tensors to tensors; its layers are elaborated wherever it is used."""

    name: str
    params: Mapping[str, Param]
    inputs: Mapping[str, Span]
    outputs: Mapping[str, Reference]  # none: what its last layer gives
    entries: tuple[Entry, ...]
    span: Span
    home: Home  # the document that it stands in, or that it is
    document: "Spec | None" = None  # of an import: its parameters are the document's


@dataclass(frozen=True, slots=True)
class Output:
    """A named result: where it comes from, the column it learns, its loss and metrics, how its target is prepared."""

    name: str
    source: Reference
    column: str
    loss: Loss | None
    metrics: tuple[Metric, ...]
    classes: tuple[str | int, ...]  # empty: learnt from the column
    steps: tuple[Step, ...]
    weight: float
    span: Span
    exported: bool = True  # otherwise it is trained, and left out of the ONNX file
    balance: Literal["weights", "sampler"] | None = None  # how seldom classes come to count as much as others
    columns: tuple[str, ...] = ()  # several, each a label of which a row may have several
    separator: str = ""  # what stands between such labels in the one column
    target: str = ""  # the input that it learns in place of a column

    @property
    def every_column(self) -> tuple[str, ...]:
        """The columns that it learns from."""
        return (self.columns or (self.column,)) if self.reads_column else ()

    @property
    def has_tags(self) -> bool:
        """Whether a row may have several labels at once."""
        return bool(self.columns or self.separator)

    @property
    def reads_column(self) -> bool:
        """Whether it learns from a column of the data."""
        return self.loss is not None and self.loss.compares and not self.target


@dataclass(frozen=True, slots=True, eq=False)
class InitRule:
    """How the parameters are filled whose names match a pattern."""

    match: str
    initializer: Initializer
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """A whole document."""

    name: str
    description: str
    data: DataSection | None
    inputs: Mapping[str, Input]
    entries: tuple[Entry, ...]
    outputs: Mapping[str, Output]
    optimizer: Optimizer | None
    scheduler: Scheduler | None
    train: TrainSection
    export: ExportSection
    root: Node
    params: Names
    home: Home
    budget: BudgetSection | None = None
    init: tuple[InitRule, ...] = ()
    weights: WeightsSection | None = None
    lr_auto: bool = False  # whether a range test finds the learning rate, which is the optimizer's own until then
    broken: frozenset[str] = frozenset()  # inputs whose own mistakes have been told

    def span_of(self, *path: str | int, key: bool = False) -> Span:
        """Where a value of the document stands, or the nearest value around it."""
        return self.root.span_of(path, key=key)
