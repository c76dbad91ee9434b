"""Random arguments and shapes: the rule of a layer that looks through windows, pads or resizes is PyTorch's.

A size that is known only when the model runs is inferred as a symbol, and bound to two lengths.
"""

from typing import Any

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnspec.codegen.load import evaluate
from nnspec.layers import find
from nnspec.pycode import name
from nnspec.shapes import BATCH, ShapeError, Tensor, symbol

UNHURRIED = settings(deadline=None, max_examples=150)


def agrees_with_torch(kind: str, arguments: dict[str, Any], sizes: list[int], symbolic: list[bool]) -> None:
    """The inferred shape is PyTorch's on the meta device, for the sizes and for those one longer."""
    layer = find(kind)(**arguments)
    axes = [
        symbol(f"s{place}") if free else size for place, (size, free) in enumerate(zip(sizes, symbolic, strict=True))
    ]
    x = Tensor((BATCH, 4, *axes))
    try:
        rule = layer.infer(x)
    except ShapeError:
        assume(False)
    for longer in (0, 1):
        bound = {f"s{place}": size + longer for place, size in enumerate(sizes)} | {"batch": 2}
        given_shape = x.bind(bound).shape
        try:
            layer.infer(Tensor((BATCH, *given_shape[1:])))
        except ShapeError:
            continue  # too short for the window, which a symbol does not tell
        with torch.device("meta"):
            values = {"x": torch.empty(given_shape)}
            module = layer.module(x)
            code = name("module")(name("x")) if module else layer.forward(name("x"))
            answer = evaluate(code, {**values, **({"module": evaluate(module, {})} if module else {})})
        assert tuple(answer.shape) == rule.bind(bound).shape


axes = st.integers(1, 3)


def per_axis(draw: Any, count: int, least: int, most: int) -> Any:
    """One number, or a list of one for each axis."""
    numbers = st.integers(least, most)
    return draw(numbers | st.lists(numbers, min_size=count, max_size=count))


@st.composite
def call(draw: Any, longest: int = 16) -> tuple[int, list[int], list[bool]]:
    """How many axes, their sizes, and which of them are symbols."""
    count = draw(axes)
    sizes = draw(st.lists(st.integers(1, longest), min_size=count, max_size=count))
    return count, sizes, draw(st.lists(st.booleans(), min_size=count, max_size=count))


@UNHURRIED
@given(st.data(), call())
def test_convolutions(data, case):
    count, sizes, symbolic = case
    arguments = dict(
        out_channels=4,
        groups=data.draw(st.sampled_from([1, 2, 4])),
        kernel_size=per_axis(data.draw, count, 1, 5),
        stride=per_axis(data.draw, count, 1, 3),
        dilation=per_axis(data.draw, count, 1, 3),
        padding=per_axis(data.draw, count, 0, 3),
        padding_mode=data.draw(st.sampled_from(["zeros", "replicate"])),
    )
    agrees_with_torch(f"Conv{count}d", arguments, sizes, symbolic)


@UNHURRIED
@given(st.data(), call())
def test_transposed_convolutions(data, case):
    count, sizes, symbolic = case
    arguments = dict(
        out_channels=4,
        kernel_size=per_axis(data.draw, count, 1, 5),
        stride=per_axis(data.draw, count, 1, 3),
        dilation=per_axis(data.draw, count, 1, 3),
        padding=per_axis(data.draw, count, 0, 2),
        output_padding=per_axis(data.draw, count, 0, 2),
    )
    agrees_with_torch(f"ConvTranspose{count}d", arguments, sizes, symbolic)


@UNHURRIED
@given(st.data(), call(), st.sampled_from(["MaxPool", "AvgPool", "LPPool"]), st.booleans())
def test_pools(data, case, kind, ceil_mode):
    count, sizes, symbolic = case
    arguments: dict[str, Any] = dict(kernel_size=per_axis(data.draw, count, 1, 4), ceil_mode=ceil_mode)
    if data.draw(st.booleans()):
        arguments["stride"] = per_axis(data.draw, count, 1, 4)
    if kind == "LPPool":
        arguments["norm_type"] = 2
        arguments["kernel_size"] = data.draw(st.integers(1, 4))
    else:
        arguments["padding"] = per_axis(data.draw, count, 0, 2)
    if kind == "MaxPool":
        arguments["dilation"] = per_axis(data.draw, count, 1, 2)
    agrees_with_torch(f"{kind}{count}d", arguments, sizes, symbolic)


@UNHURRIED
@given(st.data(), call(), st.sampled_from(["Avg", "Max"]))
def test_adaptive_pools(data, case, kind):
    count, sizes, symbolic = case
    arguments = dict(output_size=per_axis(data.draw, count, 1, 5))
    agrees_with_torch(f"Adaptive{kind}Pool{count}d", arguments, sizes, symbolic)


@UNHURRIED
@given(st.data(), call(), st.sampled_from(["constant", "reflect", "replicate", "circular"]))
def test_paddings(data, case, mode):
    count, sizes, symbolic = case
    ends = data.draw(st.lists(st.integers(-1, 4), min_size=2 * count, max_size=2 * count))
    agrees_with_torch("Pad", dict(pad=ends, mode=mode), sizes, symbolic)


@UNHURRIED
@given(st.data(), call())
def test_resizing(data, case):
    count, sizes, symbolic = case
    smooth = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[count]
    arguments: dict[str, Any] = dict(mode=data.draw(st.sampled_from(["nearest", "nearest-exact", "area", *smooth])))
    if data.draw(st.booleans()):
        arguments["size"] = per_axis(data.draw, count, 1, 20)
    else:
        scale = st.sampled_from([0.25, 0.5, 0.7, 1.0, 1.5, 2.0, 7 / 3, 3.0])
        arguments["scale_factor"] = data.draw(scale | st.lists(scale, min_size=count, max_size=count))
    if arguments["mode"] in smooth:
        arguments["align_corners"] = data.draw(st.booleans())
    agrees_with_torch("Interpolate", arguments, sizes, symbolic)
