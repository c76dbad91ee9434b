"""Axes by name, as the einops library writes them: Rogozhnikov, Einops: Clear and reliable tensor manipulations with
Einstein-like notation, 2022. The generated source needs no einops: a pattern becomes reshapes and a permutation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, PositiveInt

from nnspec.layers import resize
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code
from nnspec.shapes import Dim, ShapeError, Tensor, product

ELLIPSIS = "..."
_TOKEN = re.compile(r"\.\.\.|\w+|[()]|\S")

Group = tuple[str, ...]  # the names that one axis is made of; `1` is none


@dataclass(frozen=True)
class Plan:
    """What a pattern does to one input: take axes apart, reduce or add some, order them, join them."""

    source: Tensor
    left: Sequence[Group]
    right: Sequence[Group]
    sizes: Mapping[str, Dim]

    @cached_property
    def apart(self) -> list[str]:
        """The names of all axes once they are taken apart."""
        return [name for group in self.left for name in group]

    @cached_property
    def order(self) -> list[str]:
        """The names of all axes before they are joined."""
        return [name for group in self.right for name in group]

    @property
    def gone(self) -> list[int]:
        """The axes, taken apart, that do not come out."""
        return [place for place, name in enumerate(self.apart) if name not in self.order]

    @property
    def kept(self) -> list[str]:
        return [name for name in self.apart if name in self.order]

    @property
    def perm(self) -> list[int]:
        """The axes that stay in the order in which they come out."""
        return [self.kept.index(name) for name in self.order if name in self.kept]

    def shape(self, groups: Sequence[Group]) -> list[Dim]:
        return [product(self.sizes[name] for name in group) for group in groups]

    def singles(self, names: Sequence[str]) -> list[Dim]:
        return [self.sizes[name] for name in names]


class _Pattern(Layer):
    """What the three share: a pattern, and the sizes of names in it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, PositiveInt]

    pattern: str = Field(description="axes before and after the arrow; parentheses join several; sizes stand beside it")

    may_lose: ClassVar[bool] = False
    may_add: ClassVar[bool] = False

    def infer(self, x: Tensor) -> Tensor:
        plan = self._plan(x)
        resize.check(x, plan.singles(plan.apart), field="pattern")
        resize.check(x, plan.shape(plan.right), field="pattern")
        return x.with_shape(*plan.shape(plan.right))

    @property
    def _given(self) -> dict[str, int]:
        return dict(self.__pydantic_extra__ or {})

    def _plan(self, x: Tensor) -> Plan:
        before, arrow, after = self.pattern.partition("->")
        if not arrow:
            raise _wrong(f"pattern '{self.pattern}' has no arrow", "as in `b h w c -> b c h w`")
        left, right = (_groups(side, x.rank - _named_axes(before)) for side in (before, after))
        if len(left) != x.rank:
            message = (
                f"pattern '{self.pattern}' begins with {len(left)} axes, and its input has {x.rank} with the batch"
            )
            raise _wrong(message, "the first name is the batch")
        self._check_names(left, right)
        return Plan(x, left, right, self._sizes(x, left, right))

    def _check_names(self, left: Sequence[Group], right: Sequence[Group]) -> None:
        before, after = ([name for group in side for name in group] for side in (left, right))
        for name in before + after:
            if before.count(name) > 1 or after.count(name) > 1:
                raise _wrong(f"pattern '{self.pattern}' names {name} twice on one side")
        if len(left[0]) != 1 or not right or right[0] != left[0]:
            raise _wrong(f"pattern '{self.pattern}' moves the batch", "the first name is the same on both sides, alone")
        lost = [name for name in before if name not in after]
        added = [name for name in after if name not in before]
        if lost and not self.may_lose:
            raise _wrong(f"pattern '{self.pattern}' loses {lost[0]}", "Reduce lets axes go")
        if added and not self.may_add:
            raise _wrong(f"pattern '{self.pattern}' makes {added[0]} from nothing", "Repeat adds axes")
        for name in [*added, *(name for name in self._given if name not in before + after)]:
            if name not in self._given:
                raise _wrong(f"{name} has no size", f"say it beside the pattern: `{name}: 2`")
            if name not in before + after:
                raise _wrong(f"pattern '{self.pattern}' has no axis named {name}")

    def _sizes(self, x: Tensor, left: Sequence[Group], right: Sequence[Group]) -> dict[str, Dim]:
        """The size of every name: given, or what is left of its axis."""
        sizes: dict[str, Dim] = dict(self._given)
        for group, size in zip(left, x.shape, strict=True):
            unknown = [name for name in group if name not in sizes]
            known = product(sizes[name] for name in group if name in sizes)
            if len(unknown) > 1:
                raise _wrong(
                    f"({' '.join(group)}) has the size {size}: {' and '.join(unknown)} cannot both be inferred"
                )
            rest = size // known
            if rest * known != size or (not unknown and rest != 1):
                what = f"({' '.join(group)})" if len(group) != 1 else group[0]
                raise _wrong(f"{what} has the size {size}, which is not {'a multiple of ' * bool(unknown)}{known}")
            sizes |= dict.fromkeys(unknown, rest)
        return sizes

    def code(self, takes: Sequence[Tensor | None], *values: Code | None) -> Code:
        (tensor,), (x,) = takes, values
        assert tensor and x
        plan, out = self._plan(tensor), x
        if len(plan.apart) != len(plan.left):
            out = out.reshape(*resize.in_torch(x, tensor, plan.singles(plan.apart)))
        out = self._changed(plan, out)
        if plan.perm != sorted(plan.perm):
            out = out.permute(*plan.perm)
        out = self._grown(plan, x, out)
        if len(plan.order) != len(plan.right):
            out = out.reshape(*resize.in_torch(x, tensor, plan.shape(plan.right)))
        return out

    def _changed(self, plan: Plan, out: Code) -> Code:
        return out

    def _grown(self, plan: Plan, x: Code, out: Code) -> Code:
        return out

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        plan, out = self._plan(x.tensor), x
        singles = plan.singles(plan.apart)
        if len(plan.apart) != len(plan.left):
            out = g.op("Reshape", out, resize.in_onnx(g, x, x.tensor, x.tensor.shape, singles))
        out = self._changed_onnx(g, plan, out)
        if plan.perm != sorted(plan.perm):
            out = g.op("Transpose", out, perm=plan.perm)
        out = self._grown_onnx(g, plan, x, out)
        if len(plan.order) != len(plan.right):
            arriving = plan.singles(plan.order)
            out = g.op("Reshape", out, resize.in_onnx(g, x, x.tensor, arriving, plan.shape(plan.right)))
        return out

    def _changed_onnx(self, g: OnnxBuilder, plan: Plan, out: Value) -> Value:
        return out

    def _grown_onnx(self, g: OnnxBuilder, plan: Plan, x: Value, out: Value) -> Value:
        return out


class Rearrange(_Pattern):
    """Axes by name: taken apart, put in another order, joined.

    (n, ...) -> (n, ...)

    `b (h p) c -> b h (p c)`, with `p: 4` beside the pattern; einops.rearrange.
    """

    examples = {
        "n 3 4 5 -> n 4 5 3": dict(pattern="b c h w -> b h w c"),
        "n t 12 -> n 3 t 4": dict(pattern="b t (h d) -> b h t d", h=3),
        "n 3 8 8 -> n 16 12": dict(pattern="b c (h p) (w q) -> b (h w) (p q c)", p=2, q=2),
        "n 3 t 4 -> n t 12": dict(pattern="b h ... d -> b ... (h d)"),
    }


class Reduce(_Pattern):
    """Axes by name, of which those that do not come out are reduced to one number.

    (n, ...) -> (n, ...)

    `b t c -> b c` with `reduction: mean`; einops.reduce.
    """

    reduction: Literal["mean", "sum", "max", "min", "prod"] = Field(description="what becomes of the axes that go")

    may_lose = True
    examples = {
        "n t 4 -> n 4": dict(pattern="b t c -> b c", reduction="mean"),
        "n 3 8 6 -> n 3 4 3": dict(pattern="b c (h p) (w q) -> b c h w", p=2, q=2, reduction="max"),
        "n 3 h w -> n 3": dict(pattern="b c h w -> b c", reduction="sum"),
        "n 2 3 -> n": dict(pattern="b c d -> b", reduction="prod"),
        "n 2 4 3 -> n 3 2": dict(pattern="b c d e -> b e c", reduction="min"),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return super().infer(x)

    def _changed(self, plan: Plan, out: Code) -> Code:
        if not plan.gone:
            return out
        if self.reduction == "prod":
            for axis in reversed(plan.gone):
                out = out.prod(axis)
            return out
        method = getattr(out, {"max": "amax", "min": "amin"}.get(self.reduction, self.reduction))
        done: Code = method(plan.gone[0] if len(plan.gone) == 1 else tuple(plan.gone))
        return done

    def _changed_onnx(self, g: OnnxBuilder, plan: Plan, out: Value) -> Value:
        if not plan.gone:
            return out
        axes = g.constant(plan.gone, "int64", name="axes")
        return g.op(f"Reduce{self.reduction.capitalize()}", out, axes, keepdims=0)


class Repeat(_Pattern):
    """Axes by name, of which new ones say the same again.

    (n, ...) -> (n, ...)

    `b c -> b c k` with `k: 4` beside the pattern; einops.repeat.
    """

    may_add = True
    examples = {
        "n 4 -> n 4 3": dict(pattern="b c -> b c k", k=3),
        "n 3 4 -> n 6 8": dict(pattern="b h w -> b (h p) (w q)", p=2, q=2),
        "n t 4 -> n t 4 2": dict(pattern="b t c -> b t c k", k=2),
    }

    def _added(self, plan: Plan) -> list[int]:
        return [place for place, name in enumerate(plan.order) if name not in plan.apart]

    def _grown(self, plan: Plan, x: Code, out: Code) -> Code:
        for place in self._added(plan):
            out = out.unsqueeze(place)
        added = self._added(plan)
        sizes = [plan.sizes[name] if place in added else -1 for place, name in enumerate(plan.order)]
        return out.expand(*sizes) if added else out

    def _grown_onnx(self, g: OnnxBuilder, plan: Plan, x: Value, out: Value) -> Value:
        added = self._added(plan)
        if not added:
            return out
        out = g.op("Unsqueeze", out, g.constant(added, "int64", name="axes"))
        sizes = [plan.sizes[name] if place in added else 1 for place, name in enumerate(plan.order)]
        return g.op("Expand", out, g.constant(sizes, "int64", name="shape"))


def _wrong(message: str, help: str = "") -> ShapeError:
    return ShapeError(message, field="pattern", help=help)


def _named_axes(side: str) -> int:
    """How many axes of one side have names: all but the ellipsis."""
    return len(_groups(side.replace(ELLIPSIS, " "), 0))


def _groups(side: str, unnamed: int) -> list[Group]:
    """The axes of one side, each as the names that it is made of; an ellipsis as so many axes."""
    groups: list[Group] = []
    inside: list[str] | None = None
    for token in _TOKEN.findall(side):
        names = [f"_{place}" for place in range(max(unnamed, 0))] if token == ELLIPSIS else [token]
        if token == "(" and inside is None:
            inside = []
        elif token == ")" and inside is not None:
            groups.append(tuple(inside))
            inside = None
        elif not (token == ELLIPSIS or token.isidentifier() or token == "1") or token == "_":
            raise _wrong(f"a pattern has names, parentheses and ..., not {token!r}")
        elif inside is not None:
            inside += [] if token == "1" else names
        else:
            groups += [() if name == "1" else (name,) for name in names]
    if inside is not None:
        raise _wrong("a parenthesis of the pattern is never closed")
    return groups
