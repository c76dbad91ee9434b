"""Steps on series: numbers in the order of time."""

from math import cos, pi, sin
from typing import Any

from pydantic import Field, PositiveInt

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.step import Rows, State, Step, namespace
from nnspec.shapes import Dim, ShapeError, Tensor

MAX_LENGTH = 2**20


class Difference(Step):
    """The change from one moment to another, `lag` steps later: x[t] - x[t - lag].

    (n, t, ...) -> (n, t - lag, ...)

    Takes a trend out of a series; with the length of a season as the lag, the season.
    """

    lag: PositiveInt = Field(default=1, le=MAX_LENGTH, description="steps between the two")

    examples = {"n 9 -> n 8": dict(), "n 9 3 -> n 5 3": dict(lag=4)}
    sample = tuple(float(value) / 4 for value in range(-40, 40))

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(2, 3)
        length = _known_length(x)
        if length <= self.lag:
            message = f"a lag of {self.lag} leaves nothing of a series of length {length}"
            raise ShapeError(message, field="lag")
        return Tensor((x.shape[0], length - self.lag, *x.shape[2:]))

    def apply(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        return narrow[:, self.lag :] - narrow[:, : -self.lag]

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        length = _known_length(x.tensor)
        later = _slice(g, x, self.lag, length)
        return g.op("Sub", later, _slice(g, x, 0, length - self.lag))


class Truncate(Step):
    """The first `length` steps of a series, or the last; a shorter one stays as it is.

    (n, t, ...) -> (n, length, ...)
    """

    length: PositiveInt = Field(le=MAX_LENGTH, description="steps that are kept")
    last: bool = Field(default=False, description="keep the last ones, not the first")

    examples = {
        "n 9 -> n 4": dict(length=4),
        "int64 n 9 -> int64 n 3": dict(length=3, last=True),
        "n 7 2 -> n 7 2": dict(length=9),
    }
    takes = ("float32", "int64")

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(2, 3)
        return Tensor((x.shape[0], min(self.length, _known_length(x)), *x.shape[2:]), x.dtype)

    def apply(self, rows: Rows, state: State) -> Rows:
        return rows[:, -self.length :] if self.last else rows[:, : self.length]

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        there = _known_length(x.tensor)
        kept = min(there, self.length)
        return _slice(g, x, there - kept if self.last else 0, there if self.last else kept)


class Pad(Step):
    """A series made as long as `length` with one value, behind it or before it; a longer one stays as it is.

    (n, t, ...) -> (n, length, ...)
    """

    length: PositiveInt = Field(le=MAX_LENGTH, description="steps to have")
    value: float = Field(default=0.0, description="what stands in the added ones")
    before: bool = Field(default=False, description="add before the series, not behind it")

    examples = {
        "n 4 -> n 9": dict(length=9, value=-1.0),
        "int64 n 3 -> int64 n 5": dict(length=5, before=True),
        "n 7 2 -> n 7 2": dict(length=5),
    }
    takes = ("float32", "int64")

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(2, 3)
        if x.dtype == "int64" and self.value != int(self.value):
            raise ShapeError(f"the input holds whole numbers, value is {self.value:g}", field="value")
        return Tensor((x.shape[0], max(self.length, _known_length(x)), *x.shape[2:]), x.dtype)

    def apply(self, rows: Rows, state: State) -> Rows:
        xp, missing = namespace(rows), max(self.length - rows.shape[1], 0)
        added = xp.full((len(rows), missing, *rows.shape[2:]), self.value, dtype=rows.dtype)
        return xp.concat([added, rows] if self.before else [rows, added], axis=1)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        missing = max(self.length - _known_length(x.tensor), 0)
        rank = len(x.tensor.shape)
        amounts = [0] * (2 * rank)
        amounts[1 if self.before else rank + 1] = missing
        value: Any = int(self.value) if x.tensor.dtype == "int64" else self.value
        return g.op("Pad", x, g.constant(amounts, "int64", "amounts"), g.constant(value, x.tensor.dtype, "value"))


class Spectrogram(Step):
    """The strength of each frequency over time: windows of `n_fft` samples, each weighed by Hann's window.

    (n, t) -> (n, n_fft // 2 + 1, (t - n_fft) // hop_length + 1)

    As |torch.stft(x, n_fft, hop_length, window=torch.hann_window(n_fft), center=False)| ** power.
    """

    n_fft: int = Field(default=256, ge=2, le=4096, description="samples of a window")
    hop_length: PositiveInt = Field(default=128, le=MAX_LENGTH, description="samples from one window to the next")
    power: float = Field(default=2.0, gt=0, le=4, description="2 for energy, 1 for magnitude")

    examples = {"n 64 -> n 9 13": dict(n_fft=16, hop_length=4), "n 20 -> n 4 3": dict(n_fft=7, hop_length=5, power=1.0)}
    sample = tuple(sin(value * value) for value in range(1, 90))

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(2)
        length = _known_length(x)
        if length < self.n_fft:
            message = f"a window of {self.n_fft} samples is longer than the series, {length}"
            raise ShapeError(message, field="n_fft")
        return Tensor((x.shape[0], self.n_fft // 2 + 1, (length - self.n_fft) // self.hop_length + 1))

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        basis = xp.asarray(self._basis(), dtype="float32")
        starts = xp.arange(0, rows.shape[1] - self.n_fft + 1, self.hop_length)
        frames = rows.astype("float32")[:, starts[:, None] + xp.arange(self.n_fft)]
        waves = frames @ basis.T
        bins = self.n_fft // 2 + 1
        energy = waves[..., :bins] ** 2 + waves[..., bins:] ** 2
        found = energy if self.power == 2 else energy ** xp.float32(self.power / 2)
        return xp.ascontiguousarray(found.transpose(0, 2, 1))

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        one = g.op("Unsqueeze", x, g.constant([1], "int64", "channel"))
        kernel = g.constant([[wave] for wave in self._basis()], name="basis")
        waves = g.op("Conv", one, kernel, strides=[self.hop_length])
        bins = self.n_fft // 2 + 1
        squares = g.op("Mul", waves, waves)
        real, imaginary = (_slice(g, squares, start, start + bins) for start in (0, bins))
        energy = g.op("Add", real, imaginary)
        return energy if self.power == 2 else g.op("Pow", energy, g.constant(self.power / 2, name="power"))

    def _basis(self) -> list[list[float]]:
        """Cosine and sine of each frequency under Hann's window (periodic, as torch's)."""
        window = [0.5 - 0.5 * cos(2 * pi * place / self.n_fft) for place in range(self.n_fft)]
        turns = [2 * pi * wave / self.n_fft for wave in range(self.n_fft // 2 + 1)]
        return [
            [share * wave(turn * place) for place, share in enumerate(window)] for wave in (cos, sin) for turn in turns
        ]


def _known_length(x: Tensor) -> int:
    length: Dim = x.shape[1]
    if not isinstance(length, int):
        raise ShapeError(f"takes series of a known length, got {x}", help="write the length in the input's shape")
    return length


def _slice(g: OnnxBuilder, x: Value, start: int, end: int) -> Value:
    bounds = [g.constant([bound], "int64", name) for name, bound in (("start", start), ("end", end))]
    return g.op("Slice", x, *bounds, g.constant([1], "int64", "axis"))
