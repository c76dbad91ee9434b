"""Plain functions of each element."""

from typing import Literal

from pydantic import Field

from nnspec.layers.alike import Number, needs_fitting_number, needs_signed
from nnspec.layers.elementwise import Elementwise, OneNode
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, torch
from nnspec.shapes import ShapeError, Tensor


class _Signed(OneNode):
    """A function of integers too."""

    def infer(self, x: Tensor) -> Tensor:
        needs_signed(x)
        return x


class Abs(_Signed):
    """Each element without its sign.

    (...) -> (...)

    |x|
    """

    examples = {"n 3 -> n 3": {}, "int64 n t -> int64 n t": {}}
    function = torch.abs
    operator = "Abs"


class Neg(_Signed):
    """Each element with the other sign.

    (...) -> (...)

    -x
    """

    examples = {"n 3 -> n 3": {}, "int64 n t -> int64 n t": {}}
    operator = "Neg"

    def forward(self, x: Code) -> Code:
        return -x


class Sign(_Signed):
    """-1, 0 or 1.

    (...) -> (...)

    x / |x|, and 0 at 0; its gradient is 0
    """

    examples = {"n 3 -> n 3": {}, "int64 n t -> int64 n t": {}}
    function = torch.sign
    operator = "Sign"


class Exp(OneNode):
    """The exponential of each element.

    (...) -> (...)

    e^x
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.exp
    operator = "Exp"


class Log(OneNode):
    """The natural logarithm of each element; NaN below 0.

    (...) -> (...)

    log(x)
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.log
    operator = "Log"


class Sqrt(OneNode):
    """The square root of each element; NaN below 0.

    (...) -> (...)

    x^(1/2)
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.sqrt
    operator = "Sqrt"


class Rsqrt(Elementwise):
    """One over the square root of each element; NaN below 0.

    (...) -> (...)

    x^(-1/2)
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}

    def forward(self, x: Code) -> Code:
        return torch.rsqrt(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Reciprocal", g.op("Sqrt", x))


class Reciprocal(OneNode):
    """One over each element.

    (...) -> (...)

    1 / x
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.reciprocal
    operator = "Reciprocal"


class Sin(OneNode):
    """The sine of each element, in radians.

    (...) -> (...)

    sin(x)
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.sin
    operator = "Sin"


class Cos(OneNode):
    """The cosine of each element, in radians.

    (...) -> (...)

    cos(x)
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.cos
    operator = "Cos"


class Floor(OneNode):
    """The whole number below each element.

    (...) -> (...)

    the largest whole number that is not above x; its gradient is 0
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.floor
    operator = "Floor"


class Ceil(OneNode):
    """The whole number above each element.

    (...) -> (...)

    the smallest whole number that is not below x; its gradient is 0
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.ceil
    operator = "Ceil"


class Round(OneNode):
    """The whole number closest to each element; from halfway, the even one.

    (...) -> (...)

    its gradient is 0
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.round
    operator = "Round"


class Clamp(Elementwise):
    """Elements clipped to a range that may be open at one end.

    (...) -> (...)

    min(max(x, min), max)
    """

    min: Number | None = Field(default=None, description="smallest value; null for none")
    max: Number | None = Field(default=None, description="largest value; null for none")

    examples = {
        "n 3 -> n 3": dict(min=0.0),
        "n t 4 -> n t 4": dict(min=-0.5, max=0.5),
        "int64 n t -> int64 n t": dict(max=2),
    }

    def infer(self, x: Tensor) -> Tensor:
        needs_signed(x)
        if self.min is None and self.max is None:
            raise ShapeError("needs min or max, or both", help="as in `Clamp: {min: 0}`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ShapeError(f"min {self.min:g} is above max {self.max:g}", field="min")
        for field in ("min", "max"):
            needs_fitting_number(x, getattr(self, field), field)
        return x

    def forward(self, x: Code) -> Code:
        return torch.clamp(x, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        dtype = x.tensor.dtype
        low, high = (
            None if end is None else g.constant(end, dtype, name=name)
            for name, end in (("min", self.min), ("max", self.max))
        )
        return g.op("Clip", x, low, high)


class Cast(Layer):
    """The same numbers as another element type.

    (...) -> (...)

    Real numbers lose what follows the point; a truth value is 1 or 0, and every number but 0 is true.
    """

    dtype: Literal["float32", "float64", "int64", "int32", "uint8", "bool"] = Field(description="element type to have")

    examples = {
        "int64 n 3 -> n 3": dict(dtype="float32"),
        "n t -> int64 n t": dict(dtype="int64"),
        "n t -> bool n t": dict(dtype="bool"),
        "bool n 3 -> int32 n 3": dict(dtype="int32"),
    }

    def infer(self, x: Tensor) -> Tensor:
        return Tensor(x.shape, self.dtype)

    def forward(self, x: Code) -> Code:
        return x.to(getattr(torch, self.dtype))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("CastLike", x, g.constant(0, self.dtype, name=self.dtype))
