"""What a layer type is held to: `check_layer(MyLayer)`."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nnspec.codegen.load import defined, evaluate, outputs_of
from nnspec.exporting.builder import GraphBuilder, check_model, to_bytes
from nnspec.layers import Layer, names_in
from nnspec.layers.layer import NotInOnnx
from nnspec.pycode import name
from nnspec.runtime import open_session
from nnspec.shapes import Tensor, parse_example

OPSETS = (18, 20, 23, 28)  # the oldest, the usual one, the first with Attention and RMSNormalization, the newest
BATCHES = (1, 2, 3)
TOLERANCE = 1e-5
WHOLE_NUMBERS_BELOW = 5  # inputs of whole numbers are indices: tables of examples have at least so many rows


def check_call(layer: Layer, inputs: Sequence[Tensor | None], opsets: Sequence[int] = OPSETS) -> None:
    """Hold one layer, given inputs of these shapes, to the same contract. None is an input that is left out."""
    inferred = layer.infer(*inputs)
    outputs = inferred if isinstance(inferred, tuple) else (inferred,)
    with _one_thread():
        _check_example(_Example(layer, tuple(inputs), outputs), opsets)


def check_layer(layer_type: type[Layer], opsets: Sequence[int] = OPSETS) -> None:
    """Hold a layer type to its contract. What breaks it is raised, with the example as a note."""
    _check_documented(layer_type)
    for text, arguments in layer_type.examples.items():
        try:
            with _one_thread():
                _check_example(_Example(layer_type(**arguments), *parse_example(text)), opsets)
        except Exception as error:
            error.add_note(f"{layer_type.__name__}, example {text!r}: {arguments}")
            raise


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch in one thread: where two elements are put in one place, the last one stays."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class _Example:
    """A layer, what it is given, and what it says it gives."""

    layer: Layer
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]

    def sizes(self) -> Iterator[dict[str, int]]:
        """Lengths for the batch and for every symbol: two of each."""
        symbols = sorted(frozenset[str]().union(*(x.symbols for x in self.inputs if x)))
        for first, step in ((5, 1), (8, 2)) if symbols else ((0, 0),):
            lengths = {symbol: first + step * place for place, symbol in enumerate(symbols)}
            yield from ({"batch": batch, **lengths} for batch in BATCHES)

    def module(self) -> nn.Module | None:
        """A new module in evaluation that holds the layer's own as `layer`, or None for a function."""
        code = self.layer.module(*self.inputs)
        if code is None:
            return None
        holder = nn.Module()
        holder.layer = evaluate(code, defined(type(self.layer)))
        assert isinstance(holder.layer, torch.Tensor if self.layer.is_tensor else nn.Module)
        return holder.eval()


@dataclass(frozen=True)
class _Case:
    """Inputs of certain sizes, and torch's answers."""

    sizes: dict[str, int]
    values: list[torch.Tensor | None]
    answers: list[torch.Tensor]

    @classmethod
    def of(cls, example: _Example, module: nn.Module | None, sizes: dict[str, int]) -> "_Case":
        values = _values(example, sizes)
        return cls(sizes, values, _answers(example, module, values))


def _check_documented(layer_type: type[Layer]) -> None:
    sentence, _, rest = (layer_type.__doc__ or "").partition("\n\n")
    assert sentence.strip().endswith("."), f"{layer_type.__name__}: its docstring begins with no sentence"
    assert "->" in rest.strip().split("\n")[0], f"{layer_type.__name__}: its docstring has no line of shapes"
    if layer_type.definition:
        written = [node for node in ast.parse(layer_type.definition).body if not isinstance(node, ast.ClassDef)]
        assert not written, f"{layer_type.__name__}: its definition holds more than classes"
    for field, info in layer_type.model_fields.items():
        assert info.description, f"{layer_type.__name__}.{field} has no description"
    assert len(layer_type.examples) >= 2, f"{layer_type.__name__} has fewer than two examples"


def _check_example(example: _Example, opsets: Sequence[int]) -> None:
    inferred = example.layer.infer(*example.inputs)
    inferred = inferred if isinstance(inferred, tuple) else (inferred,)
    _equal("infer", [str(x) for x in inferred], [str(x) for x in example.outputs])
    assert inferred == example.outputs
    module = example.module()
    _check_parameters(example, module)
    _scramble(module)
    cases = [_Case.of(example, module, sizes) for sizes in example.sizes()]
    _check_shapes(example, cases)
    if hasattr(type(example.layer), "to_onnx"):
        for opset in opsets:
            _check_onnx(example, module, cases, opset)


def _check_parameters(example: _Example, module: nn.Module | None) -> None:
    state = module.state_dict() if module else {}
    kept = {key.removeprefix("layer").removeprefix("."): tuple(value.shape) for key, value in state.items()}
    learnt = {key.removeprefix("layer").removeprefix(".") for key, _ in module.named_parameters()} if module else set()
    wanted = {key: shape for key, shape in kept.items() if key in learnt}
    _equal("parameters", example.layer.parameters(*example.inputs), wanted)
    buffers = {key: shape for key, shape in kept.items() if key not in learnt}
    _equal("buffers", example.layer.buffers(*example.inputs), buffers)


def _check_shapes(example: _Example, cases: Sequence[_Case]) -> None:
    """The module's outputs have the shapes that were inferred, on the processor and on the meta device."""
    with torch.device("meta"):
        shadow = example.module()
    for case in cases:
        wanted = [_described(x.bind(case.sizes)) for x in example.outputs]
        _equal(f"torch, {case.sizes}", [_described(y) for y in case.answers], wanted)
        given = [value if value is None else value.to("meta") for value in case.values]
        try:
            shadows = _answers(example, shadow, given)
        except NotImplementedError:
            continue  # an operator that torch has for numbers alone
        _equal(f"torch's meta device, {case.sizes}", [_described(y) for y in shadows], wanted)


def _check_onnx(example: _Example, module: nn.Module | None, cases: Sequence[_Case], opset: int) -> None:
    """onnxruntime gives what the module gives, for every batch and length, from one file.

    A layer that refuses its own example says so in its documentation.
    """
    try:
        run = _lowered(example, module, opset)
    except NotInOnnx:
        if "ONNX" in (type(example.layer).__doc__ or ""):
            return
        raise
    names = names_in(example.layer.target(len(example.outputs)))
    for case in cases:
        for output, given, wanted in zip(names, run(case.values), case.answers, strict=True):
            _close(f"onnxruntime, opset {opset}, {case.sizes}, {output}", given, wanted.detach().numpy())


def _lowered(
    example: _Example, module: nn.Module | None, opset: int
) -> Callable[[Sequence[torch.Tensor | None]], list[np.ndarray[Any, Any]]]:
    """The layer as a file of its own, checked by onnx and opened."""
    state: Mapping[str, torch.Tensor] = module.state_dict() if module else {}
    builder = GraphBuilder({key: value.detach().numpy() for key, value in state.items()}, opset)
    inputs = [x and builder.input(f"x{place}", x) for place, x in enumerate(example.inputs)]
    scope = builder.scope("layer", "layer")
    names = names_in(example.layer.target(len(example.outputs)))
    results = scope.finish(type(example.layer).to_onnx(example.layer, scope, *inputs), example.outputs, names)
    for place, (result, x) in enumerate(zip(results, example.outputs, strict=True)):
        builder.output(result, f"y{place}", x)
    model = builder.model("layer")
    check_model(model)
    session = open_session(to_bytes(model), threads=1)

    def run(values: Sequence[torch.Tensor | None]) -> list[np.ndarray[Any, Any]]:
        answers = session.run({f"x{place}": value.numpy() for place, value in enumerate(values) if value is not None})
        return [answers[f"y{place}"] for place in range(len(names))]

    return run


def _answers(example: _Example, module: nn.Module | None, values: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
    """The layer's outputs as generated source gets them."""
    layer, given = example.layer, {f"x{place}": value for place, value in enumerate(values)}
    codes = [name(key) if value is not None else None for key, value in given.items()]
    code = layer.call(example.inputs, name("module"), *codes) if module else layer.code(example.inputs, *codes)
    with torch.no_grad():
        return outputs_of(layer, evaluate(code, {"module": module and module.layer, **given}), len(example.outputs))


def _values(example: _Example, sizes: Mapping[str, int]) -> list[torch.Tensor | None]:
    """The same inputs for the same sizes; quarters, so that ties and zeros occur."""
    generator = torch.Generator().manual_seed(0)
    values: list[torch.Tensor | None] = []
    for x in example.inputs:
        if x is None:
            values.append(None)
            continue
        shape = tuple(size for size in x.bind(sizes).shape if isinstance(size, int))
        dtype = getattr(torch, x.dtype)
        if x.is_float:
            values.append((torch.randn(shape, generator=generator) * 4).round().div(4).to(dtype))
        else:
            below = 2 if x.dtype == "bool" else WHOLE_NUMBERS_BELOW
            values.append(torch.randint(below, shape, generator=generator).to(dtype))
    return values


def _scramble(module: nn.Module | None) -> None:
    """Weights and running statistics that are neither 0 nor 1, where much would hide."""
    generator = torch.Generator().manual_seed(1)
    for key, tensor in module.state_dict().items() if module else ():
        if tensor.is_floating_point():
            positive = key.endswith("running_var")
            fresh = torch.rand(tensor.shape, generator=generator)
            tensor.copy_(fresh + 0.5 if positive else fresh - 0.5)


def _described(x: Tensor | torch.Tensor) -> str:
    return f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}"


def _equal(what: str, given: Any, wanted: Any) -> None:
    assert given == wanted, f"{what}: {given}, not {wanted}"


def _close(what: str, given: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> None:
    _equal(what, f"{given.dtype} {given.shape}", f"{wanted.dtype} {wanted.shape}")
    with np.errstate(invalid="ignore"):  # infinities that are equal
        apart = float(np.nan_to_num(np.abs(given.astype(np.float64) - wanted.astype(np.float64))).max(initial=0.0))
    close = np.allclose(given, wanted, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    assert close, f"{what}: {apart:.1e} apart"
