"""Steps on images: numbers from 0 to 255, as files have them, or any others."""

from typing import Annotated, Any

from pydantic import Field, PositiveFloat

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.step import Rows, State, Step, as_float, namespace
from nnspec.shapes import ShapeError, Tensor

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as torchvision and pillow have it
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])  # mean and deviation that published weights were trained with

Side = Annotated[int, Field(ge=2, le=2**15)]
Sides = Annotated[list[Side], Field(min_length=2, max_length=2)]
Shares = Annotated[list[float], Field(min_length=1, max_length=64)]
Spreads = Annotated[list[PositiveFloat], Field(min_length=1, max_length=64)]


class _Pixels(Step):
    """A step on images, the batch first."""

    takes = ("uint8", "float32")
    sample = tuple(range(256))

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(4)
        return x


class ToChannelsFirst(_Pixels):
    """The axes of an image as layers take them: channels before rows and columns.

    (n, h, w, c) -> (n, c, h, w)

    Files have the channels of each point side by side, and so has `Image`.
    """

    examples = {"uint8 n 5 4 3 -> uint8 n 3 5 4": dict(), "n h w 1 -> n 1 h w": dict()}

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        n, h, w, c = x.shape
        return Tensor((n, c, h, w), x.dtype)

    def apply(self, rows: Rows, state: State) -> Rows:
        return namespace(rows).ascontiguousarray(rows.transpose(0, 3, 1, 2))

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Transpose", x, perm=[0, 3, 1, 2])


class Grayscale(_Pixels):
    """One channel of brightness from red, green and blue: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    (n, c, h, w) -> (n, 1, h, w)

    As torchvision.transforms.Grayscale, without rounding. An image of one channel stays as it is.
    """

    dim: int = Field(default=1, description="axis of the channels: 1, or -1 where they come last")

    examples = {"uint8 n 3 5 4 -> n 1 5 4": dict(), "n h w 3 -> n h w 1": dict(dim=-1), "n 1 4 4 -> n 1 4 4": dict()}

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        axis = x.axis(self.dim)
        if x.shape[axis] not in (1, 3):
            message = f"takes images of 3 channels (or 1), got {x.shape[axis]} along dim {self.dim}"
            way = "`dim: -1` where the channels come last" if 3 in x.shape[1:] else ""
            raise ShapeError(message, field="dim", help=way)
        shape = list(x.shape)
        shape[axis] = 1
        return Tensor(tuple(shape))

    def apply(self, rows: Rows, state: State) -> Rows:
        xp, narrow = namespace(rows), rows.astype("float32")
        if rows.shape[self.dim] == 1:
            return narrow
        red, green, blue = (narrow.take([place], axis=self.dim) for place in range(3))
        return xp.float32(LUMA[0]) * red + xp.float32(LUMA[1]) * green + xp.float32(LUMA[2]) * blue

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        axis = x.tensor.axis(self.dim)
        shades = as_float(g, x)
        if x.tensor.shape[axis] == 1:
            return shades
        weighed = g.op("Mul", shades, g.constant(_along(list(LUMA), axis), name="luma"))
        return g.op("ReduceSum", weighed, g.constant([axis], "int64", "axis"), keepdims=1)


class Resize(_Pixels):
    """Another size of an image, each point a mean of those it covers (bilinear, antialiased).

    (n, c, h, w) -> (n, c, height, width)

    As torch.nn.functional.interpolate(mode="bilinear", antialias=True) on real numbers: bytes are not rounded again.
    """

    size: Sides = Field(description="height and width to have")

    examples = {"uint8 n 3 9 8 -> n 3 4 5": dict(size=[4, 5]), "n 1 h w -> n 1 6 4": dict(size=[6, 4])}

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        return Tensor((*x.shape[:2], *self.size))

    def apply(self, rows: Rows, state: State) -> Rows:
        xp, (height, width) = namespace(rows), self.size
        narrow = rows.astype("float32")
        across = narrow @ _triangles(xp, rows.shape[3], width).T
        return (_triangles(xp, rows.shape[2], height) @ across).astype("float32")

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        if len(x.tensor.shape) == 4 and x.tensor.shape[2:] == tuple(self.size):
            return as_float(g, x)
        return g.op(
            "Resize",
            as_float(g, x),
            None,
            None,
            g.constant(list(self.size), "int64", "size"),
            axes=[2, 3],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
            antialias=1,
            exclude_outside=1,
        )


class CenterCrop(_Pixels):
    """The middle of an image, of a given size.

    (n, c, h, w) -> (n, c, height, width)

    As torchvision.transforms.CenterCrop: of an odd rest the smaller half is cut off above and on the left.
    """

    size: Sides = Field(description="height and width to have")

    examples = {"uint8 n 3 9 8 -> uint8 n 3 4 5": dict(size=[4, 5]), "n 1 7 8 -> n 1 7 5": dict(size=[7, 5])}

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        for wanted, there in zip(self.size, x.spatial, strict=True):
            if not isinstance(there, int):
                message = f"takes images of a known size, got {x}"
                raise ShapeError(message, help="bring them to one size before, with Resize")
            if wanted > there:
                message = f"size {self.size} is larger than the image, {x.spatial[0]}×{x.spatial[1]}"
                raise ShapeError(message, field="size", help="bring it to a larger size before, with Resize")
        return Tensor((*x.shape[:2], *self.size), x.dtype)

    def apply(self, rows: Rows, state: State) -> Rows:
        (top, left), (height, width) = self._corner(rows.shape[2:]), self.size
        return namespace(rows).ascontiguousarray(rows[:, :, top : top + height, left : left + width])

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        start = self._corner(x.tensor.spatial)
        ends = [first + length for first, length in zip(start, self.size, strict=True)]
        bounds = [g.constant(list(values), "int64", name) for name, values in (("start", start), ("end", ends))]
        return g.op("Slice", x, *bounds, g.constant([2, 3], "int64", "axes"))

    def _corner(self, sizes: Any) -> tuple[int, int]:
        top, left = (round((there - wanted) / 2) for there, wanted in zip(sizes, self.size, strict=True))
        return top, left


class NormalizeImage(_Pixels):
    """Numbers about 0 from bytes: (x / factor - mean) / std, for each channel.

    (n, c, h, w) -> (n, c, h, w)

    As torchvision's ToTensor and Normalize after one another, with ImageNet's mean and deviation unless given.
    """

    mean: Shares = Field(default=IMAGENET[0], description="mean of each channel, of numbers from 0 to 1")
    std: Spreads = Field(default=IMAGENET[1], description="deviation of each channel")
    factor: PositiveFloat = Field(default=255.0, description="what every number is divided by first")

    examples = {
        "uint8 n 3 5 4 -> n 3 5 4": dict(),
        "n 1 h w -> n 1 h w": dict(mean=[0.5], std=[0.5], factor=1.0),
    }

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        for name, values in (("mean", self.mean), ("std", self.std)):
            if x.channels != len(values):
                message = f"{name} has {len(values)} numbers, the image {x.channels} channels"
                raise ShapeError(message, field=name, help="give one for each channel, as in `mean: [0.5], std: [0.5]`")
        return Tensor(x.shape)

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        mean, std = (xp.asarray(_along(values, 1), dtype="float32") for values in (self.mean, self.std))
        return (rows.astype("float32") / xp.float32(self.factor) - mean) / std

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        whole = g.op("Div", as_float(g, x), g.constant(self.factor, name="factor"))
        centred = g.op("Sub", whole, g.constant(_along(self.mean, 1), name="mean"))
        return g.op("Div", centred, g.constant(_along(self.std, 1), name="std"))


def _along(values: list[float], axis: int) -> Any:
    """Numbers along one of an image's four axes, nested as a constant is."""
    if axis == 3:
        return [[[values]]]
    return [[[[value]] for value in values]] if axis == 1 else [[[[value] for value in values]]]


def _triangles(xp: Any, there: int, wanted: int) -> Any:
    """The share of each point in each new one, (wanted, there): a triangle about it, two new points wide or two old."""
    scale = there / wanted
    width = max(scale, 1.0)
    centres = (xp.arange(wanted, dtype="float64") + 0.5) * scale
    apart = xp.arange(there, dtype="float64")[None, :] + 0.5 - centres[:, None]
    shares = (1 - abs(apart) / width).clip(0)
    return (shares / shares.sum(axis=1, keepdims=True)).astype("float32")
