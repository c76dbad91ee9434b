"""The contract of a preparation step: what it takes, what it learns, what it does to an array, and its ONNX nodes.

A step works on arrays that it is handed (`numpy.ndarray`, rows first) and imports no numpy: what is more than a
method stands in `namespace(rows)`. Texts come as arrays of `str`; a missing number is NaN, a missing text is one that
`is_missing` knows.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.shapes import ShapeError, Tensor

State = Mapping[str, Any]  # what a step has learnt: JSON values
Rows = Any  # a numpy.ndarray whose first axis counts examples

LARGEST = 3.4e38  # of the numbers that float32 holds
CHUNK_ROWS = 4096  # that are worked on at once, so that learning needs little memory beside the rows
MEANING = {"string": "text", "float32": "real numbers", "int64": "whole numbers", "uint8": "bytes", "bool": "yes or no"}


def _single(value: float) -> float:
    if abs(value) > LARGEST:
        raise ValueError(f"{value:g} is more than float32 holds, {LARGEST:g}")
    return value


Single = Annotated[float, AfterValidator(_single)]  # a number that float32 holds


class FitError(Exception):
    """A step cannot learn from the training rows. Position-free: who reads the data adds the place.

    `entry` is the one of its axis that is at fault, which may be a column.
    """

    def __init__(self, message: str, *, entry: int | None = None, help: str = "") -> None:
        super().__init__(message)
        self.message, self.entry, self.help = message, entry, help
        self.step = ""  # by name, from whoever asked it


class RowError(Exception):
    """A step cannot prepare a row, counted from 0 in the rows that it was handed. Position-free, too."""

    def __init__(self, row: int, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.row, self.message, self.help = row, message, help


class Accumulator(Protocol):
    """Learns from rows that come in chunks of any size, each of them once."""

    def update(self, rows: Rows) -> None:
        """Learn from some more rows."""
        ...

    def state(self) -> dict[str, Any]:
        """What was learnt, as JSON values; FitError where the rows are not enough."""
        ...


class Step(BaseModel, ABC):
    """A preparation step. Subclasses are final: fields first, then `infer`, `accumulator`, `apply`, `to_onnx`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    # Shapes in and out (`n 3 h w -> n 3 h w`, `string n 1 -> n 5`) and the arguments that give them.
    examples: ClassVar[Mapping[str, dict[str, Any]]] = {}
    # Values that the examples are tried on, where not just any will do: dates, numbers above 0.
    sample: ClassVar[Sequence[Any]] = ()
    # Element types that it works on. Where it stands first, an input has the first of them unless the spec names one.
    takes: ClassVar[tuple[str, ...]] = ("float32",)
    # Of missing values: refuses them, passes them on as they are, or fills them, so that none is left.
    missing: ClassVar[Literal["refuses", "passes", "fills"]] = "refuses"
    # Whether `invert` exists: a target's preparation must be undone in the exported file.
    invertible: ClassVar[bool] = False
    # What ONNX cannot express everywhere (parsing dates, decoding JPEG) happens before the file sees a row. Such a step
    # stands first, has no `to_onnx`, and travels in the file's metadata: training, proof and prediction apply it.
    outside: ClassVar[bool] = False
    # Whether its texts are paths of files: who reads the data makes them whole, and keeps them within its folder.
    reads_files: ClassVar[bool] = False
    # The outside step that makes of a column what this one takes. It is put before this one where this one stands first
    # and the spec names no `dtype`.
    preceded_by: ClassVar[str] = ""

    def infer(self, x: Tensor) -> Tensor:
        """The output tensor, or ShapeError: the input's unless the step says otherwise."""
        if x.dtype not in self.takes:
            wanted = " or ".join(f"{MEANING[dtype]} ({dtype})" for dtype in self.takes)
            raise ShapeError(f"needs an input of {wanted}, got {x.dtype}")
        return x

    def accumulator(self) -> Accumulator | None:
        """What learns from the training rows; None where there is nothing to learn."""
        return None

    def fit(self, rows: Rows) -> dict[str, Any]:
        """What the step learns from rows that are all there, as JSON values."""
        accumulator = self.accumulator()
        if accumulator is None:
            return {}
        for start in range(0, len(rows), CHUNK_ROWS):
            accumulator.update(rows[start : start + CHUNK_ROWS])
        return accumulator.state()

    @abstractmethod
    def apply(self, rows: Rows, state: State) -> Rows:
        """The prepared rows; RowError where an outside step cannot read one."""

    def invert(self, rows: Rows, state: State) -> Rows:
        """The rows in their own units again."""
        raise AssertionError(f"{type(self).__name__} has no inverse")

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        """The ONNX nodes that do what `apply` does."""
        raise g.refuse("its class has no `to_onnx`")

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        """The ONNX nodes that do what `invert` does."""
        raise AssertionError(f"{type(self).__name__} has no inverse")

    @property
    def indices(self) -> int | None:
        """How many indices it gives, from 0 on, where they are looked up in a table."""
        return None

    def remarks(self, state: State) -> list[str]:
        """What a person should know of what was learnt: values that found no place."""
        return []


def namespace(rows: Rows) -> Any:
    """The library that an array belongs to, as the array API standard has it: numpy."""
    return rows.__array_namespace__()


def as_float(g: OnnxBuilder, x: Value) -> Value:
    """A value as float32: bytes become numbers."""
    return x if x.tensor.dtype == "float32" else g.op("Cast", x, to=1)
