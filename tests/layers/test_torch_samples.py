"""Calls of PyTorch's modules with PyTorch's own answers: the same shape and parameters, or a refusal where it refuses.

`random_calls.jsonl` holds random calls, `torch_samples.jsonl` those that PyTorch tests its modules with. A line is a
module, its arguments where they are not the defaults, its inputs' shapes, whether it trains, and either the outputs'
shapes with the number of parameters, or what PyTorch said when it refused.
"""

import json
from collections import Counter
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from agreement import table
from pydantic import ValidationError

from nnspec.layers import find
from nnspec.shapes import BATCH, ShapeError, Tensor

CASES = Path(__file__).parent / "cases"
# The axes that arguments of PyTorch's repeat: (which input, which axis).
INFERRED = {
    "in_features": (0, -1),
    "in_channels": (0, 1),
    "num_features": (0, 1),
    "num_channels": (0, 1),
    "input_size": (0, -1),
    "in1_features": (0, -1),
    "in2_features": (1, -1),
}
WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "LPPool", "AdaptiveAvgPool", "AdaptiveMaxPool")
UNBATCHED_RANK = {f"{kind}{axes}d": axes + 1 for kind in (*WINDOWS, "FractionalMaxPool") for axes in (1, 2, 3)} | {
    "Linear": 1,
    "Unfold": 3,
    "Fold": 2,
    "Bilinear": 1,
    "Dropout1d": 2,
    "Dropout2d": 3,
    "Dropout3d": 4,
    "InstanceNorm1d": 2,
    "InstanceNorm2d": 3,
    "InstanceNorm3d": 4,
    "Softmax2d": 3,
}
# Where dim stands unless given.
DIM = {"Softmax": -1, "LogSoftmax": -1, "Softmin": -1, "GLU": -1, "CosineSimilarity": 1}
RECURRENT = ("RNN", "LSTM", "GRU")


class Call(NamedTuple):
    module: str
    arguments: dict[str, Any]
    inputs: list[Any]
    training: bool
    answer: Any  # [output shapes, number of parameters], or the refusal

    @property
    def rank(self) -> int:
        return len(self.inputs[0])

    def names_the_batch(self) -> bool:
        if self.module in DIM:
            return self.arguments.get("dim", DIM[self.module]) in (0, -self.rank)
        if self.module == "Flatten":
            return self.arguments.get("start_dim", 1) in (0, -self.rank)
        over_last_axes = self.module in ("LayerNorm", "RMSNorm")
        return over_last_axes and len(_listed(self.arguments["normalized_shape"])) == self.rank

    def mismatches_an_inferred_size(self) -> bool:
        return any(
            name in self.arguments and self._size(*place) != self.arguments[name] for name, place in INFERRED.items()
        )

    def _size(self, which: int, axis: int) -> int | None:
        sizes = self.inputs[which] if which < len(self.inputs) else []
        return sizes[axis] if -len(sizes) <= axis < len(sizes) else None

    def leaves_nothing(self) -> bool:
        """Whether the output has no elements, which the language refuses."""
        return not isinstance(self.answer, str) and 0 in self.answer[0][1:]

    def pads_with_what_was_cut(self) -> bool:
        """Whether an axis goes on in memory that PyTorch never filled: more is added than is left of it."""
        padding = self.arguments.get("padding", 0)
        if not self.module.startswith("CircularPad") or isinstance(padding, int) or isinstance(self.answer, str):
            return False
        ends = zip(reversed(self.inputs[0]), padding[::2], padding[1::2], strict=False)
        return any(max(two) > size + min(two) for size, *two in ends if min(two) < 0)

    def leaves_one_number(self) -> bool:
        """Whether all that is normalised over is one number, which PyTorch refuses in training or in a batch of one."""
        sizes = self.inputs[0]
        if self.module == "GroupNorm":
            return sizes[1] // self.arguments["num_groups"] * prod(sizes[2:]) == 1
        return self.module.startswith("InstanceNorm") and prod(sizes[2:]) == 1


# What the language leaves out, and how many calls of each file are about it: in this order, each counts once.
LEFT_OUT = {
    "an input without a batch": lambda call: (
        call.rank == (2 if call.module in RECURRENT else UNBATCHED_RANK.get(call.module, 0))
    ),
    "the batch as an axis to work along": Call.names_the_batch,
    "a size that is inferred from the input": Call.mismatches_an_inferred_size,
    "time before the batch": lambda call: call.module in RECURRENT and not call.arguments.get("batch_first"),
    "states to begin with": lambda call: call.module in RECURRENT and len(call.inputs) > 1,
    "the indices of maxima in windows of any size": lambda call: (
        not call.module.startswith("MaxPool") and bool(call.arguments.get("return_indices"))
    ),
    "an output without elements": Call.leaves_nothing,
    "an axis that goes on beyond what was cut off": Call.pads_with_what_was_cut,
    "an index beyond the table": lambda call: call.answer == "index out of range in self",
    "inputs of several batch sizes": lambda call: len({tuple(sizes[:1]) for sizes in call.inputs}) > 1,
    "sizes that would be stretched to fit": lambda call: (
        len({tuple(sizes[1:]) for sizes in call.inputs}) > 1 and call.module == "CosineSimilarity"
    ),
    "channels that PyTorch warns of": lambda call: (
        call.module in ("Dropout2d", "Dropout3d") and call.rank != UNBATCHED_RANK[call.module] + 1
    ),
    "one number to normalise over": Call.leaves_one_number,
    "a batch that is too small": lambda call: "Expected more than 1 value per channel" in str(call.answer),
}
COUNTS = {
    "random_calls": {
        "compared": 5351,
        "refused": 839,
        "an input without a batch": 549,
        "the batch as an axis to work along": 455,
        "a size that is inferred from the input": 226,
        "time before the batch": 166,
        "an index beyond the table": 17,
        "inputs of several batch sizes": 20,
        "sizes that would be stretched to fit": 6,
        "channels that PyTorch warns of": 61,
        "one number to normalise over": 27,
        "a batch that is too small": 9,
    },
    "torch_samples": {
        "compared": 260,
        "refused": 0,
        "an input without a batch": 144,
        "the batch as an axis to work along": 1,
        "the indices of maxima in windows of any size": 2,
    },
}


def left_out(call: Call) -> str:
    return next((reason for reason, applies in LEFT_OUT.items() if applies(call)), "")


def answer(call: Call) -> list[Any] | None:
    """Output shapes and number of parameters by our own rules; None where we refuse."""
    not_ours = {*INFERRED, "batch_first"}
    arguments = {name: value for name, value in call.arguments.items() if name not in not_ours}
    batch = call.inputs[0][0]
    dtype = "int64" if call.module.startswith("Embedding") else "float32"
    inputs = [Tensor((BATCH, *sizes[1:]), dtype) for sizes in call.inputs]
    try:
        layer = find(call.module)(**arguments)
        outputs = layer.infer(*inputs)
    except (ValidationError, ShapeError):
        return None
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    shapes = [list(output.bind({"batch": batch}).shape) for output in outputs]
    return [shapes, sum(prod(shape) for shape in layer.parameters(*inputs).values())]


def torchs_answer(call: Call) -> list[Any] | None:
    """The same of PyTorch's: one list of shapes, the states of recurrent layers batch first."""
    if isinstance(call.answer, str):
        return None
    outputs, parameters = call.answer
    if call.module not in RECURRENT:
        return [outputs if isinstance(outputs[0], list) else [outputs], parameters]
    output, states = outputs
    states = states if call.module == "LSTM" else [states]
    return [[output, *([batch, layers, hidden] for layers, batch, hidden in states)], parameters]


@pytest.mark.parametrize("file", COUNTS)
def test_shapes_parameters_and_refusals_are_pytorchs(file):
    lines = (CASES / f"{file}.jsonl").read_text().splitlines()
    calls = [Call(*json.loads(line)) for line in lines]
    reasons = Counter(reason for call in calls if (reason := left_out(call)))
    print(table(calls, left_out, lambda call: torchs_answer(call) is None))
    compared = [call for call in calls if not left_out(call)]
    wrong = [(call, answer(call)) for call in compared if answer(call) != torchs_answer(call)]
    assert wrong == []
    assert {"compared": len(compared), "refused": sum(torchs_answer(call) is None for call in compared)} | reasons == (
        COUNTS[file]
    )


def _listed(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value]
