"""What an input is stated to hold: checked in training and in prediction, and written into the exported file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnspec.prepare.missing import is_missing
from nnspec.prepare.step import Rows, namespace

CHANNELS = {"grey": 1, "rgb": 3, "bgr": 3, "rgba": 4}


@dataclass(frozen=True, slots=True)
class Limits:
    """The values that an input may have, and what they mean. Missing values are not judged here."""

    range: tuple[float, float] | None = None
    values: tuple[str | int | float, ...] = ()
    unit: str = ""
    channels: str = ""

    def as_json(self) -> dict[str, Any]:
        """What is stated, by its key in a spec."""
        return {
            **({"range": list(self.range)} if self.range else {}),
            **({"values": list(self.values)} if self.values else {}),
            **({"unit": self.unit} if self.unit else {}),
            **({"channels": self.channels} if self.channels else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Limits":
        """From an exported file's metadata, or a spec's; ValueError for what no spec says."""
        low_high, values = value.get("range"), value.get("values", [])
        numbers = low_high is None or (
            isinstance(low_high, list) and [type(x) in (int, float) for x in low_high] == [True] * 2
        )
        if not numbers or not isinstance(values, list) or not all(isinstance(x, str | int | float) for x in values):
            raise ValueError("`range` is two numbers and `values` a list")
        return cls(
            (low_high[0], low_high[1]) if low_high else None,
            tuple(values),
            str(value.get("unit", "")),
            str(value.get("channels", "")),
        )

    def fault(self, rows: Rows) -> tuple[tuple[int, ...], str] | None:
        """Where the first value stands that is not among these, and why it is not; None where all are."""
        xp = namespace(rows)
        if self.range and rows.dtype.kind in "fiu":
            low, high = self.range
            outside = (rows < low) | (rows > high)
            if outside.any():
                return _first(xp, outside), f"is not in the range {low:g} to {high:g}{' ' * bool(self.unit)}{self.unit}"
        if self.values:
            outside = ~xp.isin(rows, xp.array(self.values, dtype=rows.dtype))
            outside &= ~(xp.isnan(rows) if rows.dtype.kind == "f" else _missing(xp, rows))
            if outside.any():
                return _first(xp, outside), f"is none of {', '.join(map(str, self.values[:12]))}"
        return None


def _first(xp: Any, fault: Rows) -> tuple[int, ...]:
    return tuple(int(axis[0]) for axis in xp.nonzero(fault))


def _missing(xp: Any, rows: Rows) -> Rows:
    if rows.dtype.kind not in "OU":
        return xp.zeros(rows.shape, dtype=bool)
    return xp.array([is_missing(text) for text in rows.ravel().tolist()], dtype=bool).reshape(rows.shape)
