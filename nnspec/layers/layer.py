"""The contract of a layer type: everything about it stands in one class.

A layer *describes*: its module as text, its ONNX nodes through a builder that it is handed. It imports
neither torch nor onnx nor numpy, so reading, checking, drawing and compiling a spec cannot pay for them.
"""

import inspect
import re
from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr

from nnspec.layers.along import Sees
from nnspec.pycode import Code
from nnspec.shapes import Dim, Tensor

Shape = tuple[int, ...]
OPSETS = range(18, 29)  # of ONNX, that a layer may be lowered for
OWN = ""  # the name in the state dict, within the layer, of what is itself a tensor


class Array(Protocol):
    """What lowering does with a weight: the part of `numpy.ndarray` that needs no numpy import."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def T(self) -> "Array": ...  # noqa: N802 (numpy's name)
    def __getitem__(self, index: Any) -> "Array": ...
    def __add__(self, other: Any) -> "Array": ...
    def __mul__(self, other: Any) -> "Array": ...
    def __truediv__(self, other: Any) -> "Array": ...
    def __pow__(self, other: float) -> "Array": ...
    def sum(self, *, axis: tuple[int, ...] | None = None, keepdims: bool = False) -> "Array": ...
    def reshape(self, shape: tuple[int, ...], /) -> "Array": ...


class NotInOnnx(Exception):  # noqa: N818 (says what it means)
    """ONNX, or the opset asked for, cannot express a layer. Position-free: the lowering adds the place."""


class Value(Protocol):
    """A tensor of the ONNX graph. `tensor` is the layer's inferred input; what `op` gives has none to ask for."""

    @property
    def name(self) -> str: ...
    @property
    def tensor(self) -> Tensor: ...


class OnnxBuilder(Protocol):
    """What `to_onnx` writes its nodes with. It owns every name and knows the opset."""

    @property
    def opset(self) -> int: ...

    def op(self, op_type: str, *inputs: Value | None, domain: str = "", **attributes: Any) -> Value:
        """One node with one output. A None input is an optional input left out; a None attribute is not written."""
        ...

    def ops(
        self, op_type: str, *inputs: Value | None, outputs: int, domain: str = "", **attributes: Any
    ) -> tuple[Value, ...]:
        """One node with several outputs."""
        ...

    def weights(self, name: str) -> Array:
        """A parameter or buffer of this layer's module, by its own name (`weight_ih_l0`), to work on."""
        ...

    def parameter(self, name: str) -> Value:
        """A parameter or buffer of this layer's module as it is; stored once however often it is asked for."""
        ...

    def transposed(self, name: str) -> Value:
        """A matrix of this layer's with its axes swapped. What another layer has too is stored as it is."""
        ...

    def constant(self, values: Any, dtype: str = "float32", name: str = "constant") -> Value:
        """A tensor of the file's own: numbers, nested lists or an `Array`."""
        ...

    def typed(self, value: Value, tensor: Tensor) -> Value:
        """The same value, of which the file tells what it holds: onnx asks for it where it goes to `ai.onnx.ml`."""
        ...

    def concat(self, arrays: Sequence[Array], axis: int) -> Array:
        """Weights joined along an axis."""
        ...

    def stack(self, arrays: Sequence[Array]) -> Array:
        """Weights stacked along a new first axis."""
        ...

    def refuse(self, reason: str) -> NotInOnnx:
        """The error to raise where ONNX (or this opset) cannot express the layer."""
        ...


def _no_module(layer: "Layer", *inputs: Tensor) -> None:
    return None


def _no_forward(layer: "Layer", *values: Code) -> Code:
    raise AssertionError(f"{type(layer).__name__} has neither module nor forward")


def _no_parameters(layer: "Layer", *inputs: Tensor) -> dict[str, Shape]:
    return {}


def _not_said(layer: "Layer", *inputs: Tensor) -> Sees | None:
    return None


def _no_sizes(layer: "Layer", *inputs: Tensor) -> list[tuple[str, str]]:
    return []


def _documented(layer: "Layer", *inputs: Tensor) -> str:
    return summary(type(layer))


def summary(described: type) -> str:
    """The first sentence of a class's documentation."""
    first = inspect.cleandoc(described.__doc__ or "").split("\n\n")[0]
    return re.split(r"(?<=\.)\s", " ".join(first.split()))[0]


def _no_macs(layer: "Layer", *inputs: Tensor) -> Dim:
    return 0


class Layer(BaseModel, ABC):
    """A layer type. Subclasses are final: fields first, then `infer`, `module` or `forward`, `to_onnx`.

    The names of `infer`'s parameters are the names of the layer's inputs; one with a default may be left out,
    `*inputs` takes any number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    # Arguments that source writes out though they have their defaults.
    _written: frozenset[str] = PrivateAttr(frozenset())

    # Shapes in and out (`n 3 h w -> n 64`) and the arguments that give them: documentation, shape test, parity test.
    examples: ClassVar[Mapping[str, dict[str, Any]]] = {}
    # Source of the classes that its module's text needs and torch lacks: written once, above the network's own.
    definition: ClassVar[str] = ""
    # The target that torch's value is assigned to; the names in it are the layer's outputs, in order, `_` being none.
    # Empty: there are as many as the arguments say, and numbers are their names.
    returns: ClassVar[str] = "output"

    # Whether its module's text makes a tensor of the network's own (`nn.Parameter`) and no module.
    is_tensor: ClassVar[bool] = False

    # Output tensors from input tensors, or ShapeError. One Tensor, or a tuple where there are several outputs.
    infer: ClassVar[Callable[..., Tensor | tuple[Tensor, ...]]]
    # The ONNX nodes of the layer in evaluation: (builder, *values) -> value, or a tuple of values.
    to_onnx: ClassVar[Callable[..., Value | tuple[Value, ...]]]

    # The `nn.Module` that holds its weights or its behaviour in training; None for a plain function.
    module: ClassVar[Callable[..., Code | None]] = _no_module
    # The call of a layer without a module, on the code of its inputs: None where one is left out.
    forward: ClassVar[Callable[..., Code]] = _no_forward
    # Names and shapes of the learnt tensors, as in the module's state dict.
    parameters: ClassVar[Callable[..., dict[str, Shape]]] = _no_parameters
    # The same of what it keeps without learning it: running statistics.
    buffers: ClassVar[Callable[..., dict[str, Shape]]] = _no_parameters
    # Multiply-accumulates of matrix products and convolutions for one example; elementwise work counts none.
    macs: ClassVar[Callable[..., Dim]] = _no_macs

    # For those who learn. What each position of the output sees of the first input; None where nothing is said.
    sees: ClassVar[Callable[..., Sees | None]] = _not_said
    # How its sizes come about: what is computed (`height`), and the arithmetic with the numbers filled in.
    size_lines: ClassVar[Callable[..., list[tuple[str, str]]]] = _no_sizes
    # What it does to these inputs, in a sentence or two.
    in_words: ClassVar[Callable[..., str]] = _documented

    def input_count(self) -> tuple[int, int | None]:
        """How many inputs it takes with these arguments: at least, and at most (None: any number)."""
        return arity(type(self))

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        """The call of its module on inputs of these shapes; None is an input left out before one that is given."""
        return module(*values)

    def code(self, takes: Sequence[Tensor | None], *values: Code | None) -> Code:
        """The call of a layer without a module, for one whose text depends on the shapes of its inputs."""
        return self.forward(*values)

    def adapt(self, output: str, value: Code) -> Code:
        """torch's value of one output as ours, where they differ (`h_n` batch first)."""
        return value

    def target(self, outputs: int) -> str:
        """What torch's value is assigned to, where there are so many outputs."""
        return self.returns or ", ".join(map(str, range(outputs))) + "," * (outputs == 1)

    def changed(self, *given: str) -> dict[str, Any]:
        """The fields that differ from their defaults, less those already given: what generated source writes.

        A pattern's sizes, which are fields of the user's naming, come last.
        """
        fields = type(self).model_fields
        declared = {
            name: value
            for name, value in ((name, getattr(self, name)) for name in fields)
            if name not in given and (name in self._written or value != fields[name].get_default())
        }
        return {**declared, **(self.__pydantic_extra__ or {})}

    def writing(self, arguments: frozenset[str]) -> Self:
        """The same layer, whose source writes these arguments out though they have their defaults."""
        layer = self.model_copy()
        layer._written = arguments
        return layer


@cache
def arity(layer: type[Layer]) -> tuple[int, int | None]:
    """How many inputs a layer type takes: at least, and at most (None: any number)."""
    parameters = list(inspect.signature(layer.infer).parameters.values())[1:]
    required = sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in parameters)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return max(required, 1), None
    return required, len(parameters)


@cache
def input_names(layer: type[Layer]) -> tuple[str, ...]:
    """The names of a layer type's inputs, in order; none where it takes any number."""
    parameters = list(inspect.signature(layer.infer).parameters.values())[1:]
    return () if any(p.kind is p.VAR_POSITIONAL for p in parameters) else tuple(p.name for p in parameters)


@cache
def names_in(target: str) -> tuple[str, ...]:
    """The names of the outputs in a target, the first being what a successor gets."""
    return tuple(name for name in re.findall(r"\w+", target) if name != "_")
