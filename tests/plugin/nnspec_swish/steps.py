"""A preparation step of this package."""

from pydantic import Field

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.step import Rows, Single, State, Step


class Fahrenheit(Step):
    """Degrees Celsius in Fahrenheit, or from another zero.

    (...) -> (...)
    """

    zero: Single = Field(default=32.0, description="what 0 degrees become")

    examples = {"n 2 -> n 2": dict(), "n t -> n t": dict(zero=0.5)}
    missing = "passes"
    invertible = True

    def apply(self, rows: Rows, state: State) -> Rows:
        single = rows.astype("float32").dtype.type
        return rows.astype("float32") * single(1.8) + single(self.zero)

    def invert(self, rows: Rows, state: State) -> Rows:
        single = rows.astype("float32").dtype.type
        return (rows.astype("float32") - single(self.zero)) / single(1.8)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Add", g.op("Mul", x, g.constant(1.8, name="degree")), g.constant(self.zero, name="zero"))

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Div", g.op("Sub", x, g.constant(self.zero, name="zero")), g.constant(1.8, name="degree"))
