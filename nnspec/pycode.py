"""Python expressions as text: layers, losses and optimizers describe their PyTorch calls with it.

`nn.Linear(8, 4)` is an object that prints as `nn.Linear(8, 4)`. Only values through `literal` and
checked identifiers reach the text, so a spec cannot smuggle code into it.
"""

import keyword
from dataclasses import dataclass
from typing import Any

# How tightly an expression binds; an operand that binds less tightly gets parentheses.
_SUM, _PRODUCT, _UNARY, _ATOM = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A Python expression. Not a `str`: text of a user's can never pass for code by accident."""

    text: str
    binding: int = _ATOM

    def __str__(self) -> str:
        return self.text

    def __getattr__(self, name: str) -> "Code":
        if name.startswith("__"):
            raise AttributeError(name)
        assert is_identifier(name), name
        return Code(f"{self._operand(_ATOM)}.{name}")

    def __call__(self, *positional: Any, **named: Any) -> "Code":
        arguments = [literal(value) for value in positional]
        arguments += [f"{name}={literal(value)}" for name, value in named.items()]
        return Code(f"{self._operand(_ATOM)}({', '.join(arguments)})")

    def __getitem__(self, index: Any) -> "Code":
        parts = index if isinstance(index, tuple) else (index,)
        return Code(f"{self._operand(_ATOM)}[{', '.join(_index(part) for part in parts)}]")

    def __add__(self, other: Any) -> "Code":
        return self._join("+", other, _SUM)

    def __sub__(self, other: Any) -> "Code":
        return self._join("-", other, _SUM)

    def __mul__(self, other: Any) -> "Code":
        return self._join("*", other, _PRODUCT)

    def __truediv__(self, other: Any) -> "Code":
        return self._join("/", other, _PRODUCT)

    def __neg__(self) -> "Code":
        return Code(f"-{self._operand(_UNARY)}", _UNARY)

    def _join(self, operator: str, other: Any, binding: int) -> "Code":
        right = other if isinstance(other, Code) else Code(literal(other))
        # The right side of - and / needs parentheses already when it binds equally tightly.
        return Code(f"{self._operand(binding)} {operator} {right._operand(binding + 1)}", binding)

    def _operand(self, needed: int) -> str:
        return self.text if self.binding >= needed else f"({self.text})"


nn = Code("nn")
F = Code("F")
torch = Code("torch")


def name(identifier: str) -> Code:
    """A variable or an attribute path (`self.conv1`), checked."""
    assert all(is_identifier(part) for part in identifier.split(".")), identifier
    return Code(identifier)


def literal(value: Any) -> str:
    """A value as the Python text that makes it again; strings in double quotes, as formatters have them."""
    if isinstance(value, Code):
        return value.text
    if isinstance(value, str):
        text = repr(value)
        return text if '"' in text or "\\" in text else f'"{text[1:-1]}"'
    if isinstance(value, tuple | list):
        inner = ", ".join(literal(item) for item in value)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if value is None or isinstance(value, bool | int):
        return repr(value)
    assert isinstance(value, float) and value == value and abs(value) != float("inf"), value
    return repr(value)


def is_identifier(text: str) -> bool:
    """Whether a text can be a Python name: plain ASCII, no keyword."""
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


def _index(part: Any) -> str:
    if part is Ellipsis:
        return "..."
    if isinstance(part, slice):
        ends = ["" if end is None else literal(end) for end in (part.start, part.stop)]
        return ":".join(ends) + (f":{literal(part.step)}" if part.step is not None else "")
    return literal(part)
