"""The sections of a spec as pydantic models: field names, types, defaults and what an editor says of them.

Layers, losses, metrics, optimizers, schedulers and steps are looked up by name and validated alone, by their own class.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from nnspec.layers.layer import OPSETS
from nnspec.spec.amounts import BYTES_FORM, COUNT_FORM, TIME_FORM, TIME_WORDS, duration
from nnspec.spec.length import Length
from nnspec.spec.section import Section
from nnspec.spec.stopping import CheckpointSection, EarlyStoppingSection

MAX_CLASSES = 2**24  # more than any vocabulary has
Share = Annotated[float, Field(ge=0, lt=1)]
Size = PositiveInt | str
MAX_WINDOW = 2**20  # rows of a window
Number = Annotated[float, Field(ge=0)]
Amount = Number | Annotated[str, Field(max_length=30, pattern=COUNT_FORM)]
Memory = Number | Annotated[str, Field(max_length=30, pattern=BYTES_FORM)]
Classes = Annotated[list[str | int], Field(min_length=2)] | Annotated[int, Field(ge=2, le=MAX_CLASSES)]
CLASSES = "a list of at least two classes, or their number"
COUNTS = "a number, or one with k, M, G or T as in 500k"
BYTES = "a number of bytes, or one with a unit as in 64MB or 48MiB"
EPOCHS = "a mapping of patterns to epochs, which are whole numbers"
NAMES = "a list of at least one name"
FileName = Annotated[str, Field(min_length=1)]
Source = str | Annotated[list[FileName], Field(min_length=1)] | Annotated[dict[str, FileName], Field(min_length=1)]
SOURCE = "a file, a list of files, or a mapping of columns to .npy files"
MAX_BATCH = 2**31 - 1
SIZES = "a list of sizes, each a whole number of at least 1 or the name of a length"


class SplitSection(Section):
    """How the rows of one source are divided."""

    validation: Share = 0.15
    """Share of the rows that choose the best weights."""
    test: Share = 0.15
    """Share of the rows that are looked at once, at the end."""
    stratify: bool = False
    """Keep each class's share in every part."""
    group: str | None = None
    """A column: rows of one value (a patient, a house) stay together, in one part."""
    time: str | None = None
    """A column of numbers or ISO dates: the earliest rows are for training, the latest for the test."""
    hash: str | None = None
    """A column (an id) whose value alone decides a row's part, so the row stays there as the data grow."""
    column: str | None = None
    """A column that says `train`, `validation` or `test` of each row."""
    seed: int = Field(default=0, ge=0)
    """Seed of the shuffle: the same rows in each part on every machine."""

    @property
    def by(self) -> Literal["group", "time", "hash", "column"] | None:
        """The key that names a column to divide by; None where rows are drawn."""
        ways: tuple[Literal["group", "time", "hash", "column"], ...] = ("group", "time", "hash", "column")
        return next((way for way in ways if getattr(self, way) is not None), None)


class WindowSection(Section):
    """How a series is cut into examples: so many rows are seen, and what comes after them is learnt."""

    length: Annotated[int, Field(ge=1, le=MAX_WINDOW)]
    """Rows that an example sees."""
    horizon: Annotated[int, Field(ge=1, le=MAX_WINDOW)] = 1
    """Rows after them that are learnt, all of them."""
    stride: PositiveInt = 1
    """Rows from the beginning of one example to that of the next."""
    by: str | None = None
    """A column that tells several series apart: no example reaches from one into another."""


class DataSection(Section):
    """Where examples come from."""

    source: Source | None = Field(default=None, json_schema_extra={"words": SOURCE})
    """A CSV, TSV, JSON lines, NPZ, Parquet, Feather or text file beside the spec; a list of them or a pattern as in
    `2024-*.csv` is one table. A folder has a folder for each class, of images or of texts, or is a saved Hugging Face
    dataset. A mapping names an NPY file for each column. Or `sklearn:NAME`."""
    split: SplitSection = SplitSection()
    """How the source's rows are divided."""
    window: WindowSection | None = None
    """For a series, a row for each moment in their order: each example is a window of it. The earliest are for
    training, the latest for the test."""
    train: Source | None = Field(default=None, json_schema_extra={"words": SOURCE})
    """A source of its own for training, in place of `source` and `split`."""
    validation: Source | None = Field(default=None, json_schema_extra={"words": SOURCE})
    """A source of its own for validation."""
    test: Source | None = Field(default=None, json_schema_extra={"words": SOURCE})
    """A source of its own for the final test."""
    weight: str | None = None
    """A column that says what each row counts in the losses, from 0: a row of 2 counts as two rows of 1."""
    on_missing: Literal["error", "skip"] = "error"
    """What becomes of a row without a target, where one output learns: an error, or the row is left out of its loss and
    its metrics, and counted. Of several outputs the one whose target is missing does not learn from the row."""
    memory: Memory | None = Field(default=None, json_schema_extra={"words": BYTES})
    """Memory that training may take (`4GB`); half of the machine's unless given. Inputs that need more stay in their
    file, and are read in chunks of rows that are drawn at random and mixed."""


class InputSection(Section):
    """A named tensor that goes into the network."""

    shape: list[Size] | None = Field(default=None, json_schema_extra={"words": SIZES})
    """Sizes without the batch; a name stands for a length known only when the model runs."""
    dtype: Literal["float32", "int64", "uint8", "string"] | None = None
    """Element type of what goes in, before its steps; what the first step takes unless given, float32 without steps."""
    column: str | None = None
    """The column of the data that it is read from; the input's own name unless given."""
    columns: list[str] | None = Field(default=None, min_length=1)
    """Several columns as one vector."""
    range: list[float] | None = Field(default=None, min_length=2, max_length=2)
    """The smallest and the largest value that a column may hold: training refuses others, prediction warns of them."""
    values: list[str | int | float] | None = Field(default=None, min_length=1)
    """The only values that a column may hold."""
    unit: str = Field(default="", max_length=40)
    """What the values are measured in: `°C`. The exported file carries it."""
    channels: Literal["grey", "rgb", "bgr", "rgba"] | None = None
    """What the first axis of an image holds. The exported file carries it."""
    prepare: list[Any] = []
    """Preparation steps, fitted on the training rows and part of the exported model."""
    augment: list[Any] = []
    """Random changes of what the steps give, for training alone."""


class OutputSection(Section):
    """A named result of the network, and what it learns."""

    from_: str = Field(default="_", alias="from")
    """The layer it comes from; `_` is the last one."""
    column: str | None = None
    """The column to learn it from; the output's own name unless given."""
    columns: list[str] | None = Field(default=None, min_length=2)
    """Several columns, each a yes or no: labels of which a row may have several, with a loss of yes or no."""
    separator: str | None = Field(default=None, min_length=1, max_length=10)
    """What stands between the labels in a column of text, of which a row may have several: `";"` for `a;b;c`. `classes`
    lists them; otherwise they are learnt from the training rows."""
    target: str | None = None
    """In place of a column, an input that it learns to give again as the network gets it, before `augment`: an
    autoencoder's."""
    loss: Any = None
    """The loss, by PyTorch's name."""
    metrics: list[Any] = []
    """Metrics, by torchmetrics' names."""
    classes: Classes | None = Field(default=None, json_schema_extra={"words": CLASSES})
    """The classes in order, or how many, which are then 0, 1, 2, …; learnt from the column unless given."""
    balance: Literal["weights", "sampler"] | None = None
    """Seldom classes count as much as frequent ones: by `weights` of the loss, each class by 1 / its share of the
    training rows, or by a `sampler` that draws as many rows of each class."""
    prepare: list[Any] = []
    """Preparation of a target of real numbers; the exported model gives it back in its own units."""
    weight: PositiveFloat = 1.0
    """Weight of this output's loss in the sum."""
    export: bool = True
    """Whether the exported file gives it; an auxiliary head that only helps training is not exported."""


class TrainSection(Section):
    """How long and how training goes."""

    epochs: PositiveInt | None = Field(default=10, json_schema_extra={"words": "a whole number of at least 1"})
    """Passes over the training rows; 10 unless `steps` or `time` is given. Where several are, the first ends it."""
    steps: PositiveInt | None = None
    """Steps in all; the last epoch is cut short where they end within it."""
    time: Annotated[str, Field(max_length=30, pattern=TIME_FORM)] | None = Field(
        default=None, json_schema_extra={"words": TIME_WORDS}
    )
    """How long it may take, as in 90s, 10m or 2h. Without `epochs` and `steps`, a schedule that spans the whole
    training is refused, since nobody knows then how many steps that will be."""
    batch_size: Annotated[int, Field(ge=1, le=MAX_BATCH)] | Literal["full", "auto"] = 32
    """Examples per step; `full` is gradient descent on all of them. `auto` measures before the training, and takes the
    largest that fits in memory and still speeds it up."""
    accumulate: Annotated[int, Field(ge=1, le=MAX_BATCH)] = 1
    """Batches per step: their gradients are averaged, as those of one batch so many times as large, which memory may
    not hold. BatchNorm sees each batch for itself."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Seed of the weights and of the order of examples."""
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`, `mps`, or `auto`: a GPU where there is one."""
    devices: PositiveInt = 1
    """Processes on each machine, which share each batch: one on each GPU, or together on a CPU."""
    nodes: PositiveInt = 1
    """Machines; `torchrun` or `srun` starts the processes on each."""
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    """`ddp` keeps all weights in each process, `fsdp` a part of them, block by block; `auto` goes by what fits."""
    precision: Literal["float32", "bf16", "auto"] = "float32"
    """`bf16` multiplies in bfloat16 (autocast), with weights in float32; `auto` does so where the processor has units
    for it, a trial on the first steps finds it faster, and their losses stay within 2 %. Exports are float32."""
    compile: Literal["auto", "off", "step", "inductor"] = "auto"
    """`step` runs a whole step as one program, `inductor` through torch.compile, `off` as plain PyTorch; `auto` tries
    on the first steps which is faster, where the training is long enough."""
    clip_grad_norm: PositiveFloat | None = None
    """Largest norm of the gradient; a longer one is scaled down to it."""
    clip_grad_value: PositiveFloat | None = None
    """Largest value in the gradient, of either sign; larger ones become it, before the norm is looked at."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the average of the weights that stays in each step (0.999 averages about 1000 steps). The averaged
    weights are validated, kept as the best and exported."""
    unfreeze: dict[str, int] = Field(default={}, json_schema_extra={"words": EPOCHS})
    """Patterns of names of frozen parameters, each with the epoch from whose beginning they are trained after all:
    `{"encoder.layer.11.*": 3, "*": 5}`. The earliest that fits counts (Howard & Ruder 2018)."""
    early_stopping: EarlyStoppingSection | None = None
    """When to stop before the last epoch."""
    checkpoint: CheckpointSection = CheckpointSection()
    """How often its state is written, to go on from."""
    log: list[str] = []
    """Where epochs are told beside `metrics.jsonl`: `tensorboard`, or a logger of another package."""

    @property
    def length(self) -> Length:
        """Where it ends."""
        return Length(self.epochs, self.steps, None if self.time is None else duration(self.time))

    @model_validator(mode="before")
    @classmethod
    def _one_length_is_enough(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        other = values.get("steps") is not None or values.get("time") is not None
        if "epochs" in values and values["epochs"] is None and not other:
            raise ValueError("without epochs it needs `steps` or `time`, or it would never end")
        return {"epochs": None, **values} if other else values


class WeightsSection(Section):
    """Given weights that training starts from."""

    load: str = Field(min_length=1)
    """A safetensors file beside the spec."""
    map: dict[str, str] = {}
    """The file's names as the network's: a whole name, or a beginning that ends with a dot (`"module.": ""`). A `*`
    is any one part of a name, the same on both sides (`"encoder.layer.*.": "layer.*."`)."""
    transpose: list[str] = []
    """Patterns of names, as the network has them, of matrices that stand transposed in the file: `*.c_attn.weight`."""
    strict: bool = True
    """Whether file and network must hold the same; otherwise what fits is taken."""
    freeze: list[str] = []
    """Patterns of names of parameters that are not trained: `encoder.*`."""


class VerifySection(Section):
    """How an exported file is proven."""

    examples: PositiveInt = 10_000
    """Rows of the test part that run through both, at most."""
    atol: PositiveFloat = 1e-5
    """Absolute difference allowed between onnxruntime and PyTorch."""
    rtol: PositiveFloat = 1e-4
    """Difference allowed relative to the value, where that is larger."""


class ExportSection(Section):
    """The ONNX file."""

    opset: int = Field(default=20, ge=OPSETS.start, le=OPSETS[-1])
    """Version of ONNX's operators: 20 runs on onnxruntime 1.17 and later, 18 on 1.16, 28 on 1.32."""
    prepare: bool = True
    """Whether it takes raw columns and answers in classes and units; otherwise it is the bare network, which takes
    prepared arrays and gives the numbers of its last layers."""
    verify: VerifySection = VerifySection()
    """How it is proven."""


class BudgetSection(Section):
    """What the exported network may cost; a check, a training and an export fail where it costs more."""

    params: Amount | None = Field(default=None, json_schema_extra={"words": COUNTS})
    """Parameters: `500k`, `25M` or a plain number."""
    macs: Amount | None = Field(default=None, json_schema_extra={"words": COUNTS})
    """Multiply-accumulates for one example; a length known only when the model runs counts as 128."""
    memory: Memory | None = Field(default=None, json_schema_extra={"words": BYTES})
    """Memory of inference on one example: weights, and the tensors that live at once (`64MB`, `48MiB`)."""
    onnx: Memory | None = Field(default=None, json_schema_extra={"words": BYTES})
    """Size of the ONNX file: a check goes by its weights, an export measures the file."""


class BlockSection(Section):
    """A function from tensors to tensors, used like a layer."""

    params: dict[str, Any] = {}
    """Its parameters, each with a default, or `required`."""
    inputs: list[str] = Field(default=["x"], min_length=1, json_schema_extra={"words": NAMES})
    """Its inputs, by name."""
    outputs: list[str] | None = Field(default=None, min_length=1, json_schema_extra={"words": NAMES})
    """The layers whose results it gives, where they are several; otherwise the last one's."""
    layers: list[Any] = Field(min_length=1, json_schema_extra={"words": "a list of at least one layer"})
    """Its layers; they see its parameters, the document's, and its inputs."""


class Document(Section):
    """A nnspec document, version 1."""

    nnspec: Literal[1]
    """Version of the language."""
    name: str = Field(default="", max_length=100)
    """Name of the network; the file's name unless given."""
    description: str = ""
    """What it is, in a sentence."""
    extends: str | None = None
    """Another document, from which this one starts: a path below this file's folder. Mappings merge key by key, lists
    and single values are replaced, `null` takes a key away, and a type (`SGD`) replaces another (`AdamW`)."""
    imports: dict[str, str | dict[str, Any]] = {}
    """Other documents, each of which stands in `layers` like a block: a name and a path below this file's folder, or
    the document itself."""
    params: dict[str, Any] = {}
    """Constants that `$name` and `$(expression)` read; `--set params.width=32` overrides one."""
    data: DataSection | str | None = None
    """Where examples come from; absent in a bare architecture."""
    inputs: dict[str, InputSection | list[Size]] = Field(min_length=1)
    """What goes in: named tensors, the batch implied."""
    blocks: dict[str, BlockSection | list[Any]] = {}
    """Functions from tensors to tensors that stand in `layers` like a layer."""
    layers: list[Any] = Field(min_length=1)
    """The layers in order; each takes what the one before gives."""
    outputs: dict[str, OutputSection] = {}
    """What comes out, and what each output learns."""
    loss: Any = None
    """The loss of the one output, in short."""
    optimizer: Any = None
    """The optimizer, by PyTorch's name.

    Or a list of them for groups of parameters, each but the last with a `match`, a pattern of their names:
    `[{match: "*.bias", SGD: {lr: 0.1}}, {AdamW: {lr: 1e-3}}]`. The first that fits wins.
    """
    scheduler: Any = None
    """The learning-rate schedule, by PyTorch's name."""
    weights: WeightsSection | str | None = None
    """Given weights that training starts from."""
    init: list[Any] | None = None
    """How parameters begin: rules by patterns of their names, the first that matches."""
    train: TrainSection = TrainSection()
    """How long and how training goes."""
    export: ExportSection = ExportSection()
    """The ONNX file."""
    budget: BudgetSection | None = None
    """What the exported network may cost at most."""
