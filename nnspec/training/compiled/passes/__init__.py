"""Rewrites that keep a program's values: each is a function from program to program, with its condition."""

from collections.abc import Callable

from nnspec.training.compiled.passes.detached import detached
from nnspec.training.compiled.passes.in_place import in_place
from nnspec.training.compiled.passes.pool_before_relu import pool_before_relu
from nnspec.training.compiled.program import Program

# In their order: what comes later finds what is left.
PASSES: tuple[Callable[[Program], Program], ...] = (detached, pool_before_relu, in_place)
