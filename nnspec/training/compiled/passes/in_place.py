"""What works number by number writes into its argument where nobody needs that any more."""

from dataclasses import replace

import torch

from nnspec.training.compiled.program import Op, Program, Value

aten = torch.ops.aten

# Each with the kernel that writes into the first argument.
WRITING = {
    aten.relu.default: aten.relu_.default,
    aten.sigmoid.default: aten.sigmoid_.default,
    aten.tanh.default: aten.tanh_.default,
    aten.add.Tensor: aten.add_.Tensor,
    aten.mul.Tensor: aten.mul_.Tensor,
    aten.div.Tensor: aten.div_.Tensor,
}
# These take it once more, at the end.
WRITING_OUT = {
    aten.threshold_backward.default: aten.threshold_backward.grad_input,
    aten.sigmoid_backward.default: aten.sigmoid_backward.grad_input,
    aten.tanh_backward.default: aten.tanh_backward.grad_input,
}


def in_place(program: Program) -> Program:
    """Where the argument is the program's own, and this is the last that is read of its memory."""
    last: dict[int, Op] = {}
    for op in program.ops:
        for x in (*op.takes, *(x for x in op.results if x)):
            last[x.memory] = op
    lasting = {x.memory for x in (*program.batch, *program.held, *program.gives)}
    return replace(program, ops=tuple(_writing(op, last, lasting) for op in program.ops))


def _writing(op: Op, last: dict[int, Op], lasting: set[int]) -> Op:
    if op.call not in WRITING and op.call not in WRITING_OUT:
        return op
    first, (result,) = op.arguments[0], op.results
    assert result
    others = [x.memory for x in op.takes if x is not first]
    alike = isinstance(first, Value) and (first.shape, first.stride, first.dtype) == (
        result.shape,
        result.stride,
        result.dtype,
    )
    if not alike or first.memory in lasting or first.memory in others or last[first.memory] is not op:
        return op
    if op.call in WRITING:
        return replace(op, call=WRITING[op.call])
    return replace(op, call=WRITING_OUT[op.call], arguments=(*op.arguments, first))
