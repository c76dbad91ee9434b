"""What a function of tensors calls, kernel by kernel, in the order of the calls."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from nnspec.training.compiled.program import Op, Program, UncompilableError, Value


def record(work: Callable[[], Sequence[Tensor]], batch: Sequence[Tensor]) -> tuple[Program, list[Tensor]]:
    """Do the work once, and keep its calls as a program from the batch to what the work gave.

    Raises:
        UncompilableError: the work looks at a number, and might go another way with another one.
    """
    recorder = _Recorder()
    taken = tuple(recorder.seen(x) for x in batch)
    with recorder:
        results = list(work())
    gives = tuple(recorder.value(x) for x in results)
    return Program(taken, recorder.held, tuple(recorder.ops), gives), results


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees each call below autograd."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ops: list[Op] = []
        self.held: dict[Value, Tensor] = {}
        # The tensors stay alive as long as the recording: their identities must not be given away again.
        self.known: dict[int, tuple[Tensor, Value]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        arguments = tuple(self._argument(x) for x in _in_order(func, args, kwargs))
        given = func(*args, **kwargs)
        listed = isinstance(given, list)
        results = tuple(given) if isinstance(given, list | tuple) else () if given is None else (given,)
        if not all(x is None or isinstance(x, Tensor) for x in results):
            raise UncompilableError(f"{func} looks at a number")
        self.ops.append(Op(func, arguments, tuple(x if x is None else self._result(x) for x in results), listed))
        return given

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # the guard that torch would put around the method imports its compiler

    def seen(self, x: Tensor) -> Value:
        """A new value for a tensor."""
        value = Value(tuple(x.shape), x.stride(), x.dtype, x.untyped_storage()._cdata)
        self.known[id(x)] = x, value
        return value

    def value(self, x: Tensor) -> Value:
        """The value of a tensor; one that no call gave stands outside."""
        if id(x) in self.known:
            return self.known[id(x)][1]
        value = self.seen(x)
        self.held[value] = x
        return value

    def _result(self, x: Tensor) -> Value:
        return self.value(x) if id(x) in self.known else self.seen(x)  # a call in its place gives its argument

    def _argument(self, x: Any) -> Any:
        if isinstance(x, Tensor):
            return self.value(x)
        if isinstance(x, list | tuple):
            return tuple(self._argument(one) for one in x)
        if isinstance(x, torch.Generator):
            raise UncompilableError("it draws random numbers of its own")
        return x


def _in_order(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
    """All arguments of the schema, with its defaults where none was given."""
    found = []
    for place, described in enumerate(func._schema.arguments):
        if not described.kwarg_only and place < len(args):
            found.append(args[place])
        else:
            found.append(kwargs.get(described.name, described.default_value))
    return found
