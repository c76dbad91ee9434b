"""Source to module: the only place where text becomes running code."""

import linecache
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

from nnspec.codegen.write import Source
from nnspec.diagnostics import Note, Span, SpecError, some
from nnspec.files import write_whole
from nnspec.graph.start import Start
from nnspec.layers import Layer
from nnspec.pycode import Code
from nnspec.pycode import name as code_name
from nnspec.spec.reach import shown


def evaluate(code: Code, names: Mapping[str, Any]) -> Any:
    """The value of an expression that a layer, a loss or a metric described; `torch`, `nn` and `F` are known to it."""
    assert isinstance(code, Code), "only what pycode built is evaluated, never text"
    # Built-ins stay: torch imports modules of its own on the way, with the `__import__` of the calling frame.
    return eval(code.text, {"torch": torch, "nn": nn, "F": F, **names})


def defined(layer: type[Layer]) -> dict[str, Any]:
    """The classes that a layer type's module is made with, by name."""
    home: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "Tensor": torch.Tensor}
    exec(compile(layer.definition, f"<{layer.__name__}.definition>", "exec", dont_inherit=True), home)
    return home


def outputs_of(layer: Layer, value: Any, outputs: int) -> list[torch.Tensor]:
    """torch's value of a layer as its outputs, as generated source gets them."""
    names = re.findall(r"\w+", layer.target(outputs))
    named = [(name, part) for name, part in zip(names, _flat(value), strict=True) if name != "_"]
    return [evaluate(layer.adapt(name, code_name("value")), {"value": part}) for name, part in named]


def _flat(value: Any) -> Iterator[Any]:
    """`output, (h_n, c_n)` as its parts in order."""
    if not isinstance(value, tuple | list):
        yield value
        return
    for part in value:
        yield from _flat(part)


def load(source: Source, filename: str, places: Mapping[str, Span]) -> nn.Module:
    """A new module, made from exactly this text. Tracebacks show its lines under the file's name."""
    lines = source.text.splitlines(keepends=True)
    linecache.cache[filename] = (len(source.text), None, lines, filename)  # no time: never looked up on disk
    home = ModuleType(f"nnspec_net_{source.class_name}")
    home.__file__ = filename
    exec(compile(source.text, filename, "exec", dont_inherit=True), home.__dict__)
    sys.modules[home.__name__] = home  # torch.compile and pickle look a class's module up by name
    with explained(source, filename, places):
        module = getattr(home, source.class_name)()
    assert isinstance(module, nn.Module)
    return module


@contextmanager
def explained(source: Source, filename: str, places: Mapping[str, Span]) -> Iterator[None]:
    """Adds the spec's line to an error that comes from generated code. Put around a loop, a call costs nothing more."""
    try:
        yield
    except Exception as error:
        explain(error, source, filename, places)
        raise


def explain(error: BaseException, source: Source, filename: str, places: Mapping[str, Span]) -> None:
    """Add `in layer conv2d_1, specs/digits.yaml:14` to an error that passed through generated code."""
    trace = error.__traceback__
    steps: list[str] = []
    while trace:
        if trace.tb_frame.f_code.co_filename == filename and trace.tb_lineno in source.lines:
            steps.append(source.lines[trace.tb_lineno])
        trace = trace.tb_next
    if not steps:
        return
    vertex = ".".join(steps)
    span = places.get(vertex) or _one_of(vertex, places)
    place = f", {span.line_place}" if span else ""
    note = f"in layer {vertex}{place}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def _one_of(path: str, places: Mapping[str, Span]) -> Span | None:
    """The place of a layer in a repeat, whose turns share their line: `stage.conv1` is any `stage.0.conv1`."""
    plain = [part for part in path.split(".") if not part.isdecimal()]
    turns = (name for name in places if [part for part in name.split(".") if not part.isdecimal()] == plain)
    return places.get(next(turns, ""))


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """A module's state dict, less the further names of what stands in it twice: a tied or a shared tensor."""
    once = {name for name, _ in chain(module.named_parameters(), module.named_buffers())}
    return {name: tensor for name, tensor in module.state_dict().items() if name in once}


def save_weights(module: nn.Module, path: Path) -> None:
    """Write a module's parameters and buffers, by their state-dict names, each once."""
    write_weights(state_of(module), path)


def write_weights(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write tensors by their names."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, safetensors.torch.save(plain))


def load_weights(module: nn.Module, path: Path) -> None:
    """Fill a module with the weights of a file, which must hold exactly what the module has."""
    found = _read(path)
    wanted = state_of(module)
    _check_names(path, wanted, found)
    for name, tensor in wanted.items():
        given = found[name]
        if given.shape != tensor.shape or given.dtype != tensor.dtype:
            raise _unusable(path, f"{name} is {_shown(given)} there, and {_shown(tensor)} in the network")
        if given.is_floating_point() and not math.isfinite(given.abs().sum(dtype=torch.float64).item()):
            raise _unusable(path, f"{name} holds numbers that are not finite", help="train again with a smaller lr")
    for name, tensor in wanted.items():
        tensor.copy_(found[name])


def fill(module: nn.Module, start: Start) -> None:
    """Give a module what fits it of a file of weights."""
    state = state_of(module)
    try:
        with safetensors.safe_open(start.path, "pt") as file:
            for ours, theirs in start.takes.items():
                given = file.get_tensor(theirs)
                given = given.T if ours in start.turned else given
                if _shown(given) != _shown(state[ours]):
                    raise ValueError("it was changed meanwhile")
                if given.is_floating_point() and not math.isfinite(given.abs().sum(dtype=torch.float64).item()):
                    raise ValueError(f"{theirs} holds numbers that are not finite (NaN or infinite)")
                state[ours].copy_(given)
    except (OSError, safetensors.SafetensorError, ValueError) as error:
        message = f"the weights {shown(start.name)} cannot be used: {error}"
        raise SpecError.of("weights-file", message, start.span) from None


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        tensors: dict[str, torch.Tensor] = safetensors.torch.load_file(path)
    except FileNotFoundError:
        raise SpecError.of("run-folder", f"there is no {path}", help="train the network first") from None
    except OSError as error:
        raise SpecError.of("run-folder", f"cannot read {path}: {error.strerror or error}") from None
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise _unusable(path, "it is not a whole safetensors file", notes=[Note("reason", str(error))]) from None
    return tensors


def _check_names(path: Path, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    if not missing and not unknown:
        return
    notes = [Note(label, some(names)) for label, names in (("missing", missing), ("unknown", sorted(unknown))) if names]
    raise _unusable(path, "its names are not the network's", notes=notes, help="these are another network's weights")


def _unusable(path: Path, reason: str, *, notes: Iterable[Note] = (), help: str = "") -> SpecError:
    return SpecError.of("run-folder", f"the weights in {path} cannot be used: {reason}", notes=notes, help=help)


def _shown(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
