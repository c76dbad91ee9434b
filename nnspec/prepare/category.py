"""Steps on categories: texts, or whole numbers that stand for names."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Annotated, Any, Self

from pydantic import Field, PositiveInt, model_validator

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.missing import is_missing
from nnspec.prepare.step import Accumulator, FitError, Rows, Single, State, Step, namespace
from nnspec.shapes import ShapeError, Tensor

MAX_DISTINCT = 5_000_000  # different values of one column, which are held while it is learnt from
MAX_PLACES = 2**24

Category = str | int
Values = Annotated[list[Category], Field(min_length=1)]


class _Known(Step):
    """A step on the values that are known, listed or learnt: the most frequent ones, where there are too many."""

    missing = "fills"
    takes = ("string", "int64")

    def remarks(self, state: State) -> list[str]:
        left, rows = state.get("others", 0), state.get("rows", 0)
        if not left:
            return []
        return [f"{left:,} of the values found no place, in {rows:,} training rows: they are unknown"]


class OneHot(_Known):
    """A 1 at the place of a category and 0 elsewhere; 0 everywhere for one that is unknown or missing.

    (n, columns) -> (n, columns * size)

    As in sklearn.preprocessing.OneHotEncoder(handle_unknown="ignore"). Each column's categories are learnt from the
    training rows and sorted; where they are more than `size` the most frequent ones are, where they are fewer the rest
    stays 0.
    """

    size: PositiveInt | None = Field(
        default=None, le=MAX_PLACES, description="how many categories of a column have a place"
    )
    values: Values | None = Field(default=None, description="the categories of every column, in place of learnt ones")

    examples = {
        "string n 1 -> n 5": dict(size=5),
        "string n 2 -> n 6": dict(values=["no", "yes", "perhaps"]),
        "int64 n 3 -> n 12": dict(size=4),
    }

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _one_of(self.size, self.values)
        return self

    @property
    def width(self) -> int:
        return len(self.values or ()) or self.size or 0

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(2)
        _check_values(self.values, x)
        return Tensor(x.with_last(x.features * self.width).shape)

    def accumulator(self) -> Accumulator | None:
        return None if self.values else Categories(self.width, sort=True)

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        known = _known(self.values, state, rows.shape[1])
        places = xp.stack([_places(rows[:, i], values, -1) for i, values in enumerate(known)], axis=1)
        found = places[:, :, None] == xp.arange(self.width)
        return found.reshape(len(rows), -1).astype("float32")

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        known = _known(self.values, state, x.tensor.features)
        places = _encoded(g, x, [_numbered(values, 0) for values in known], -1)
        apart = g.op("Unsqueeze", places, g.constant([2], "int64", "last"))
        found = g.op("Equal", apart, g.constant(list(range(self.width)), "int64", "places"))
        flat = g.op("Reshape", found, g.constant([0, len(known) * self.width], "int64", "shape"))
        return g.op("Cast", flat, to=1)


class Vocabulary(_Known):
    """A category's index: 1 and on for known ones, 0 for one that is unknown or missing.

    (...) -> (...)

    What an Embedding looks up, with `num_embeddings` the `size`. The known ones are the most frequent of the training
    rows, the most frequent first.
    """

    size: int | None = Field(
        default=None, ge=2, le=MAX_PLACES, description="how many indices there are, the unknown's among them"
    )
    values: Values | None = Field(default=None, description="the categories in order, in place of learnt ones")

    examples = {
        "string n 1 -> int64 n 1": dict(size=4),
        "string n t -> int64 n t": dict(size=1000),
        "int64 n 2 -> int64 n 2": dict(values=[10, 20]),
    }

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _one_of(self.size, self.values)
        return self

    @property
    def indices(self) -> int:
        return self.size or len(self.values or ()) + 1

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        _check_values(self.values, x)
        return Tensor(x.shape, "int64")

    def accumulator(self) -> Accumulator | None:
        return None if self.values else Categories(self.indices - 1, sort=False, together=True)

    def apply(self, rows: Rows, state: State) -> Rows:
        (values,) = _known(self.values, state, 1)
        return (_places(rows.reshape(-1), values, -1) + 1).reshape(rows.shape)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        (values,) = _known(self.values, state, 1)
        return _encoder(g, x, _numbered(values, 1), 0)


class Ordinal(_Known):
    """A category's place in a given order, as a number from 0 on.

    (...) -> (...)

    As in sklearn.preprocessing.OrdinalEncoder with its categories given.
    """

    values: Values = Field(description="the categories in order, the least first")
    unknown: Single = Field(default=-1.0, description="the number for a category that is unknown or missing")

    examples = {
        "string n 1 -> n 1": dict(values=["low", "middle", "high"]),
        "int64 n t -> n t": dict(values=[10, 100, 1000], unknown=1.5),
    }

    @model_validator(mode="after")
    def _listed_once(self) -> Self:
        _one_of(None, self.values)
        return self

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        _check_values(self.values, x)
        return Tensor(x.shape)

    def apply(self, rows: Rows, state: State) -> Rows:
        places = _places(rows.reshape(-1), self.values, -1).astype("float32")
        places[places < 0] = self.unknown
        return places.reshape(rows.shape)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        places = g.op("Cast", _encoder(g, x, _numbered(self.values, 0), -1), to=1)
        known = g.op("GreaterOrEqual", places, g.constant(0.0, name="first"))
        return g.op("Where", known, places, g.constant(self.unknown, name="unknown"))


class Categories:
    """Counts the values of each column, or of all together, and knows the most frequent ones."""

    def __init__(self, most: int, *, sort: bool, together: bool = False) -> None:
        self.most, self.sort, self.together = most, sort, together
        self.counts: list[Counter[Category]] = []

    def update(self, rows: Rows) -> None:
        columns = [rows.reshape(-1)] if self.together else [rows[:, place] for place in range(rows.shape[1])]
        self.counts = self.counts or [Counter() for _ in columns]
        for entry, (count, column) in enumerate(zip(self.counts, columns, strict=True)):
            count.update(column.tolist())
            if len(count) > MAX_DISTINCT:
                message = f"more than {MAX_DISTINCT:,} different values stand in the training rows"
                raise FitError(message, entry=entry, help="it tells rows apart, not kinds of them: leave it out")

    def state(self) -> dict[str, Any]:
        chosen = [self._chosen(entry, count) for entry, count in enumerate(self.counts)]
        others = [set(count) - set(values) for count, values in zip(self.counts, chosen, strict=True)]
        left = [{value for value in values if not _is_gap(value)} for values in others]
        rows = sum(count[value] for count, values in zip(self.counts, left, strict=True) for value in values)
        return {"values": chosen, "others": sum(map(len, left)), "rows": rows}

    def _chosen(self, entry: int, count: Counter[Category]) -> list[Category]:
        there = [(value, times) for value, times in count.items() if not _is_gap(value)]
        if not there:
            raise FitError("no training row has a value", entry=entry, help="leave it out of the input's columns")
        frequent = [value for value, _ in sorted(there, key=lambda item: (-item[1], item[0]))[: self.most]]
        return sorted(frequent) if self.sort else frequent


def _is_gap(value: Category) -> bool:
    return isinstance(value, str) and is_missing(value)


def _one_of(size: int | None, values: Sequence[Category] | None) -> None:
    """Refuse both, neither, and values that are no list of different categories of one kind."""
    if size is None and values is None:
        raise ValueError("needs its `size`, or the `values` that it knows")
    if size is not None and values is not None:
        raise ValueError("`size` follows from `values`: leave it out")
    if values and len({type(value) for value in values}) > 1:
        raise ValueError("values are all texts, or all whole numbers")
    twice = [value for value, times in Counter(values or ()).items() if times > 1]
    if twice:
        raise ValueError(f"the value {twice[0]} stands there twice")


def _check_values(values: Sequence[Category] | None, x: Tensor) -> None:
    """Refuse texts for an input of whole numbers, and the other way round."""
    if values and isinstance(values[0], str) != (x.dtype == "string"):
        kinds = ("texts", "whole numbers (int64)") if isinstance(values[0], str) else ("whole numbers", "texts")
        way = "" if isinstance(values[0], str) else "quote them, or give the input `dtype: int64`"
        raise ShapeError(f"its values are {kinds[0]}, the input holds {kinds[1]}", field="values", help=way)


def _known(values: Sequence[Category] | None, state: State, columns: int) -> Sequence[Sequence[Category]]:
    """The categories of each column, in order."""
    return [values] * columns if values else state["values"]


def _places(column: Rows, values: Sequence[Category], unknown: int) -> Rows:
    """The place of each value among those that are known."""
    index = {value: place for place, value in enumerate(values)}
    places = map(index.get, column.tolist(), repeat(unknown))
    return namespace(column).fromiter(places, dtype="int64", count=len(column))


def _numbered(values: Sequence[Category], first: int) -> dict[Category, int]:
    return {value: place for place, value in enumerate(values, first)}


def _encoded(g: OnnxBuilder, x: Value, columns: Sequence[Mapping[Category, int]], unknown: int) -> Value:
    """Each column through an encoder of its own, (n, columns) again."""
    if len(columns) == 1:
        return _encoder(g, x, columns[0], unknown)
    apart = g.ops("Split", x, outputs=len(columns), axis=1, num_outputs=len(columns))
    single = x.tensor.with_last(1)
    places = [_encoder(g, g.typed(part, single), column, unknown) for part, column in zip(apart, columns, strict=True)]
    return g.op("Concat", *places, axis=1)


def _encoder(g: OnnxBuilder, x: Value, numbers: Mapping[Category, int], unknown: int) -> Value:
    """The number of each category, `unknown` for all others."""
    kind = "keys_strings" if x.tensor.dtype == "string" else "keys_int64s"
    attributes = {kind: list(numbers), "values_int64s": list(numbers.values()), "default_int64": unknown}
    return g.op("LabelEncoder", x, domain="ai.onnx.ml", **attributes)
