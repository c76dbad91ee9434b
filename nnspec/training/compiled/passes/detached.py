"""Calls that give their argument back are left out: a program knows no autograd to detach from."""

from dataclasses import replace

import torch

from nnspec.training.compiled.program import Op, Program, Value

NOTHING = (torch.ops.aten.detach.default, torch.ops.aten.alias.default, torch.ops.aten.lift_fresh.default)


def detached(program: Program) -> Program:
    """Without `detach`, `alias` and `lift_fresh`."""
    same: dict[Value, Value] = {}
    ops: list[Op] = []
    for op in program.ops:
        now = op.taking(same)
        if op.call in NOTHING:
            (result,), (argument, *_) = now.results, now.takes
            assert result
            same[result] = argument
        else:
            ops.append(now)
    return replace(program, ops=tuple(ops), gives=tuple(same.get(x, x) for x in program.gives))
