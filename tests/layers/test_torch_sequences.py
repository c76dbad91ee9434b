"""Calls of PyTorch's recurrent nets, cells, attention and transformers with PyTorch's own answers.

A line of `sequence_calls.jsonl` is a module, its arguments, its inputs' shapes (two in a list are one argument),
whether it trains, and either the outputs' shapes with the number of parameters, or what PyTorch said when it refused.
Inputs without a batch get one, and where time or layers stand before it they are turned: that is the same call.
"""

import json
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from agreement import table
from pydantic import ValidationError

from nnspec.layers import find
from nnspec.shapes import BATCH, ShapeError, Tensor

CASES = Path(__file__).parent / "cases" / "sequence_calls.jsonl"
RECURRENT = ("RNN", "LSTM", "GRU")
CELLS = ("RNNCell", "LSTMCell", "GRUCell")
# The last axes that arguments of PyTorch's repeat: of which input.
INFERRED = {"input_size": 0, "d_model": 0, "embed_dim": 0, "kdim": 1, "vdim": 2}
Shape = list[int]


class Call(NamedTuple):
    module: str
    arguments: dict[str, Any]
    inputs: list[Any]
    training: bool
    answer: Any  # [output shapes, number of parameters], or the refusal

    @property
    def shapes(self) -> list[Shape]:
        """The inputs' shapes as ours, batch first."""
        return [self._batch_first(shape, self._is_state(place)) for place, shape in enumerate(_flat(self.inputs))]

    @property
    def torchs_answer(self) -> list[Any] | None:
        """The outputs' shapes as ours, batch first, and the number of parameters; None where PyTorch refuses."""
        if isinstance(self.answer, str):
            return None
        outputs, parameters = self.answer
        turned = [self._batch_first(shape, self._is_state(place)) for place, shape in enumerate(_flat(outputs))]
        if self.module == "MultiheadAttention":  # its weights stand batch first, whatever else does
            *_, weights = _flat(outputs)
            turned[1] = [1, *weights] if len(weights) == 2 else weights
        return [turned, parameters]

    def _is_state(self, place: int) -> bool:
        return self.module in RECURRENT and place > 0

    def _batch_first(self, shape: Shape, is_state: bool) -> Shape:
        if len(shape) == (1 if self.module in CELLS else 2):
            return [1, *shape]
        time_first = self.module not in CELLS and not self.arguments.get("batch_first")
        return [shape[1], shape[0], *shape[2:]] if is_state or time_first else shape

    def mismatches_an_inferred_size(self) -> bool:
        whole = self.arguments.get("embed_dim")
        given = {"kdim": whole, "vdim": whole, **self.arguments} if whole else self.arguments
        shapes = self.shapes
        return any(
            given.get(name) is not None and shapes[place][-1] != given[name]
            for name, place in INFERRED.items()
            if place < len(shapes)
        )


# What the language leaves out, and how many calls are about it.
LEFT_OUT = {"a size that is inferred from the input": Call.mismatches_an_inferred_size}
COUNTS = {"compared": 348, "refused": 50, "a size that is inferred from the input": 34}


def left_out(call: Call) -> str:
    return next((reason for reason, applies in LEFT_OUT.items() if applies(call)), "")


def answer(call: Call) -> list[Any] | None:
    """Output shapes and number of parameters by our own rules; None where we refuse."""
    arguments = {name: value for name, value in call.arguments.items() if name not in {*INFERRED, "batch_first"}}
    if call.module == "MultiheadAttention":
        arguments["need_weights"] = True
    shapes = call.shapes
    inputs = [Tensor((BATCH, *sizes[1:])) for sizes in shapes]
    try:
        layer = find(call.module)(**arguments)
        outputs = layer.infer(*inputs)
    except (ValidationError, ShapeError):
        return None
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found = [list(output.bind({"batch": shapes[0][0]}).shape) for output in outputs]
    return [found, sum(prod(shape) for shape in layer.parameters(*inputs).values())]


def test_shapes_parameters_and_refusals_are_pytorchs():
    calls = [Call(*json.loads(line)) for line in CASES.read_text().splitlines()]
    reasons = Counter(reason for call in calls if (reason := left_out(call)))
    print(table(calls, left_out, lambda call: call.torchs_answer is None))
    compared = [call for call in calls if not left_out(call)]
    wrong = [(call, answer(call)) for call in compared if answer(call) != call.torchs_answer]
    assert wrong == []
    refused = sum(call.torchs_answer is None for call in compared)
    assert {"compared": len(compared), "refused": refused} | reasons == COUNTS


def _flat(shapes: Any) -> Iterator[Shape]:
    """Every shape in lists within one another."""
    if all(isinstance(size, int) for size in shapes):
        yield shapes
        return
    for part in shapes:
        yield from _flat(part)
