"""One class for all modules of one body: numbers that differ between them become the constructor's arguments."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nnspec.codegen.layout import STRING, Statement
from nnspec.codegen.parts import Part
from nnspec.pycode import is_identifier
from nnspec.shapes import Tensor

_TOKEN = re.compile(rf"{STRING}|[A-Za-z_]\w*|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_WHOLE, _REAL = "\N{WHITE SQUARE}", "\N{WHITE DIAMOND}"


@dataclass(frozen=True, eq=False)
class Written:
    """One module before classes are shared: its statements, and the names of what it takes."""

    part: Part
    arrives: Sequence[Tensor]
    inputs: tuple[str, ...]
    init: Sequence[Statement]
    forward: Sequence[Statement]
    returned: str

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for modules that one class can be."""
        init = tuple((statement.target, template(statement.value)) for statement in self.init)
        forward = tuple((statement.target, statement.value) for statement in self.forward)
        return self.part.scope.title, self.inputs, init, forward, self.returned


@dataclass(frozen=True, eq=False)
class Shared:
    """A class for several modules: its statements, the constructor's arguments, and each module's values for them."""

    init: Sequence[Statement]
    forward: Sequence[Statement]
    arguments: Mapping[str, str]  # each with its type
    values: Sequence[tuple[str, ...]]


def template(text: str) -> str:
    """The text with a hole for each number, of its kind."""
    return _replaced(text, lambda number: _WHOLE if number.isdecimal() else _REAL)


def share(modules: Sequence[Written]) -> Shared:
    """The class of modules whose keys are equal."""
    rows = [[number for statement in module.init for number in _numbers(statement.value)] for module in modules]
    columns = list(zip(*rows, strict=True))
    keywords = [keyword for statement in modules[0].init for keyword in _keywords(statement.value)]
    varied = [column for column in dict.fromkeys(columns) if len(set(column)) > 1]
    names: dict[tuple[str, ...], str] = {}
    for column in varied:
        names[column] = _name(column, modules, keywords[columns.index(column)], names.values())
    words = iter([names.get(column, column[0]) for column in columns])
    init = [
        replace(statement, value=_replaced(statement.value, lambda _: next(words)), comment=comment)
        for statement, comment in zip(modules[0].init, _comments([m.init for m in modules], names), strict=True)
    ]
    forward = [
        replace(statement, comment=comment)
        for statement, comment in zip(modules[0].forward, _comments([m.forward for m in modules], names), strict=True)
    ]
    values = list(zip(*varied, strict=True)) if varied else [()] * len(modules)
    arguments = {name: "int" if column[0].isdecimal() else "float" for column, name in names.items()}
    return Shared(init, forward, arguments, values)


def _name(column: tuple[str, ...], modules: Sequence[Written], keyword: str, taken: Iterable[str]) -> str:
    """What a constructor's argument is called: as the block's parameter, or the input's axis, that it equals; or as the
    argument that it is given for.
    """
    scopes = [module.part.scope for module in modules]
    wanted = [name for name in scopes[0].numbers if tuple(str(scope.numbers.get(name)) for scope in scopes) == column]
    for name, axis in (("in_channels", 1), ("in_features", -1)):
        if all(module.arrives and module.arrives[0].rank > 1 for module in modules):
            wanted += [name] * (tuple(str(module.arrives[0].shape[axis]) for module in modules) == column)
    taken = {*taken, "self", "super", "nn", "torch", "range"}
    kind = "size" if column[0].isdecimal() else "value"
    wanted += [keyword] * bool(keyword) + [f"{kind}_{number}" for number in range(1, len(taken) + 1)]
    return next(name for name in wanted if name not in taken and is_identifier(name) and not name[0].isupper())


def _comments(bodies: Sequence[Sequence[Statement]], names: Mapping[tuple[str, ...], str]) -> list[str]:
    """Each statement's comment: a number that differs is the argument's name or `_`; none where more differs."""
    return [_comment([statement.comment for statement in same], names) for same in zip(*bodies, strict=True)]


def _comment(texts: Sequence[str], names: Mapping[tuple[str, ...], str]) -> str:
    if len(set(texts)) == 1:
        return texts[0]
    if len({template(text) for text in texts}) > 1:
        return ""
    columns = zip(*map(_numbers, texts), strict=True)
    words = iter([column[0] if len(set(column)) == 1 else names.get(column, "_") for column in columns])
    return _replaced(texts[0], lambda _: next(words))


def _numbers(text: str) -> list[str]:
    return [token[0] for token in _TOKEN.finditer(text) if _is_number(token)]


def _keywords(text: str) -> list[str]:
    """For each number, the name of the argument that it is given for; nothing where it has none."""
    starts = [token.start() for token in _TOKEN.finditer(text) if _is_number(token)]
    return [found[1] if (found := re.search(r"(\w+)=$", text[:start])) else "" for start in starts]


def _replaced(text: str, by: Callable[[str], str]) -> str:
    return _TOKEN.sub(lambda token: by(token[0]) if _is_number(token) else token[0], text)


def _is_number(token: re.Match[str]) -> bool:
    return token[0][0].isdecimal()
