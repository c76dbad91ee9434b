"""Padding: an axis made longer at its ends, or shorter."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from nnspec.layers.fields import Listed
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.window import pad_axes
from nnspec.pycode import Code, F, nn
from nnspec.shapes import Dim, ShapeError, Tensor

Mode = Literal["constant", "reflect", "replicate", "circular"]
Ends = Mapping[int, tuple[int, int]]  # what each axis gets before and after

Padding1 = int | Annotated[tuple[int, int], Listed]
Padding2 = int | Annotated[tuple[int, int, int, int], Listed]
Padding3 = int | Annotated[tuple[int, int, int, int, int, int], Listed]

PADDING: Any = Field(
    description="positions added before and after each axis, the last axis first; below 0, positions cut off"
)
VALUE: Any = Field(description="what stands in the padding")

# How long an axis must be for what is added at one of its ends, less the added.
SOURCE = {"reflect": (1, "longer than"), "circular": (0, "at least as long as")}


def padded_tensor(x: Tensor, ends: Ends, mode: Mode, field: str) -> Tensor:
    """A tensor with some axes padded, or ShapeError."""
    for axis, (before, after) in ends.items():
        size = x.shape[axis]
        if mode in SOURCE:
            # What is cut off is gone before an axis goes on at its other end, and not before it is mirrored.
            left = size + min(before, 0) + min(after, 0) if mode == "circular" else size
            _check_source(left, max(before, after), mode, field)
        x = x.with_axis(axis, _padded_size(size, before, after, mode, field))
    return x


def _check_source(size: Dim, added: int, mode: Mode, field: str) -> None:
    less, needed = SOURCE[mode]
    if isinstance(size, int) and added > size - less:
        raise ShapeError(
            f"{mode} padding needs an axis {needed} what is added: {added} on an axis of {size}",
            field=field,
            help=f"at most {size - less} can be added at an end; a constant has no limit",
        )


def _padded_size(size: Dim, before: int, after: int, mode: Mode, field: str) -> Dim:
    result = size + before + after
    if isinstance(result, int) and result < 1:
        raise ShapeError(
            f"{field} leaves nothing of an axis of {size}: {result}", field=field, help="less can be cut off"
        )
    return result


class PadLast(Layer):
    """What paddings of the last axes share."""

    axes: ClassVar[int]
    mode: ClassVar[Mode]

    padding: int | tuple[int, ...] = PADDING

    def infer(self, x: Tensor) -> Tensor:
        if self.mode == "constant":
            x.needs_rank_at_least(self.axes + 1)
        else:
            x.needs_float()
            x.needs_rank(self.axes + 1, self.axes + 2)
        return padded_tensor(x, self._ends(x), self.mode, "padding")

    def _ends(self, x: Tensor) -> Ends:
        given = (self.padding,) * (2 * self.axes) if isinstance(self.padding, int) else self.padding
        return _by_axis(given, x.rank)

    def module(self, x: Tensor) -> Code:
        made: Code = getattr(nn, type(self).__name__)(self.padding, **self.changed("padding"))
        return made

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return pad_axes(g, x, self._ends(x.tensor), _filling(g, x, getattr(self, "value", 0.0)), mode=self.mode)


def _by_axis(given: tuple[int, ...], rank: int) -> dict[int, tuple[int, int]]:
    """PyTorch's list of ends, the last axis first, as axes in order."""
    pairs = zip(given[::2], given[1::2], strict=True)
    return dict(sorted((rank - 1 - place, ends) for place, ends in enumerate(pairs)))


def _filling(g: OnnxBuilder, x: Value, value: float) -> Value | None:
    return g.constant(value, x.tensor.dtype, name="value") if value else None


class _ConstantPad(PadLast):
    mode = "constant"
    value: float = VALUE


class _ZeroPad(PadLast):
    mode = "constant"


class Pad(Layer):
    """Any of the last axes padded, in any of PyTorch's modes.

    (...) -> (...), the last axis longer by pad[0] + pad[1], the one before by pad[2] + pad[3], and so on

    reflect mirrors an axis at its ends, replicate repeats its first and last elements, circular
    goes on at the other end.
    """

    pad: Annotated[tuple[int, ...], Listed] = Field(
        description="positions added before and after each axis, the last axis first; below 0, positions cut off",
        min_length=2,
        max_length=16,
    )
    mode: Mode = Field(default="constant", description="what stands in the padding")
    value: float = Field(default=0.0, description="the constant that stands in the padding")

    examples = {
        "n 2 5 -> n 2 9": dict(pad=[1, 3], value=-1.0),
        "n t 4 -> n t 7": dict(pad=[2, 1], mode="reflect"),
        "n 2 4 5 -> n 3 4 5": dict(pad=[0, 0, 0, 0, 1, 0]),
        "n 2 h 5 -> n 2 h 8": dict(pad=[1, 2, -1, 1], mode="circular"),
        "int64 n 6 -> int64 n 4": dict(pad=[-2, 0]),
    }

    def infer(self, x: Tensor) -> Tensor:
        axes = len(self.pad) // 2
        if len(self.pad) % 2 or axes >= x.rank:
            raise ShapeError(
                f"pad has {len(self.pad)} numbers, which are not two for each of at most {x.rank - 1} axes",
                field="pad",
                help="[left, right], then [left, right, top, bottom], the last axis first; the batch is not padded",
            )
        if self.mode != "constant":
            x.needs_float()
            self._check_moded(x, axes)
        return padded_tensor(x, _by_axis(self.pad, x.rank), self.mode, "pad")

    def _check_moded(self, x: Tensor, axes: int) -> None:
        if axes > 3 or x.rank - axes not in (1, 2):
            raise ShapeError(
                f"mode {self.mode} pads the last 1 to 3 axes, all but the batch and at most one more, of an input "
                f"of {x.rank - 1} axes: not {axes} of them",
                field="pad",
                help="PyTorch pads other axes with a constant only; 0 leaves an axis as it is",
            )

    def forward(self, x: Code) -> Code:
        return F.pad(x, self.pad, **self.changed("pad"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        filling = _filling(g, x, self.value) if self.mode == "constant" else None
        return pad_axes(g, x, _by_axis(self.pad, x.tensor.rank), filling, mode=self.mode)


class ConstantPad1d(_ConstantPad):
    """The last axis padded with a number.

    (..., t) -> (..., t + left + right)

    padding: [left, right], or one number for all
    """

    padding: Padding1 = PADDING

    axes = 1
    examples = {
        "n 2 5 -> n 2 9": dict(padding=2, value=1.5),
        "n 2 t -> n 2 t": dict(padding=[1, -1], value=1.5),
        "n 3 4 -> n 3 8": dict(padding=[3, 1], value=-2.0),
    }


class ConstantPad2d(_ConstantPad):
    """The last two axes padded with a number.

    (..., h, w) -> (..., h + top + bottom, w + left + right)

    padding: [left, right, top, bottom], or one number for all
    """

    padding: Padding2 = PADDING

    axes = 2
    examples = {
        "n 2 4 5 -> n 2 6 7": dict(padding=1, value=1.5),
        "n 3 h 4 -> n 3 h 7": dict(padding=[1, 2, 0, 0], value=1.5),
        "n 2 5 4 -> n 2 6 5": dict(padding=[2, -1, 3, -2], value=1.5),
    }


class ConstantPad3d(_ConstantPad):
    """The last three axes padded with a number.

    (..., d, h, w) -> (..., d + front + back, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom, front, back], or one number for all
    """

    padding: Padding3 = PADDING

    axes = 3
    examples = {
        "n 2 3 4 5 -> n 2 5 6 7": dict(padding=1, value=1.5),
        "n 1 t 3 4 -> n 1 t 4 5": dict(padding=[1, 0, -1, 2, 0, 0], value=1.5),
    }


class ZeroPad1d(_ZeroPad):
    """The last axis padded with zeros.

    (..., t) -> (..., t + left + right)

    padding: [left, right], or one number for all
    """

    padding: Padding1 = PADDING

    axes = 1
    examples = {
        "n 2 5 -> n 2 9": dict(padding=2),
        "n 2 t -> n 2 t": dict(padding=[1, -1]),
        "n 3 4 -> n 3 8": dict(padding=[3, 1]),
    }


class ZeroPad2d(_ZeroPad):
    """The last two axes padded with zeros.

    (..., h, w) -> (..., h + top + bottom, w + left + right)

    padding: [left, right, top, bottom], or one number for all
    """

    padding: Padding2 = PADDING

    axes = 2
    examples = {
        "n 2 4 5 -> n 2 6 7": dict(padding=1),
        "n 3 h 4 -> n 3 h 7": dict(padding=[1, 2, 0, 0]),
        "n 2 5 4 -> n 2 6 5": dict(padding=[2, -1, 3, -2]),
    }


class ZeroPad3d(_ZeroPad):
    """The last three axes padded with zeros.

    (..., d, h, w) -> (..., d + front + back, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom, front, back], or one number for all
    """

    padding: Padding3 = PADDING

    axes = 3
    examples = {
        "n 2 3 4 5 -> n 2 5 6 7": dict(padding=1),
        "n 1 t 3 4 -> n 1 t 4 5": dict(padding=[1, 0, -1, 2, 0, 0]),
    }
