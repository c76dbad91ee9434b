"""Graph to PyTorch source: a standalone file that reads like one written by hand.

A class is written for a scope: inputs, the vertices of one body in the spec's order, outputs. A value that only the
next statement takes is called `x` (`h` where an input has that name and is still needed); every other has the name of
its layer.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from nnspec import __version__
from nnspec.codegen.layout import INDENT, MAX_LINE, Line, Statement, bracketed, docstring, lay_out, wrap
from nnspec.graph import Graph, Port, Vertex
from nnspec.pycode import Code, is_identifier, name
from nnspec.shapes import Tensor
from nnspec.spec.names import name_fault

RETURN = "return"  # what follows the last vertex


@dataclass(frozen=True, slots=True)
class Source:
    """A module's text, its class, and the vertex that a line of `__init__` or `forward` belongs to."""

    text: str
    class_name: str
    lines: Mapping[int, str]  # line numbers count from 1


def write(graph: Graph, *, description: str = "", origin: str = "") -> Source:
    """The source of a graph's module. What reaches no output is left out."""
    scope = _scope(graph)
    body = _class(scope)
    code = "\n".join(line.text for line in body)
    lines = [
        *map(Line, _module_docstring(graph.name, scope.class_name, description, origin)),
        Line(),
        *map(Line, _imports(code)),
        Line(),
        Line(),
        *body,
    ]
    numbers = {number: line.vertex for number, line in enumerate(lines, start=1) if line.vertex}
    return Source("".join(f"{line.text}\n" for line in lines), scope.class_name, numbers)


def class_name(text: str) -> str:
    """A network's name in PascalCase: `digits` is `Digits`, `8bit` is `Net8bit`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    pascal = "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", plain))
    return pascal if is_identifier(pascal) and pascal not in ("F", "Tensor") else f"Net{pascal}"


@dataclass(frozen=True, eq=False)
class _Scope:
    """What one class is written from."""

    class_name: str
    inputs: Mapping[str, Tensor]
    vertices: tuple[Vertex, ...]
    outputs: Mapping[str, Port]
    output_tensors: Mapping[str, Tensor]

    @cached_property
    def consumers(self) -> dict[Port, set[str]]:
        """The statements that take a port: names of vertices, or the return."""
        found: dict[Port, set[str]] = {port: {RETURN} for port in self.outputs.values()}
        for vertex in self.vertices:
            for port in vertex.inputs:
                found.setdefault(port, set()).add(vertex.name)
        return found

    @cached_property
    def variables(self) -> dict[Port, str]:
        """What each port that is taken is called in `forward`."""
        taken = {*self.inputs, *(vertex.name for vertex in self.vertices)}
        passing = _free("h", taken) if self._input_x_is_taken_late() else "x"
        taken.add(passing)
        found = {Port(given): given for given in self.inputs}
        following = [*(vertex.name for vertex in self.vertices[1:]), RETURN]
        for vertex, next_name in zip(self.vertices, following, strict=True):
            first = Port(vertex.name)
            if first in self.consumers:
                found[first] = passing if self.consumers[first] == {next_name} else vertex.name
            for output, output_name in enumerate(vertex.output_names[1:], start=1):
                port = Port(vertex.name, output)
                if port in self.consumers:
                    found[port] = _free(f"{vertex.name}_{output_name}", taken)
                    taken.add(found[port])
        return found

    def _input_x_is_taken_late(self) -> bool:
        """Whether an input that is itself called x is still needed after the first statement."""
        first = self.vertices[0].name if self.vertices else RETURN
        return "x" in self.inputs and not self.consumers.get(Port("x"), set()) <= {first}

    def codes(self, ports: tuple[Port, ...]) -> list[Code]:
        return [name(self.variables[port]) for port in ports]


def _scope(graph: Graph) -> _Scope:
    vertices = tuple(vertex for vertex in graph if vertex.name in graph.live)
    for vertex in vertices:
        assert not name_fault(vertex.name), vertex.name
        assert vertex.name not in graph.inputs, vertex.name
    for given in graph.inputs:
        assert given == "x" or not name_fault(given), given
    return _Scope(class_name(graph.name), graph.inputs, vertices, graph.outputs, graph.output_tensors)


def _class(scope: _Scope) -> list[Line]:
    header = [f"class {scope.class_name}(nn.Module):", *docstring(_class_docstring(scope), INDENT)]
    init, forward = _init(scope), _forward(scope)
    parts = [list(map(Line, header)), *([init] if init else []), forward]
    return [line for part in parts for line in (Line(), *part)][1:]


def _init(scope: _Scope) -> list[Line]:
    """The constructor; none where no layer has a module."""
    statements = [
        Statement(f"self.{vertex.name}", module.text, _given(scope, vertex), vertex.name)
        for vertex in scope.vertices
        if (module := vertex.layer.module(*vertex.arrives))
    ]
    if not statements:
        return []
    head = [Line(f"{INDENT}def __init__(self) -> None:"), Line(f"{INDENT * 2}super().__init__()")]
    return [*head, *lay_out(statements, INDENT * 2)]


def _given(scope: _Scope, vertex: Vertex) -> str:
    """The shapes, without the batch, of the outputs that something takes."""
    ports = enumerate(vertex.gives)
    return ", ".join(str(x) for output, x in ports if Port(vertex.name, output) in scope.consumers)


def _forward(scope: _Scope) -> list[Line]:
    statements = [statement for vertex in scope.vertices for statement in _statements(scope, vertex)]
    results = ", ".join(scope.variables[port] for port in scope.outputs.values())
    end = wrap("return ", results, MAX_LINE - len(INDENT * 2))
    return [
        *map(Line, _signature(scope)),
        *map(Line, docstring([f"Returns {_listed(scope.outputs)}."], INDENT * 2)),
        *lay_out(statements, INDENT * 2),
        *(Line(INDENT * 2 + text) for text in end),
    ]


def _signature(scope: _Scope) -> list[str]:
    arguments = ", ".join(["self", *(f"{given}: Tensor" for given in scope.inputs)])
    count = len(scope.outputs)
    returned = "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
    line = f"{INDENT}def forward({arguments}) -> {returned}:"
    if len(line) <= MAX_LINE:
        return [line]
    if len(returned) > MAX_LINE // 2:
        returned = "tuple[Tensor, ...]"
    room = MAX_LINE - len(INDENT)
    return [INDENT + text for text in bracketed("def forward(", arguments, f") -> {returned}:", room)]


def _statements(scope: _Scope, vertex: Vertex) -> Iterator[Statement]:
    """The call of a layer, then what brings torch's values into the form that the graph knows."""
    inputs = scope.codes(vertex.inputs)
    module = vertex.layer.module(*vertex.arrives)
    layer = vertex.layer
    value = layer.call(name(f"self.{vertex.name}"), *inputs) if module else layer.forward(*inputs)
    names = dict.fromkeys(vertex.output_names, "_")
    plain, adapted = [], []
    for output, (output_name, x) in enumerate(zip(vertex.output_names, vertex.gives, strict=True)):
        variable = scope.variables.get(Port(vertex.name, output))
        if not variable:
            continue
        names[output_name] = variable
        ours = layer.adapt(output_name, name(variable)).text
        if ours == variable:
            plain.append(_batched(x))
        else:
            adapted.append(Statement(variable, ours, _batched(x), vertex.name))
    target = _target(layer.returns, names)
    if target != value.text:  # an Identity between two passing values
        yield Statement(target, value.text, ", ".join(plain), vertex.name)
    yield from adapted


def _target(returns: str, names: Mapping[str, str]) -> str:
    """`lstm_1, (lstm_1_h_n, _)` from `output, (h_n, c_n)`; a group that nobody takes is one `_`."""
    target = re.sub(r"\w+", lambda found: names[found[0]], returns)
    return re.sub(r"\((?:_, )*_\)", "_", target)


def _batched(x: Tensor) -> str:
    """`(n, 16, 8, 8)`: the shape as PyTorch sees it, `n` being the batch."""
    dims = ["n", *map(str, x.shape[1:])] if x.batched else [str(dim) for dim in x.shape]
    shape = f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"
    return shape if x.dtype == "float32" else f"{x.dtype} {shape}"


def _class_docstring(scope: _Scope) -> list[str]:
    rows = [("Input", given, x) for given, x in scope.inputs.items()]
    rows += [("Output", output, x) for output, x in scope.output_tensors.items()]
    width = max(len(row_name) for _, row_name, _ in rows)
    lines = [f"{kind + ':':<7} {row_name:<{width}}  {_batched(x)}" for kind, row_name, x in rows]
    symbols = sorted({symbol for _, _, x in rows for symbol in x.symbols})
    lengths = "a length" if len(symbols) == 1 else "lengths"
    known = f", {_listed(symbols)} {lengths} known only when it runs" if symbols else ""
    return [f"From {_listed(scope.inputs)} to {_listed(scope.outputs)}.", "", *lines, "", f"n is the batch{known}."]


def _module_docstring(title: str, class_name: str, description: str, origin: str) -> list[str]:
    about = description.strip().split("\n")
    first = f"{title}: {about[0]}" if title and about[0] else title or about[0] or class_name
    source = f" from {origin}" if origin else ""
    lines = [
        *(line.rstrip() for line in (first, *about[1:])),
        "",
        f"Written by nnspec {__version__}{source}. To use it with its trained weights:",
        "",
        f"    net = {class_name}()",
        '    net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))',
        "    net.eval()",
    ]
    return docstring(lines, "")


def _imports(code: str) -> list[str]:
    """What the code uses, sorted as formatters sort it."""
    lines = []
    if re.search(r"\btorch\.", code):
        lines.append("import torch")
    if re.search(r"\bF\.", code):
        lines.append("import torch.nn.functional as F")
    return [*lines, "from torch import Tensor, nn"]


def _listed(names: Mapping[str, object] | list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _free(wanted: str, taken: set[str]) -> str:
    """The name, or the first with a number behind it that nothing else has."""
    if wanted not in taken:
        return wanted
    return next(found for number in range(2, len(taken) + 3) if (found := f"{wanted}_{number}") not in taken)
