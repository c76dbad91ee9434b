"""Images, sequences and volumes brought to another size."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.adaptive_pool import averaged
from nnspec.layers.fields import Listed, Listed2, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.nearest import depends_on_layout, pick_nearest, reaching, resizes_alike
from nnspec.layers.window import scaled
from nnspec.pycode import Code, F
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes

Mode = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"]

# The axes after the channels that a mode is for; the others are for one to three of them.
MODE_AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
SMOOTH = ("bilinear", "bicubic")  # those that can look at all that a pixel covers

TWO_WAYS = "PyTorch answers it in two ways, by the layout in memory"

SIZE: Any = Field(default=None, description="size of the axes after the channels; this, or scale_factor")
SCALE_FACTOR: Any = Field(default=None, description="how many times as large; the size is rounded down")
MODE: Any = Field(default="nearest", description="how an element of the output is made of those around its place")
ALIGN_CORNERS: Any = Field(
    default=None, description="the centres of the outermost elements stay where they are, not their outer edges"
)
RECOMPUTE: Any = Field(
    default=None, description="places are found with the ratio of the rounded sizes, not with scale_factor"
)

SizeField = PositiveInt | Annotated[tuple[PositiveInt, ...], Listed, Field(min_length=1, max_length=3)]
ScaleField = PositiveFloat | Annotated[tuple[PositiveFloat, ...], Listed, Field(min_length=1, max_length=3)]


class _Resize(Layer):
    """What all share: sizes, modes, and the ONNX node."""

    size: int | tuple[int, ...] | None = SIZE
    scale_factor: float | tuple[float, ...] | None = SCALE_FACTOR

    fixed: ClassVar[dict[str, Any]] = {}  # arguments of F.interpolate that a layer type settles

    def _setting(self, name: str) -> Any:
        """An argument of F.interpolate: a field, or what the layer type settles."""
        return self.fixed[name] if name in self.fixed else getattr(self, name, None)

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(3, 4, 5)
        self._check_mode(x.rank - 2)
        self._check_size(x.rank - 2)
        sizes = self._sizes(x)
        if any(isinstance(size, int) and size < 1 for size in sizes):
            raise ShapeError(
                f"scale_factor leaves nothing of its input of {format_sizes(x.spatial)}: {format_sizes(sizes)}",
                field="scale_factor",
            )
        return x.with_spatial(x.shape[1], *sizes)

    def _check_mode(self, axes: int) -> None:
        mode = self._setting("mode")
        if MODE_AXES.get(mode, axes) != axes:
            fitting = {1: "linear", 2: "bilinear or bicubic", 3: "trilinear"}[axes]
            raise ShapeError(
                f"mode {mode} is for {MODE_AXES[mode]} axes after the channels, and its input has {axes}",
                field="mode",
                help=f"for {axes}: {fitting}; or nearest, nearest-exact, area",
            )
        if self._setting("align_corners") is not None and mode not in MODE_AXES:
            raise ShapeError(
                f"align_corners means nothing to mode {mode}",
                field="align_corners",
                help=f"it is for {', '.join(MODE_AXES)}",
            )
        if self._setting("antialias") and mode not in SMOOTH:
            raise ShapeError(
                f"antialias means nothing to mode {mode}", field="antialias", help=f"it is for {' and '.join(SMOOTH)}"
            )

    def _check_size(self, axes: int) -> None:
        if (self.size is None) == (self.scale_factor is None):
            raise ShapeError("needs the size of its output: size or scale_factor, one of both", field="size")
        for name in ("size", "scale_factor"):
            given = getattr(self, name)
            if isinstance(given, tuple) and len(given) != axes:
                raise ShapeError(
                    f"{name} {list(given)} is for {len(given)} axes after the channels, and its input has {axes}",
                    field=name,
                )
        if self.size is not None and self._setting("recompute_scale_factor"):
            raise ShapeError("recompute_scale_factor needs a scale_factor, not a size", field="recompute_scale_factor")

    def _scales(self, axes: int) -> tuple[float, ...] | None:
        if self.scale_factor is None:
            return None
        return (self.scale_factor,) * axes if isinstance(self.scale_factor, float) else self.scale_factor

    def _sizes(self, x: Tensor) -> list[Dim]:
        scales = self._scales(x.rank - 2)
        if scales is None:
            assert self.size is not None
            return list(per_axis(self.size, x.rank - 2))
        return [scaled(size, scale, field="scale_factor") for size, scale in zip(x.spatial, scales, strict=True)]

    def forward(self, x: Code) -> Code:
        return F.interpolate(x, **self.changed(), **self.fixed)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        mode, before, after = self._setting("mode"), x.tensor.spatial, self._sizes(x.tensor)
        if mode == "area":
            return averaged(g, x, after)
        scales = self._own_scales(g, before, after)
        if not mode.startswith("nearest"):
            if self._setting("antialias") and self._setting("align_corners"):
                raise g.refuse("onnxruntime weighs elements otherwise than PyTorch where antialias meets align_corners")
            if self._setting("antialias") and after[1] == 1 and after[0] != before[0]:
                raise g.refuse(f"an antialiased image one column wide: {TWO_WAYS}")
            return self._resize(g, x, after, scales, **self._smooth(mode))
        exact = mode == "nearest-exact"
        if scales and not exact and any(depends_on_layout(*axis) for axis in zip(before, after, scales, strict=True)):
            raise g.refuse(f"{TWO_WAYS}; with recompute_scale_factor it has one")
        if not resizes_alike(before, after, scales, exact=exact):
            return pick_nearest(g, x, after, scales, exact=exact)
        places, rounding = ("half_pixel", "round_prefer_ceil") if exact else ("asymmetric", "floor")
        return self._resize(
            g, x, after, scales, mode="nearest", coordinate_transformation_mode=places, nearest_mode=rounding
        )

    def _own_scales(self, g: OnnxBuilder, before: Sequence[Dim], after: Sequence[Dim]) -> Sequence[float] | None:
        """The scales that places are found with; None where that is the ratio of the sizes."""
        scales = self._scales(len(before))
        if scales is None:
            return None
        axes = list(zip(before, scales, after, strict=True))
        own = [self._own_scale(g, *axis) for axis in axes]
        ratios = [new / size if isinstance(size, int) and isinstance(new, int) else None for size, _, new in axes]
        return None if own == ratios else own

    def _own_scale(self, g: OnnxBuilder, size: Dim, scale: float, new: Dim) -> float:
        recomputed = bool(self._setting("recompute_scale_factor"))
        if not isinstance(size, int) or not isinstance(new, int):
            if recomputed and scale % 1:
                raise g.refuse(f"with recompute_scale_factor, the scale of an axis of length {size} depends on it")
            return scale
        # PyTorch's straight lines leave an axis alone that keeps its size.
        straight = self._setting("mode") in ("linear", "bilinear", "trilinear") and not self._setting("antialias")
        return new / size if recomputed or (straight and new == size) else scale

    def _smooth(self, mode: str) -> dict[str, Any]:
        antialias = int(bool(self._setting("antialias")))
        cubic = mode == "bicubic"
        return {
            "mode": "cubic" if cubic else "linear",
            "coordinate_transformation_mode": "align_corners" if self._setting("align_corners") else "half_pixel",
            "cubic_coeff_a": (-0.5 if antialias else -0.75) if cubic else None,
            "antialias": antialias or None,
            "exclude_outside": antialias or None,
        }

    def _resize(
        self, g: OnnxBuilder, x: Value, after: Sequence[Dim], scales: Sequence[float] | None, **attributes: Any
    ) -> Value:
        targets: Sequence[Any] = list(after)
        if scales is not None:
            targets = [reaching(*axis) for axis in zip(x.tensor.spatial, scales, after, strict=True)]
        axes = list(range(2, 2 + len(after)))
        if all(isinstance(target, int) for target in targets):
            return g.op("Resize", x, None, None, g.constant(targets, "int64", name="sizes"), axes=axes, **attributes)
        return g.op("Resize", x, None, g.constant(targets, name="scales"), axes=axes, **attributes)


class Interpolate(_Resize):
    """The axes after the channels brought to another size, in any of PyTorch's modes.

    (n, c, *sizes) -> (n, c, *size), or each size times scale_factor, rounded down

    One to three axes. ONNX has Resize, less area over an axis of unknown length.
    """

    size: SizeField | None = SIZE
    scale_factor: ScaleField | None = SCALE_FACTOR
    mode: Mode = MODE
    align_corners: bool | None = ALIGN_CORNERS
    recompute_scale_factor: bool | None = RECOMPUTE
    antialias: bool = Field(
        default=False, description="look at all that an element of a smaller output covers: bilinear and bicubic"
    )

    examples = {
        "n 3 4 5 -> n 3 8 10": dict(scale_factor=2),
        "n 2 h w -> n 2 7 9": dict(size=[7, 9], mode="bilinear"),
        "n 2 9 8 -> n 2 4 5": dict(size=[4, 5], mode="bilinear", antialias=True),
        "n 2 5 7 -> n 2 8 4": dict(size=[8, 4], mode="bicubic", align_corners=True),
        "n 2 t -> n 2 9": dict(size=9, mode="nearest-exact"),
        "n 2 7 -> n 2 18": dict(scale_factor=2.7, mode="linear"),
        "n 1 3 4 5 -> n 1 4 5 3": dict(size=[4, 5, 3], mode="trilinear"),
        "n 2 7 6 -> n 2 3 4": dict(size=[3, 4], mode="area"),
    }


class Upsample(_Resize):
    """The axes after the channels made larger, or smaller.

    (n, c, *sizes) -> (n, c, *size), or each size times scale_factor, rounded down

    One to three axes. ONNX has Resize, less area over an axis of unknown length.
    """

    size: SizeField | None = SIZE
    scale_factor: ScaleField | None = SCALE_FACTOR
    mode: Mode = MODE
    align_corners: bool | None = ALIGN_CORNERS
    recompute_scale_factor: bool | None = RECOMPUTE

    examples = {
        "n 3 4 5 -> n 3 8 10": dict(scale_factor=2),
        "n 2 t -> n 2 t": dict(scale_factor=1.0, mode="linear"),
        "n 2 4 6 -> n 2 6 9": dict(scale_factor=1.5, mode="bilinear", align_corners=False),
        "n 2 14 9 -> n 2 4 5": dict(size=[4, 5]),
    }


class UpsamplingNearest2d(_Resize):
    """An image made larger by repeating its elements.

    (n, c, h, w) -> (n, c, *size), or each size times scale_factor, rounded down

    Element i of k is element floor(i * h / k) of h.
    """

    size: PositiveInt | Listed2 | None = SIZE
    scale_factor: PositiveFloat | Annotated[tuple[PositiveFloat, PositiveFloat], Listed] | None = SCALE_FACTOR

    fixed = {"mode": "nearest"}
    examples = {"n 3 4 5 -> n 3 8 10": dict(scale_factor=2), "n 1 h 4 -> n 1 6 8": dict(size=[6, 8])}


class UpsamplingBilinear2d(_Resize):
    """An image made larger with straight lines between its elements, its corners staying where they are.

    (n, c, h, w) -> (n, c, *size), or each size times scale_factor, rounded down

    Element i of k lies at i * (h - 1) / (k - 1).
    """

    size: PositiveInt | Listed2 | None = SIZE
    scale_factor: PositiveFloat | Annotated[tuple[PositiveFloat, PositiveFloat], Listed] | None = SCALE_FACTOR

    fixed = {"mode": "bilinear", "align_corners": True}
    examples = {"n 3 4 5 -> n 3 8 10": dict(scale_factor=2), "n 1 h w -> n 1 6 8": dict(size=[6, 8])}
