"""A straight program of kernel calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from torch import Tensor

_own = count(-1, -1)  # what is recorded has numbers above


class UncompilableError(Exception):
    """Why a step has to stay as it is, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor of the program, with what is known of it."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: Any
    memory: int  # views of one tensor stand in the same memory

    def another(self) -> "Value":
        """A value of the same form, in memory of its own."""
        return replace(self, memory=next(_own))


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """The call of one kernel: an overload of torch.ops.aten."""

    call: Any
    arguments: tuple[Any, ...]  # all of the schema's, in its order; tensors are values, as are those in a list
    results: tuple[Value | None, ...]
    listed: bool = False  # whether the kernel gives one list of them

    @property
    def takes(self) -> Iterator[Value]:
        """The tensors among its arguments."""
        for argument in self.arguments:
            for x in argument if isinstance(argument, tuple) else (argument,):
                if isinstance(x, Value):
                    yield x

    def taking(self, instead: Mapping[Value, Value]) -> "Op":
        """The same call of other values."""

        def now(x: Any) -> Any:
            return tuple(map(now, x)) if isinstance(x, tuple) else instead.get(x, x) if isinstance(x, Value) else x

        return replace(self, arguments=now(self.arguments))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """From a batch to what is asked of it."""

    batch: tuple[Value, ...]
    held: dict[Value, Tensor]  # what stands outside and is read, or changed in its place: parameters, running means
    ops: tuple[Op, ...]
    gives: tuple[Value, ...]

    def takers(self, value: Value) -> list[Op]:
        """The calls that take a value."""
        return [op for op in self.ops if any(x is value for x in op.takes)]
