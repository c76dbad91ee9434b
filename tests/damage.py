"""What can happen to a document: lines, characters, values and subtrees damaged at random."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from nnspec.layers import known
from nnspec.source import parse

KINDS = sorted(known())
# What a careless or a hostile hand may write in place of a value.
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 7, 64, 10**4, 10**9, 2**31 - 1, 10**18, 2**63 - 1, -(2**63), 0.5, -0.0, 1e-300,
    1e308, "", " ", "_", ".", "x", "a b", "no", "nan", "forward", "F", "half", "__class__", "self", "torch", "lambda",
    ";import os", "x\ny", "\u202e", "\u0441\u04511", "é", "\0", "a" * 300, "../x", "/etc/passwd", "~", "$", "$(",
    "$x", "$(1/0)", "$(9**9)", "$(in_shape)", "$(in_channels * 10**15)", "$in_features", "$index", "${x}",
    "{0.__class__}", "valid", "same", "full", "required", "batch", "N", "T", "T + 1", "-T", "b c -> c b",
    "b ... -> b (...)", [], {}, [1], [0, 0], [-1, -1], [1, 2, 3, 4, 5, 6, 7, 8, 9], [10**9] * 3, [[]], [None], ["_"],
    ["_", "_"], {"a": 1}, {"": 1}, {"params": {}}, {"from": "_"}, {"ReLU": None}, {"Linear": 3}, {"Linear": 10**18},
    {"repeat": 10**12}, ["ReLU"], "Residual", "Branches", {"Residual": {"body": []}},
    {"Branches": {"paths": [[], []]}}, "sklearn:iris", "sklearn:",
]  # fmt: skip
KEYS = [
    "", "x", "name", "from", "repeat", "when", "share", "tie", "freeze", "init", "layers", "inputs", "outputs",
    "params", "blocks", "imports", "extends", "data", "train", "forward", "__class__", "F", "half", "a b", "$x", "_",
    "é", "nnspec", "shape", "dtype", "loss", "body", "paths", "merge", "shortcut", "bias", "dim", "match", "weights",
    "budget", "export",
]  # fmt: skip
SCRAPS = [
    "", " ", "  ", "\n", "\t", ":", ": ", "- ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "!!python/name:os ", "$(",
    ")", '"', "'", "\\", "|", ">", "?", "%", "@", "---\n", "...\n", "\0", "\ufeff", "\u202e", "é", "0", "9" * 30,
    "1e999", ".nan", ".inf", "-", "~", "<<: ", "\r", "null", "0x", "0o7", "1_0", "=", "\x85",
]  # fmt: skip


def damaged(text: str, chance: Random) -> tuple[str, bool]:
    """A text with one to three faults, and whether it is JSON."""
    if chance.random() < 0.4:
        for _ in range(chance.randint(1, 3)):
            text = chance.choice(TEXT_FAULTS)(text, chance)
        return text, False
    document = parse(text, "spec.yaml").plain()
    for _ in range(chance.randint(1, 3)):
        document = chance.choice(TREE_FAULTS)(deepcopy(document), chance)
    return json.dumps(document), True


# --- faults of a text ---


def _delete_line(text: str, chance: Random) -> str:
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def _duplicate_line(text: str, chance: Random) -> str:
    lines = text.split("\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return "\n".join(lines)


def _swap_lines(text: str, chance: Random) -> str:
    lines = text.split("\n")
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return "\n".join(lines)


def _indent_line(text: str, chance: Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    lines[at] = chance.choice([" ", "  ", "    ", "\t"]) + chance.choice([lines[at], lines[at].lstrip()])
    return "\n".join(lines)


def _cut(text: str, chance: Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randint(1, 6) :]


def _insert(text: str, chance: Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(SCRAPS) + text[at:]


def _end(text: str, chance: Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


TEXT_FAULTS = [_delete_line, _duplicate_line, _swap_lines, _indent_line, _cut, _insert, _end]


# --- faults of a tree ---


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every value but the root: the list or mapping it stands in, and its index or key."""
    steps = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    return [place for step, inner in steps for place in ((value, step), *places(inner))]


def _at(change: Callable[[Any, Any, list[tuple[Any, Any]], Random], None]) -> Callable[[Any, Random], Any]:
    def fault(document: Any, chance: Random) -> Any:
        if found := places(document):
            change(*chance.choice(found), found, chance)
        return document

    return fault


def _replace(here: Any, step: Any, found: list[tuple[Any, Any]], chance: Random) -> None:
    here[step] = deepcopy(chance.choice(VALUES))


def _nudge(here: Any, step: Any, found: list[tuple[Any, Any]], chance: Random) -> None:
    """A number another one; what is none is replaced."""
    here[step] = here[step] + chance.choice([-1, 1, 10**6, 10**15]) if type(here[step]) is int else None


def _delete(here: Any, step: Any, found: list[tuple[Any, Any]], chance: Random) -> None:
    del here[step]


def _rename(here: Any, step: Any, found: list[tuple[Any, Any]], chance: Random) -> None:
    if isinstance(here, dict):
        here[chance.choice([*KEYS, *KINDS])] = here.pop(step)
    else:
        here.insert(chance.randrange(len(here) + 1), deepcopy(here[step]))


def _add(here: Any, step: Any, found: list[tuple[Any, Any]], chance: Random) -> None:
    value = deepcopy(chance.choice(VALUES))
    if isinstance(here, dict):
        here[chance.choice(KEYS)] = value
    else:
        here.insert(step, chance.choice([value, {chance.choice(KINDS): value}, chance.choice(KINDS)]))


def _swap(here: Any, step: Any, found: list[tuple[Any, Any]], chance: Random) -> None:
    other, at = chance.choice(found)
    here[step], other[at] = deepcopy(other[at]), deepcopy(here[step])


TREE_FAULTS = [_at(change) for change in (_replace, _replace, _nudge, _delete, _rename, _add, _swap)]
