"""Steps on moments in time: dates and times of day."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from math import pi
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.missing import is_missing
from nnspec.prepare.step import RowError, Rows, State, Step, namespace
from nnspec.prepare.whole import Whole
from nnspec.shapes import Tensor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY, HOUR, MINUTE = 86400, 3600, 60
MAX_SHOWN = 60  # characters of a text that a message repeats


class Timestamp(Step):
    """Seconds since 1970 of a date, with or without a time of day, in UTC unless it names another offset.

    (...) -> (...)

    Dates are read before the exported file sees them: the file itself takes the seconds.
    """

    format: str | None = Field(
        default=None,
        max_length=100,
        description="how dates are written, as Python's strptime has it (`%d.%m.%Y %H:%M`); ISO 8601 unless given",
    )

    examples = {"string n 1 -> int64 n 1": dict(), "string n 2 -> int64 n 2": dict(format="%Y-%m-%dT%H:%M:%S")}
    sample = ("1999-12-31T23:59:59", "2024-02-29T00:00:00", "1969-07-20T20:17:40", "0001-01-01T00:00:00")
    takes = ("string",)
    outside = True

    def infer(self, x: Tensor) -> Tensor:
        return Tensor(super().infer(x).shape, "int64")

    def apply(self, rows: Rows, state: State) -> Rows:
        flat = rows.reshape(len(rows), -1).tolist()
        seconds = [self._seconds(text, row) for row, texts in enumerate(flat) for text in texts]
        return namespace(rows).asarray(seconds, dtype="int64").reshape(rows.shape)

    def _seconds(self, text: str, row: int) -> int:
        try:
            date = datetime.strptime(text, self.format) if self.format else datetime.fromisoformat(text)
        except ValueError:
            message = "the value is missing" if is_missing(text) else f"{text[:MAX_SHOWN]!r} is not a date"
            way = f"dates are to be written as {self.format}" if self.format else "write 2024-01-31 or 2024-01-31T08:30"
            raise RowError(row, message, help="leave the row out" if is_missing(text) else way) from None
        return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - EPOCH) // timedelta(seconds=1)


Part = Literal["year", "month", "day", "weekday", "hour", "minute", "second", "dayofyear", "days"]
Cycle = Literal["month", "weekday", "hour", "minute", "dayofyear"]
# How many there are of each, and the number of the first.
LENGTHS: dict[str, tuple[float, int]] = {
    "month": (12, 1),
    "weekday": (7, 0),
    "hour": (24, 0),
    "minute": (60, 0),
    "dayofyear": (365.2425, 1),
}


class Datetime(Step):
    """The parts of a date (year, month, hour, …) as numbers, and parts that come round as points on a circle.

    (n, columns) -> (n, columns * (parts + 2 * cycles))

    Takes seconds since 1970; a column of texts goes through `Timestamp` first. Of each column stand all parts, then for
    each cycle sine and cosine of the angle. Weekdays count from Monday, 0; `days` are those since 1970.
    """

    parts: list[Part] = Field(
        default=["year", "month", "day", "weekday", "hour"], description="the parts, in the order of the numbers"
    )
    cycles: list[Cycle] = Field(
        default=[], description="parts of which the end lies next to the beginning: hour 23 and hour 0"
    )

    examples = {
        "int64 n 1 -> n 5": dict(),
        "int64 n 2 -> n 18": dict(parts=["second", "minute", "dayofyear"], cycles=["hour", "weekday", "dayofyear"]),
    }
    takes = ("int64",)
    preceded_by = "Timestamp"

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.parts and not self.cycles:
            raise ValueError("name `parts` or `cycles`, otherwise nothing is left of a date")
        return self

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(2)
        return Tensor(x.with_last(x.features * (len(self.parts) + 2 * len(self.cycles))).shape)

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        numbers = _numbers(rows, {*self.parts, *self.cycles})
        found = [numbers[part].astype("float32") for part in self.parts]
        for part in self.cycles:
            angle = (numbers[part] - LENGTHS[part][1]).astype("float32") * xp.float32(_turn(part))
            found += [xp.sin(angle), xp.cos(angle)]
        return xp.stack(found, axis=2).reshape(len(rows), -1)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        numbers = _numbers(Whole(g, x), {*self.parts, *self.cycles})
        found = [g.op("Cast", numbers[part].value, to=1) for part in self.parts]
        for part in self.cycles:
            count = g.op("Cast", (numbers[part] - LENGTHS[part][1]).value, to=1)
            angle = g.op("Mul", count, g.constant(_turn(part), name=f"{part}_turn"))
            found += [g.op("Sin", angle), g.op("Cos", angle)]
        last = g.constant([2], "int64", "last")
        stacked = g.op("Concat", *(g.op("Unsqueeze", number, last) for number in found), axis=2)
        return g.op("Reshape", stacked, g.constant([0, x.tensor.features * len(found)], "int64", "shape"))


def _turn(part: str) -> float:
    """The angle from one to the next."""
    return 2 * pi / LENGTHS[part][0]


def _numbers(seconds: Any, asked: Collection[str]) -> dict[str, Any]:
    """The parts that are asked for, of an array of seconds or of ONNX nodes.

    The date is Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last of a year.
    """
    days, rest = seconds // DAY, seconds % DAY
    found = {
        "days": days,
        "weekday": (days + 3) % 7,
        "hour": rest // HOUR,
        "minute": rest % HOUR // MINUTE,
        "second": rest % MINUTE,
    }
    if {"year", "month", "day", "dayofyear"} & set(asked):
        shifted = days + 719468
        era, day_of_era = shifted // 146097, shifted % 146097
        year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
        day_of_year = day_of_era - (year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
        month = (day_of_year * 5 + 2) // 153
        year = year_of_era + era * 400 + (month + 2) // 12
        past = year - 1
        found |= {
            "day": day_of_year - (month * 153 + 2) // 5 + 1,
            "month": (month + 2) % 12 + 1,
            "year": year,
            "dayofyear": days - (past * 365 + past // 4 - past // 100 + past // 400) + 719163,
        }
    return found
