"""Axes reordered, cut and taken apart: PyTorch's own shapes and values, or a refusal in words."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from refusing import refusal

from nnspec.codegen.load import evaluate, outputs_of
from nnspec.layers import find
from nnspec.pycode import name
from nnspec.shapes import BATCH, ShapeError, Tensor, symbol

EXAMPLES = settings(max_examples=300, deadline=None)
shapes = st.lists(st.integers(1, 6), min_size=1, max_size=3)
places = st.integers(-4, 4)


@st.composite
def axes(draw):
    """A shape without the batch, one of its axes from either end, and the place of a length that may be a symbol."""
    shape = draw(shapes)
    dim = draw(st.integers(1, len(shape)))
    return shape, draw(st.sampled_from([dim, dim - len(shape) - 1])), draw(st.integers(0, len(shape) - 1))


def inferred(kind: str, arguments: dict[str, Any], shape: list[int]) -> tuple[Any, list[list[int]]]:
    """The layer and the shapes that it gives, for a batch of two; nothing where it refuses."""
    layer = find(kind)(**arguments)
    try:
        gives = layer.infer(Tensor((BATCH, *shape)))
    except ShapeError:
        return layer, []
    outputs = gives if isinstance(gives, tuple) else (gives,)
    return layer, [[int(size) for size in output.bind({"batch": 2}).shape] for output in outputs]


def agrees(kind: str, arguments: dict[str, Any], shape: list[int], length: int | None = None) -> None:
    """The layer's own text, run by torch, gives the shapes that were inferred; also where a length is a symbol."""
    layer, wanted = inferred(kind, arguments, shape)
    if not wanted:
        return
    takes = Tensor((BATCH, *(symbol("T") if place == length else size for place, size in enumerate(shape))))
    if length is not None:
        try:
            gives = layer.infer(takes)
        except ShapeError:
            return
        outputs = gives if isinstance(gives, tuple) else (gives,)
        assert [list(x.bind({"batch": 2, "T": shape[length]}).shape) for x in outputs] == wanted
    value = evaluate(layer.code([takes], name("x")), {"x": torch.zeros(2, *shape)})
    assert [list(output.shape) for output in outputs_of(layer, value, len(wanted))] == wanted


@EXAMPLES
@given(axes(), places, places | st.none(), st.integers(1, 3))
def test_a_slice_is_pythons(axes, start, end, step):
    shape, dim, length = axes
    agrees("Slice", dict(dim=dim, start=start, end=end, step=step), shape, length)


@EXAMPLES
@given(axes(), st.integers(1, 7))
def test_chunks_are_torchs(axes, chunks):
    shape, dim, length = axes
    agrees("Chunk", dict(chunks=chunks, dim=dim), shape, length)
    if not inferred("Chunk", dict(chunks=chunks, dim=dim), shape)[1]:
        assert len(torch.zeros(2, *shape).chunk(chunks, dim)) < chunks


@EXAMPLES
@given(axes(), st.integers(1, 7) | st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_a_split_is_torchs_or_both_refuse(axes, split_size):
    shape, dim, length = axes
    arguments = dict(split_size=split_size, dim=dim)
    agrees("Split", arguments, shape, length)
    if not inferred("Split", arguments, shape)[1]:
        with pytest.raises(RuntimeError):
            torch.zeros(2, *shape).split(split_size, dim)


@EXAMPLES
@given(shapes, st.lists(st.integers(-1, 6).filter(bool), min_size=1, max_size=3), st.integers(0, 2))
def test_a_reshape_is_torchs_or_both_refuse(shape, wanted, length):
    agrees("Reshape", dict(shape=wanted), shape, length % len(shape))
    if not inferred("Reshape", dict(shape=wanted), shape)[1]:
        with pytest.raises(RuntimeError):
            torch.zeros(1, *shape).reshape(1, *wanted)


@EXAMPLES
@given(axes(), st.integers(0, 2))
def test_a_transposition_and_a_permutation_are_torchs(axes, other):
    shape, dim0, length = axes
    dim1 = other % len(shape) + 1
    order = list(range(len(shape) + 1))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    agrees("Transpose", dict(dim0=dim0, dim1=dim1), shape, length)
    agrees("Permute", dict(dims=order), shape, length)


def test_the_batch_stays_where_it_is():
    assert refusal("Last", dict(dim=0), "n 4 3") == (
        "dim",
        "dim 0 is the batch axis",
        "examples must stay apart: choose 1 to 2, or -1 to -2 from the end",
    )
    assert refusal("Permute", dict(dims=[1, 0, 2]), "n 4 3") == (
        "dims",
        "dims [1, 0, 2] does not name each axis of its input once, the batch first",
        "a list that begins with 0, then 1, 2 in any order",
    )
    assert refusal("Permute", dict(dims=[0, 1, 1]), "n 4 3")[1] == (
        "dims [0, 1, 1] does not name each axis of its input once, the batch first"
    )


def test_what_lies_outside_an_axis_is_refused():
    assert refusal("Select", dict(dim=1, index=4), "n 4 3") == (
        "index",
        "index 4 is outside axis 1, which has the size 4",
        "0 to 3, or -1 to -4 from the end",
    )
    assert refusal("Slice", dict(dim=1, start=5), "n 4 3") == (
        "start",
        "start 5 is outside its axis, which has the size 4",
        "-4 to 4",
    )
    assert refusal("Slice", dict(dim=1, start=2, end=2), "n 4 3") == (
        "end",
        "takes nothing: from 2 to 2 of axis 1, which has the size 4",
        "",
    )


def test_what_a_length_may_not_hold_is_refused():
    assert refusal("Slice", dict(dim=1, end=5), "n t 3") == (
        "end",
        "end 5 may lie beyond its axis, whose size t is known only when the model runs",
        "count from the end, as in `end: -1`",
    )
    assert refusal("Slice", dict(dim=1, start=-5), "n t 3") == (
        "start",
        "start -5 may lie before its axis, whose size t is known only when the model runs",
        "count from the beginning",
    )
    assert refusal("Chunk", dict(chunks=2), "n t 3") == (
        "chunks",
        "axis 1 has the size t, which 2 may not divide",
        "",
    )
    assert refusal("Split", dict(split_size=2), "n t 3") == (
        "dim",
        "axis 1 has the size t, known only when the model runs: its parts cannot be counted",
        "Chunk makes a number of equal parts",
    )
    assert refusal("Unbind", {}, "n t 3") == (
        "",
        "needs a size of the axis of fixed size, got t: weights cannot depend on a length",
        "",
    )


def test_parts_make_up_their_axis():
    assert refusal("Split", dict(split_size=[2, 3]), "n 4 3") == (
        "split_size",
        "the parts are 5 in all, and axis 1 has the size 4",
        "",
    )
    assert refusal("Chunk", dict(chunks=3), "n 4 3") == (
        "chunks",
        "3 parts of an axis of size 4 are 2 of 2 at most",
        "choose a number of parts that divides it",
    )


def test_an_index_has_the_sizes_of_what_it_chooses_from():
    assert refusal("Gather", dict(dim=1), "n 4 3", "int64 n 2 2") == (
        "dim",
        "needs an index of its input's sizes but along axis 1, got int64 (2, 2) for (4, 3)",
        "",
    )
    assert refusal("Gather", dict(dim=1), "n 4", "n 2")[1] == "needs an index of whole numbers (int64), got float32"


def test_a_roll_has_a_shift_for_each_axis():
    assert refusal("Roll", dict(shifts=[1, 2], dims=1), "n 4") == (
        "shifts",
        "shifts has 2 numbers, and dims 1",
        "give one of each for an axis",
    )
