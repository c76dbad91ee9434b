"""A program as a graph of torch's own interpreter, which calls the kernels without Python between them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nnspec.training.compiled.program import Op, Program, UncompilableError, Value

# How the interpreter numbers what Python has objects for: c10/core/ScalarType.h, Layout.h and MemoryFormat.h.
DTYPES = {
    torch.uint8: 0,
    torch.int8: 1,
    torch.int16: 2,
    torch.int32: 3,
    torch.int64: 4,
    torch.float16: 5,
    torch.float32: 6,
    torch.float64: 7,
    torch.bool: 11,
    torch.bfloat16: 15,
}
LAYOUTS = {torch.strided: 0}
FORMATS = {
    torch.contiguous_format: 0,
    torch.preserve_format: 1,
    torch.channels_last: 2,
    torch.channels_last_3d: 3,
}
NUMBERS: dict[Any, int] = {**DTYPES, **LAYOUTS, **FORMATS}

Run = Callable[..., tuple[Tensor, ...]]


def script(program: Program) -> Run:
    """A function from the batch, and then what is held, to what the program gives.

    Raises:
        UncompilableError: the interpreter lacks a kernel or a kind of argument.
    """
    try:
        function = torch._C._create_function_from_graph("step", _Graph(program).graph)
    except (RuntimeError, TypeError, KeyError, AttributeError) as error:
        raise UncompilableError(
            f"torch's interpreter does not take it: {str(error).strip().splitlines()[0]}"
        ) from error

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        # As it stands: what the interpreter would rewrite gives other last digits.
        before = torch._C._get_graph_executor_optimize()
        torch._C._set_graph_executor_optimize(False)
        try:
            return function(*tensors)  # type: ignore[no-any-return]
        finally:
            torch._C._set_graph_executor_optimize(before)

    return run


class _Graph:
    """The interpreter's graph of a program."""

    def __init__(self, program: Program) -> None:
        self.graph = torch._C.Graph()
        self.tensor = torch._C.TensorType.get()
        self.found: dict[Value, Any] = {}
        for value in (*program.batch, *program.held):
            self.found[value] = self._typed(self.graph.addInput())
        for op in program.ops:
            self._call(op)
        together = self.graph.insertNode(
            self.graph.create("prim::TupleConstruct", list(map(self._of, program.gives)), 1)
        )
        together.output().setType(torch._C.TupleType([self.tensor] * len(program.gives)))
        self.graph.registerOutput(together.output())
        self.graph.lint()

    def _of(self, value: Value) -> Any:
        return self.found[value]

    def _call(self, op: Op) -> None:
        schema = op.call._schema
        arguments = [self._argument(x, str(a.type)) for x, a in zip(op.arguments, schema.arguments, strict=True)]
        results = op.results
        if op.listed:
            made = self.graph.insertNode(self.graph.create(schema.name, arguments, 1)).output()
            made.setType(torch._C.ListType.ofTensors())
            node = self.graph.insertNode(self.graph.create("prim::ListUnpack", [made], len(results)))
        else:
            node = self.graph.insertNode(self.graph.create(schema.name, arguments, len(results)))
        for output, value in zip(node.outputs(), results, strict=True):
            self._typed(output)
            if value is not None:
                self.found[value] = output

    def _argument(self, x: Any, kind: str) -> Any:
        if isinstance(x, Value):
            return self._of(x)
        if isinstance(x, tuple | list) and ("Tensor" in kind or not x):
            return self._list([self._argument(one, "") for one in x], kind)
        if isinstance(x, torch.dtype | torch.layout | torch.memory_format):
            x = NUMBERS[x]
        if kind == "float":
            x = float(x)
        return self.graph.insertConstant(list(x) if isinstance(x, tuple) else x)  # type: ignore[attr-defined]

    def _list(self, items: list[Any], kind: str) -> Any:
        kinds = {"int": torch._C.IntType.get(), "bool": torch._C.BoolType.get(), "float": torch._C.FloatType.get()}
        tensor = torch._C.OptionalType.ofTensor() if "Optional[Tensor]" in kind else self.tensor
        inner = next((found for name, found in kinds.items() if name in kind), tensor)
        made = self.graph.insertNode(self.graph.create("prim::ListConstruct", items, 1)).output()
        made.setType(torch._C.ListType(inner))
        return made

    def _typed(self, value: Any) -> Any:
        value.setType(self.tensor)
        return value
