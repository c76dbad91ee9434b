"""A maximum is taken before a ReLU: the ReLU then sees a quarter of the numbers, both ways.

Both keep the order of numbers, so the values are the same. Where all numbers of a window are below zero another of
them may be its first maximum; the ReLU lets no gradient through to it either way.
"""

from dataclasses import replace

import torch

from nnspec.training.compiled.program import Op, Program

RELU = torch.ops.aten.relu.default
RELU_BACKWARD = torch.ops.aten.threshold_backward.default
POOL = torch.ops.aten.max_pool2d_with_indices.default
POOL_BACKWARD = torch.ops.aten.max_pool2d_with_indices_backward.default


def pool_before_relu(program: Program) -> Program:
    """Where nothing but a maximum takes what a ReLU gives, the two change places."""
    for relu in program.ops:
        if relu.call is RELU:
            program = _exchanged(program, relu)
    return program


def _exchanged(program: Program, relu: Op) -> Program:
    (x,), (bent,) = relu.takes, relu.results
    assert bent
    takers = {op.call: op for op in program.takers(bent)}
    if set(takers) != {POOL, POOL_BACKWARD, RELU_BACKWARD} or len(program.takers(bent)) != 3 or bent in program.gives:
        return program
    pool, pool_backward, relu_backward = takers[POOL], takers[POOL_BACKWARD], takers[RELU_BACKWARD]
    (pooled, indices), (spread,), (gradient,) = pool.results, pool_backward.results, relu_backward.results
    assert pooled and spread and gradient
    if program.takers(spread) != [relu_backward] or relu_backward.arguments[0] is not spread:
        return program
    maximum, passed = pooled.another(), pooled.another()
    outer, *how = pool_backward.arguments
    instead = {
        relu: [],
        pool: [
            Op(POOL, (x, *pool.arguments[1:]), (maximum, indices)),
            Op(RELU, (maximum,), (pooled,)),
        ],
        pool_backward: [],
        relu_backward: [
            Op(RELU_BACKWARD, (outer, pooled, *relu_backward.arguments[2:]), (passed,)),
            Op(POOL_BACKWARD, (passed, x, *how[1:]), (gradient,)),
        ],
    }
    return replace(program, ops=tuple(new for op in program.ops for new in instead.get(op, [op])))
