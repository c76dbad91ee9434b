"""What one class is written from: its layers and inner modules as statements of `__init__` and `forward`.

A value that only the next statement takes is called `x` (`h` where an input has that name and is still needed); every
other has the name of its layer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby, pairwise

from nnspec.codegen.layout import Statement
from nnspec.codegen.parts import Part, free, home, inside, is_shared, taken_by, variable
from nnspec.codegen.spelled import Spelled
from nnspec.graph import Graph, Port, Vertex
from nnspec.pycode import Code, name
from nnspec.shapes import Tensor

RETURN = "return"  # what follows the last step


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call in `forward`: of a layer, of an inner module, or of several in a row."""

    path: str  # within the part; `stage` for several in a row
    items: "Sequence[Vertex | Part]"

    @property
    def takes(self) -> tuple[Port, ...]:
        return taken_by(self.items[0])

    @property
    def gives(self) -> dict[Port, str]:
        """What it gives, each with the name of the output."""
        last = self.items[-1]
        if isinstance(last, Part):
            return {port: str(index) for index, port in enumerate(last.gives)}
        return {Port(last.name, index): output for index, output in enumerate(last.output_names)}


@dataclass(frozen=True, eq=False)
class Body:
    """One part with all that its statements need; `made` is how each inner part's module is made."""

    graph: Graph
    part: Part
    inputs: Mapping[str, Port]
    outputs: Sequence[Port]
    made: Mapping[str, str]
    spelled: Spelled = field(default_factory=dict)

    @cached_property
    def steps(self) -> list[Step]:
        """The items in order, those of a repeat as one step where each only takes what the one before gives."""
        found = []
        for leaf, group in groupby(self.part.items, lambda item: inside(item, self.part).split(".")[0]):
            items = list(group)
            if self._in_a_row(items):
                found.append(Step(leaf, items))
            else:
                found += [Step(inside(item, self.part), [item]) for item in items]
        return found

    def _in_a_row(self, items: "list[Vertex | Part]") -> bool:
        """Whether the items are what `nn.Sequential` calls."""
        places = [inside(item, self.part).split(".")[1:] for item in items]
        if places != [[str(index)] for index in range(len(items))]:
            return False
        single = all(self._is_plain(item) and not is_shared(item) for item in items)
        return single and all(
            taken_by(after) == (port,) and self.takers.get(port) == 1
            for before, after in pairwise(items)
            for port in Step("", [before]).gives
        )

    def _is_plain(self, item: "Vertex | Part") -> bool:
        """Whether it is a module that takes one value and gives one."""
        if isinstance(item, Part):
            return len(item.takes) == 1 == len(item.gives)
        if len(item.inputs) != 1 or len(item.gives) != 1 or item.layer.module(*item.takes) is None:
            return False
        plain = (
            item.layer.call(item.takes, name("module"), name("x")).text == "module(x)"
            and item.layer.returns == "output"
        )
        return plain and item.layer.adapt("output", name("x")).text == "x"

    @cached_property
    def takers(self) -> dict[Port, int]:
        """How many items take a port; leaving the part counts too."""
        found = dict.fromkeys(self.outputs, 1)
        for item in self.part.items:
            for port in taken_by(item):
                found[port] = found.get(port, 0) + 1
        return found

    @cached_property
    def consumers(self) -> dict[Port, set[str]]:
        """The steps that take a port, or the return."""
        found: dict[Port, set[str]] = {port: {RETURN} for port in self.outputs}
        for step in self.steps:
            for port in step.takes:
                found.setdefault(port, set()).add(step.path)
        return found

    @cached_property
    def variables(self) -> dict[Port, str]:
        """What each port that is taken is called in `forward`."""
        taken, owns = set(self.inputs), []
        for step in self.steps:
            owns.append(free(variable(step.path), taken))
            taken.add(owns[-1])
        passing = free("h", taken) if self._input_x_is_taken_late() else "x"
        taken.add(passing)
        found = {port: given for given, port in self.inputs.items()}
        following = [*(step.path for step in self.steps), RETURN][1:]
        for step, own, next_path in zip(self.steps, owns, following, strict=True):
            for place, (port, output) in enumerate(step.gives.items()):
                if port not in self.consumers:
                    continue
                if place == 0:
                    found[port] = passing if self.consumers[port] == {next_path} else own
                else:
                    found[port] = free(f"{own}_{output}", taken)
                    taken.add(found[port])
        return found

    def _input_x_is_taken_late(self) -> bool:
        """Whether an input that is itself called x is still needed after the first statement."""
        first = self.steps[0].path if self.steps else RETURN
        return "x" in self.inputs and not self.consumers.get(self.inputs["x"], set()) <= {first}

    def init(self) -> Iterator[Statement]:
        """What `__init__` makes; the turns of a repeat stand in one list."""
        for leaf, group in groupby(self.steps, lambda step: step.path.split(".")[0]):
            steps = list(group)
            modules = [self._module(item) for step in steps for item in step.items]
            if not any(modules):
                continue
            comment = self._given(steps[-1])
            if steps[0].path != leaf:
                yield Statement(f"self.{leaf}", f"nn.ModuleList([{_listed(self._places(steps))}])", "", leaf)
            elif len(steps[0].items) > 1 or inside(steps[0].items[0], self.part) != leaf:
                yield Statement(f"self.{leaf}", f"nn.Sequential({_several(modules)})", comment, leaf)
            else:
                yield Statement(f"self.{leaf}", modules[0], comment, leaf)

    def _places(self, steps: Sequence[Step]) -> list[str]:
        """The modules of a list, each at its own number: an identity stands where there is none."""
        found = {int(step.path.split(".")[1]): self._module(step.items[0]) for step in steps}
        return [found.get(place) or "nn.Identity()" for place in range(max(found) + 1)]

    def _module(self, item: "Vertex | Part") -> str:
        """How an item's module is made; nothing where it has none."""
        if is_shared(item):
            return ""
        if isinstance(item, Part):
            return self.made[item.path]
        layer = item.layer.writing(self.spelled[item.name]) if item.name in self.spelled else item.layer
        module = layer.module(*item.takes)
        return module.text if module else ""

    def _given(self, step: Step) -> str:
        """The shapes, without the batch, of the outputs that something takes."""
        return ", ".join(str(self.graph.tensor(port)) for port in step.gives if port in self.consumers)

    def forward(self) -> Iterator[Statement]:
        """The calls, each with the shape that it gives."""
        for step in self.steps:
            item = step.items[0]
            if isinstance(item, Part) or len(step.items) > 1:
                yield self._call(step)
            else:
                yield from self._layer(step, item)

    def _call(self, step: Step) -> Statement:
        inputs = [name(self.variables[port]) for port in step.takes]
        targets = [self.variables.get(port, "_") for port in step.gives]
        shapes = [batched(self.graph.tensor(port)) for port in step.gives if port in self.variables]
        return Statement(", ".join(targets), self._accessor(step)(*inputs).text, ", ".join(shapes), step.path)

    def _accessor(self, step: Step) -> Code:
        """The module that a step calls."""
        owner = home(step.items[0])
        if not is_shared(step.items[0]):
            return attribute(step.path)
        if self.part.holds(owner):
            return attribute(self.part.within(owner))
        leaf, turn = step.path.partition(".")[0], owner.rpartition(".")[2]
        return attribute(f"{leaf}.{turn}" if turn.isdecimal() else leaf)

    def _layer(self, step: Step, vertex: Vertex) -> Iterator[Statement]:
        """The call of a layer, then what brings torch's values into the form that the graph knows."""
        layer, inputs = vertex.layer, vertex.placed([name(self.variables[port]) for port in vertex.inputs])
        module = layer.module(*vertex.takes)
        value = layer.call(vertex.takes, self._accessor(step), *inputs) if module else layer.code(vertex.takes, *inputs)
        names = dict.fromkeys(vertex.output_names, "_")
        plain, adapted = [], []
        for (port, output), x in zip(step.gives.items(), vertex.gives, strict=True):
            known = self.variables.get(port)
            if not known:
                continue
            names[output] = known
            ours = layer.adapt(output, name(known)).text
            if ours == known:
                plain.append(batched(x))
            else:
                adapted.append(Statement(known, ours, batched(x), step.path))
        target = _target(layer.target(len(vertex.gives)), names)
        if target != value.text:  # an Identity between two passing values
            yield Statement(target, value.text, ", ".join(plain), step.path)
        yield from adapted


def batched(x: Tensor) -> str:
    """`(n, 16, 8, 8)`: the shape as PyTorch sees it, `n` being the batch."""
    dims = ["n", *map(str, x.shape[1:])] if x.batched else [str(dim) for dim in x.shape]
    shape = f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"
    return shape if x.dtype == "float32" else f"{x.dtype} {shape}"


def attribute(path: str) -> Code:
    """`self.conv1`, `self.stage[0]` for one of a list, `self.stage[0].body` for what is in it."""
    found = name("self")
    for leaf in path.split("."):
        found = found[int(leaf)] if leaf.isdecimal() else Code.__getattr__(found, leaf)
    return found


def _listed(modules: Sequence[str]) -> str:
    return ", ".join(modules)


def _several(modules: Sequence[str]) -> str:
    """The modules as arguments; as a loop where all are made alike."""
    if len(modules) > 2 and len(set(modules)) == 1:
        return f"*({modules[0]} for _ in range({len(modules)}))"
    return _listed(modules)


def _target(returns: str, names: Mapping[str, str]) -> str:
    """`lstm_1, (lstm_1_h_n, _)` from `output, (h_n, c_n)`; a group that nobody takes is one `_`."""
    target = re.sub(r"\w+", lambda found: names.get(found[0], "_"), returns)
    return re.sub(r"\((?:_, )*_\)", "_", target)
