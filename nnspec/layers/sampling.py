"""Images looked at along a grid: spatial transformers, optical flow, deformation fields."""

from itertools import product as every
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.fields import Listed
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, F
from nnspec.shapes import ShapeError, Tensor


class GridSample(Layer):
    """An image read at the places of a grid.

    (n, c, h, w), (n, h', w', 2) -> (n, c, h', w'), or with three axes (n, c, d, h, w), (n, d', h', w', 3)

    A place is (x, y), -1 and 1 being the outer edges; Jaderberg et al., Spatial transformer networks, 2015.
    Over three axes, ONNX has it from opset 20. `nearest` may round a place right between two elements either way.
    """

    mode: Literal["bilinear", "nearest", "bicubic"] = Field(
        default="bilinear", description="how a number between elements is found"
    )
    padding_mode: Literal["zeros", "border", "reflection"] = Field(
        default="zeros", description="what stands outside of the image"
    )
    align_corners: bool = Field(
        default=False, description="-1 and 1 are the centres of the outermost elements, not their outer edges"
    )

    examples = {
        "n 3 5 6, n 4 7 2 -> n 3 4 7": {},
        "n 2 h w, n 3 4 2 -> n 2 3 4": dict(padding_mode="border", align_corners=True),
        "n 2 5 4, n s t 2 -> n 2 s t": dict(mode="bicubic"),
        "n 1 9 9, n 2 3 2 -> n 1 2 3": dict(mode="nearest", padding_mode="reflection", align_corners=True),
        "n 2 3 4 5, n 2 3 4 3 -> n 2 2 3 4": dict(align_corners=True),
    }

    def infer(self, x: Tensor, grid: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(4, 5)
        axes = x.rank - 2
        if grid.dtype != x.dtype or grid.rank != x.rank or grid.shape[-1] != axes:
            raise ShapeError(
                f"needs a grid whose last axis holds the {axes} coordinates of a place, after {axes} axes, got {grid}"
            )
        if axes == 3 and self.mode == "bicubic":
            raise ShapeError("mode bicubic is for images, and its input has three axes", field="mode")
        return x.with_spatial(x.shape[1], *grid.shape[1:-1])

    def forward(self, x: Code, grid: Code) -> Code:
        # PyTorch warns where align_corners is left out.
        return F.grid_sample(x, grid, **self.changed("align_corners"), align_corners=self.align_corners)

    def to_onnx(self, g: OnnxBuilder, x: Value, grid: Value) -> Value:
        if x.tensor.rank == 5 and g.opset < 20:
            raise g.refuse("ONNX samples three axes from opset 20")
        renamed = {"bilinear": "linear", "bicubic": "cubic"} if g.opset >= 20 else {}
        return g.op(
            "GridSample",
            x,
            grid,
            mode=renamed.get(self.mode, self.mode),
            padding_mode=self.padding_mode,
            align_corners=int(self.align_corners),
        )


class AffineGrid(Layer):
    """The grid at which an image is read to be turned, moved and scaled as a matrix says.

    (n, 2, 3) -> (n, h, w, 2), or with three axes (n, 3, 4) -> (n, d, h, w, 3)

    grid = theta @ (x, y, 1); Jaderberg et al., Spatial transformer networks, 2015.
    """

    size: Annotated[tuple[PositiveInt, ...], Listed, Field(min_length=2, max_length=3)] = Field(
        description="height and width of the grid, or depth, height and width"
    )
    align_corners: bool = Field(
        default=False, description="-1 and 1 are the centres of the outermost elements, not their outer edges"
    )

    examples = {
        "n 2 3 -> n 4 5 2": dict(size=[4, 5]),
        "n 2 3 -> n 3 2 2": dict(size=[3, 2], align_corners=True),
        "n 3 4 -> n 2 3 4 3": dict(size=[2, 3, 4]),
    }

    def infer(self, theta: Tensor) -> Tensor:
        theta.needs_float()
        theta.needs_rank(3)
        axes = len(self.size)
        if theta.shape[1:] != (axes, axes + 1):
            raise ShapeError(
                f"a grid over {axes} axes needs matrices of {axes}×{axes + 1}, got {theta}",
                field="size",
            )
        return theta.with_shape(theta.shape[0], *self.size, axes)

    def forward(self, theta: Code) -> Code:
        return F.affine_grid(theta, (theta.shape[0], 1, *self.size), align_corners=self.align_corners)

    def to_onnx(self, g: OnnxBuilder, theta: Value) -> Value:
        dtype, axes = theta.tensor.dtype, len(self.size)
        # A place is (x, y, 1), the last axis first.
        places = [[*reversed(place), 1.0] for place in every(*map(self._along, self.size))]
        turned = g.op("Transpose", theta, perm=[0, 2, 1])
        points = g.op("MatMul", g.constant(places, dtype, name="places"), turned)
        return g.op("Reshape", points, g.constant([-1, *self.size, axes], "int64", name="shape"))

    def _along(self, length: int) -> list[float]:
        """The coordinates along one axis."""
        if length == 1:
            return [0.0]
        outermost = 1.0 if self.align_corners else (length - 1) / length
        return [outermost * (2 * place / (length - 1) - 1) for place in range(length)]
