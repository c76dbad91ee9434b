"""Graph to PyTorch source: a standalone file that reads like one written by hand.

Blocks stay blocks: each distinct body is a class, of which the network's modules are instances.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from nnspec import __version__
from nnspec.codegen.classes import Written, share
from nnspec.codegen.layout import INDENT, MAX_LINE, Line, Statement, bracketed, docstring, lay_out, wrap
from nnspec.codegen.parts import Part, borrowed, inside, is_shared, split
from nnspec.codegen.settle import MATCH, frozen, ruled, settled
from nnspec.codegen.spelled import Spelled, spelled
from nnspec.codegen.steps import Body, batched
from nnspec.graph import Graph
from nnspec.pycode import is_identifier, literal
from nnspec.spec.names import name_fault

MAX_PATHS = 4  # places of one class that its docstring names


@dataclass(frozen=True, slots=True)
class Source:
    """A module's text, its class, and the vertex that a line of `__init__` or `forward` belongs to."""

    text: str
    class_name: str
    lines: Mapping[int, str]  # line numbers count from 1; a layer's path starts at the class it stands in


def write(graph: Graph, *, description: str = "", origin: str = "") -> Source:
    """The source of a graph's module. What reaches no output is left out."""
    definitions = _definitions(graph)
    classes = _classes(graph, definitions)
    name = classes[-1].name
    texts = [[*map(Line, text.strip().split("\n"))] for text in definitions.values()]
    body = [line for lines in (*texts, *map(_class, classes)) for line in (Line(), Line(), *lines)]
    code = "\n".join(line.text for line in body)
    lines = [
        *map(Line, _module_docstring(graph.name, name, description, origin, stands_twice=stands_twice(graph))),
        Line(),
        *map(Line, _imports(code)),
        *body,
    ]
    numbers = {number: line.vertex for number, line in enumerate(lines, start=1) if line.vertex}
    return Source("".join(f"{line.text}\n" for line in lines), name, numbers)


def class_name(text: str) -> str:
    """A network's name in PascalCase: `digits` is `Digits`, `8bit` is `Net8bit`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    pascal = "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", plain))
    return pascal if is_identifier(pascal) and pascal not in ("F", "Tensor") else f"Net{pascal}"


@dataclass(frozen=True, eq=False)
class _Class:
    """One class before it is text."""

    name: str
    about: Sequence[str]  # its docstring
    inputs: Sequence[str]
    arguments: Mapping[str, str]  # each with its type
    init: Sequence[Statement]
    forward: Sequence[Statement]
    returned: Sequence[str]  # variables
    returns: str = ""  # their names, where they have some


def _definitions(graph: Graph) -> dict[str, str]:
    """The classes that modules of the network's layers need and torch lacks, by the layer type's name."""
    live = {type(vertex.layer) for vertex in graph if vertex.name in graph.live}
    return {
        found.__name__: found.definition for found in sorted(live, key=lambda found: found.__name__) if found.definition
    }


def _classes(graph: Graph, definitions: Iterable[str]) -> list[_Class]:
    """A class for each body that occurs in the network, inner ones first, the network's own last."""
    parts = split(graph)
    _check_names(graph, parts)
    made: dict[str, str] = {}
    taken = {"Tensor", "F", *definitions}
    whole_name = _free_class(class_name(graph.name), taken)
    taken.add(whole_name)
    classes = []
    for same in _by_height([part for part in parts[1:] if not is_shared(part)]):
        for group in _alike(graph, same, made):
            title = _free_class(class_name(group[0].part.scope.title), taken)
            taken.add(title)
            classes.append(_shared(title, group, made))
    whole = Body(graph, parts[0], parts[0].inputs, list(graph.outputs.values()), made)
    return [*classes, _network(graph, whole, whole_name)]


def _alike(graph: Graph, parts: Sequence[Part], made: Mapping[str, str]) -> list[list[Written]]:
    """The modules of the parts, those together that are of one class."""
    groups: dict[object, list[Written]] = {}
    all_spelled = spelled(parts)
    for part in parts:
        module = _written(graph, part, made, all_spelled)
        groups.setdefault(module.key, []).append(module)
    if not all_spelled:
        return list(groups.values())
    return [_less_spelled(graph, group, made) for group in groups.values()]


def _less_spelled(graph: Graph, group: Sequence[Written], made: Mapping[str, str]) -> list[Written]:
    """The modules of one class with no more arguments written out than they need to be alike."""
    parts = [module.part for module in group]
    needed = spelled(parts)
    return [_written(graph, part, made, needed) for part in parts]


def _free_class(wanted: str, taken: set[str]) -> str:
    """The name, or the first with a number behind it that no other class has."""
    return next(found for number in count(1) if (found := f"{wanted}{number if number > 1 else ''}") not in taken)


def _by_height(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts by how many parts stand in one another within them, the innermost first."""
    heights: dict[str, int] = {}
    for part in reversed(parts):
        heights[part.path] = 1 + max(
            (heights.get(item.path, 0) for item in part.items if isinstance(item, Part)), default=0
        )
    found: dict[int, list[Part]] = {}
    for part in parts:
        found.setdefault(heights[part.path], []).append(part)
    return [found[height] for height in sorted(found)]


def _written(graph: Graph, part: Part, made: Mapping[str, str], spelled: Spelled) -> Written:
    body = Body(graph, part, part.inputs, list(part.gives), made, spelled)
    arrives = [graph.tensor(port) for port in body.inputs.values()]
    returned = ", ".join(body.variables[port] for port in body.outputs)
    return Written(part, arrives, tuple(body.inputs), [*body.init(), *settled(body)], list(body.forward()), returned)


def _shared(title: str, modules: Sequence[Written], made: dict[str, str]) -> _Class:
    """The class of equal modules; `made` learns how each of them is made."""
    shared, first = share(modules), modules[0]
    for module, values in zip(modules, shared.values, strict=True):
        given = ", ".join(f"{argument}={value}" for argument, value in zip(shared.arguments, values, strict=True))
        made[module.part.path] = f"{title}({given})"
    paths = [module.part.path for module in modules]
    where = _listed(
        paths if len(paths) <= MAX_PATHS else [*paths[: MAX_PATHS - 1], f"{len(paths) - MAX_PATHS + 1} more"]
    )
    about = [f"{first.part.scope.title}: {where}."]
    return _Class(title, about, first.inputs, shared.arguments, shared.init, shared.forward, first.returned.split(", "))


def _network(graph: Graph, body: Body, title: str) -> _Class:
    returned = [body.variables[port] for port in body.outputs]
    about, inputs = _class_docstring(graph), list(body.inputs)
    init, forward = [*body.init(), *settled(body), *ruled(graph), *frozen(graph)], list(body.forward())
    return _Class(title, about, inputs, {}, init, forward, returned, _listed(graph.outputs))


def _check_names(graph: Graph, parts: Sequence[Part]) -> None:
    for part in parts:
        for item in part.items:
            leaf, _, place = inside(item, part).partition(".")
            assert not name_fault(leaf) and (not place or place.isdecimal()), leaf
            assert part.path or leaf not in graph.inputs, leaf
    for given in graph.inputs:
        assert given == "x" or not name_fault(given), given


def _class(written: _Class) -> list[Line]:
    header = [f"class {written.name}(nn.Module):", *docstring(written.about, INDENT)]
    parts = [list(map(Line, header)), *([_init(written)] if written.init else []), _forward(written)]
    return [line for part in parts for line in (Line(), *part)][1:]


def _init(written: _Class) -> list[Line]:
    """The constructor."""
    arguments = ", ".join(["self", *(f"{argument}: {kind}" for argument, kind in written.arguments.items())])
    head = [*map(Line, _definition("__init__", arguments, "None")), Line(f"{INDENT * 2}super().__init__()")]
    return [*head, *lay_out(written.init, INDENT * 2)]


def _forward(written: _Class) -> list[Line]:
    end = wrap("return ", ", ".join(written.returned), MAX_LINE - len(INDENT * 2))
    about = docstring([f"Returns {written.returns}."], INDENT * 2) if written.returns else []
    return [
        *map(Line, _signature(written)),
        *map(Line, about),
        *lay_out(written.forward, INDENT * 2),
        *(Line(INDENT * 2 + text) for text in end),
    ]


def _signature(written: _Class) -> list[str]:
    arguments = ", ".join(["self", *(f"{given}: Tensor" for given in written.inputs)])
    count = len(written.returned)
    returned = "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
    if len(returned) > MAX_LINE // 2 and len(f"{INDENT}def forward({arguments}) -> {returned}:") > MAX_LINE:
        returned = "tuple[Tensor, ...]"
    return _definition("forward", arguments, returned)


def _definition(method: str, arguments: str, returned: str) -> list[str]:
    line = f"{INDENT}def {method}({arguments}) -> {returned}:"
    if len(line) <= MAX_LINE:
        return [line]
    room = MAX_LINE - len(INDENT)
    return [INDENT + text for text in bracketed(f"def {method}(", arguments, f") -> {returned}:", room)]


def _class_docstring(graph: Graph) -> list[str]:
    rows = [("Input", given, x) for given, x in graph.inputs.items()]
    rows += [("Output", output, x) for output, x in graph.output_tensors.items()]
    width = max(len(name) for _, name, _ in rows)
    only = dict.fromkeys(graph.auxiliary, ", for training alone")
    lines = [f"{kind + ':':<7} {name:<{width}}  {batched(x)}{only.get(name, '')}" for kind, name, x in rows]
    symbols = sorted({symbol for _, _, x in rows for symbol in x.symbols})
    lengths = "a length" if len(symbols) == 1 else "lengths"
    known = f", {_listed(symbols)} {lengths} known only when it runs" if symbols else ""
    return [f"From {_listed(graph.inputs)} to {_listed(graph.outputs)}.", "", *lines, "", f"n is the batch{known}."]


def _module_docstring(title: str, class_name: str, description: str, origin: str, *, stands_twice: bool) -> list[str]:
    about = description.strip().split("\n")
    first = f"{title}: {about[0]}" if title and about[0] else title or about[0] or class_name
    source = f" from {origin}" if origin else ""
    # What has two names in the state dict stands in the file once, which load_state_dict refuses.
    load = (
        "safetensors.torch.load_model(net, {})"
        if stands_twice
        else "net.load_state_dict(safetensors.torch.load_file({}))"
    )
    lines = [
        *(line.rstrip() for line in (first, *about[1:])),
        "",
        f"Written by nnspec {__version__}{source}. To use it with its trained weights:",
        "",
        f"    net = {class_name}()",
        f"    {load.format(literal('weights.safetensors'))}",
        "    net.eval()",
    ]
    return docstring(lines, "")


def stands_twice(graph: Graph) -> bool:
    """Whether a tensor has two names in the module's state dict."""
    return bool(graph.learning.ties) or (bool(graph.shared) and any(borrowed(split(graph)[0])))


def _imports(code: str) -> list[str]:
    """What the code uses, sorted as formatters sort it."""
    lines = []
    if re.search(r"\btorch\.", code):
        lines.append("import torch")
    if re.search(r"\bF\.", code):
        lines.append("import torch.nn.functional as F")
    standard = [f"from fnmatch import {MATCH}", ""] if re.search(rf"\b{MATCH}\(", code) else []
    return [*standard, *lines, "from torch import Tensor, nn"]


def _listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
