"""What a preparation step is held to: `check_step(MyStep)`."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnspec.exporting.builder import GraphBuilder, Scope, check_model, to_bytes
from nnspec.layers.layer import Value
from nnspec.prepare.fitted import FittedStep, apply, fit, fit_chunks, invert
from nnspec.prepare.missing import is_missing
from nnspec.prepare.step import MEANING, Step
from nnspec.runtime import open_session
from nnspec.shapes import ShapeError, Tensor, parse_example

Array = np.ndarray[Any, np.dtype[Any]]

OPSETS = (18, 20, 23, 28)
ROWS = 50
SIZES = {"batch": ROWS, "h": 6, "w": 5}  # and 7 for any other length
TOLERANCE = 1e-5
TEXTS = ["red", "Red", "green", "zürich", "東京", "🙂", "a b", " c", "1", "1.0", "x" * 300]
GAPS = ["", "NA", "nan", "None"]
UNSEEN = ["unseen", "rEd", "\t", "'; --"]


def check_step(step_type: type[Step], opsets: Sequence[int] = OPSETS) -> None:
    """Hold a step to its contract. What breaks it is raised, with the example as a note."""
    _check_documented(step_type)
    for text, arguments in step_type.examples.items():
        try:
            (given,), (wanted,) = parse_example(text)
            assert given and wanted
            _check_example(_Example(step_type(**arguments), given, wanted), opsets)
        except Exception as error:
            error.add_note(f"{step_type.__name__}, example {text!r}: {arguments}")
            raise


@dataclass(frozen=True)
class _Example:
    """A step, what it is given, and what it says it gives."""

    step: Step
    given: Tensor
    wanted: Tensor

    def sizes(self, x: Tensor, rows: int) -> tuple[int, ...]:
        lengths = {**dict.fromkeys(x.symbols, 7), **SIZES, "batch": rows}
        return tuple(size for size in x.bind(lengths).shape if isinstance(size, int))

    def columns(self) -> Iterator[tuple[str, Array, Array]]:
        """Kinds of columns: rows to learn from, and others to prepare."""
        random = np.random.default_rng(0)
        for title, values, more in _values(self.step, self.given.dtype):
            shape = self.sizes(self.given, 1 if title == "one row" else ROWS)
            dtype = self.given.dtype
            yield title, _drawn(random, values, shape, dtype), _drawn(random, [*values, *more], shape, dtype)


def _values(step: Step, dtype: str) -> Iterator[tuple[str, Sequence[Any], Sequence[Any]]]:
    """Kinds of values to learn from, and those that come beside them afterwards."""
    ordinary = list(step.sample) or _ordinary(dtype)
    gaps: list[Any] = GAPS if dtype == "string" else [np.nan] if dtype.startswith("float") else []
    yield "ordinary", ordinary, []
    yield "one row", ordinary, []
    yield "constant", ordinary[:1], ordinary
    if not step.sample:
        yield from _nasty(dtype)
    if gaps and step.missing != "refuses":
        yield "missing", [*ordinary, *gaps], [*gaps, *gaps]


def _ordinary(dtype: str) -> list[Any]:
    if dtype == "string":
        return TEXTS
    if dtype.startswith("float"):
        return [float(value) for value in np.random.default_rng(1).normal(3, 40, 2000)]
    return list(range(2 if dtype == "bool" else 200))


def _nasty(dtype: str) -> Iterator[tuple[str, Sequence[Any], Sequence[Any]]]:
    if dtype == "string":
        yield "unseen", TEXTS[:3], UNSEEN
    elif dtype.startswith("float"):
        yield "huge", [1e30, 2e30, -3e30, 5e29], [0.0, -1e31]
        yield "tiny", [1e-30, 2e-30, -3e-30], [0.0]
        yield "nearly all alike", [0.0] * 9 + [1e-3], [7.0]
        yield "far from zero", [1e6 + 1, 1e6 + 2, 1e6 + 3], [0.0]
    elif dtype == "int64":
        yield "large", [0, -1, 2**31, 2**40], [-(2**40), 3]


def _drawn(random: np.random.Generator, values: Sequence[Any], shape: tuple[int, ...], dtype: str) -> Array:
    return np.array(values, dtype=object if dtype == "string" else dtype)[random.integers(len(values), size=shape)]


def _check_documented(step_type: type[Step]) -> None:
    name = step_type.__name__
    sentence, _, rest = (step_type.__doc__ or "").partition("\n\n")
    assert sentence.strip().endswith("."), f"{name}: its docstring begins with no sentence"
    assert "->" in rest.strip().split("\n")[0], f"{name}: its docstring has no line of shapes"
    for field, info in step_type.model_fields.items():
        assert info.description, f"{name}.{field} has no description"
    assert len(step_type.examples) >= 2, f"{name} has fewer than two examples"


def _check_example(example: _Example, opsets: Sequence[int]) -> None:
    step, given = example.step, example.given
    assert step.infer(given) == example.wanted, f"infer: {step.infer(given)}, not {example.wanted}"
    _check_types(step, given)
    for title, rows, more in example.columns():
        (fitted,) = fit([step], rows)
        _check_learnt(fitted, rows, more, title)
        prepared = apply([fitted], more)
        _check_form(example, fitted, title, more, prepared)
        if step.outside:
            continue
        for opset in opsets:
            there = _run(step.to_onnx, fitted, given, example.wanted, more, opset)
            _close(f"{title}, onnxruntime, opset {opset}", there, prepared)
            if step.invertible:
                back = invert([fitted], prepared)
                found = _run(step.invert_onnx, fitted, example.wanted, given, prepared, opset)
                _close(f"{title}, the inverse in onnxruntime, opset {opset}", found, back)


def _check_types(step: Step, given: Tensor) -> None:
    """What it does not take it refuses."""
    assert given.dtype in step.takes, f"its example takes {given.dtype}, it itself {', '.join(step.takes)}"
    for dtype in MEANING.keys() - set(step.takes):
        try:
            step.infer(Tensor(given.shape, dtype))
        except ShapeError:
            continue
        raise AssertionError(f"infer accepts {dtype}, which is not in `takes`: begin it with super().infer(x)")


def _check_learnt(fitted: FittedStep, rows: Array, more: Array, title: str) -> None:
    """The state is JSON, and the same whether rows come at once or in chunks."""
    arguments = json.dumps(fitted.step.model_dump(mode="json"), allow_nan=False)
    state = json.loads(json.dumps(fitted.state, allow_nan=False))
    again = FittedStep(type(fitted.step).model_validate_json(arguments), state)
    assert again == fitted, f"{title}: the state is not what JSON keeps of it"
    (chunked,) = fit_chunks([fitted.step], lambda: np.array_split(rows, 3) if len(rows) > 2 else [rows])
    _close(f"{title}: learnt in chunks", apply([chunked], more), apply([fitted], more))


def _check_form(example: _Example, fitted: FittedStep, title: str, rows: Array, prepared: Array) -> None:
    """The shape and type that were inferred; missing values passed on or filled, and the inverse an inverse."""
    assert prepared.shape == example.sizes(example.wanted, len(rows)), f"{title}: apply gives {prepared.shape}"
    kind = "object" if example.wanted.dtype == "string" else example.wanted.dtype
    assert prepared.dtype == kind, f"{title}: apply gives {prepared.dtype}, not {kind}"
    gaps = np.array([(isinstance(v, str) and is_missing(v)) or v != v for v in rows.flat]).reshape(rows.shape)
    if prepared.dtype.kind == "f" and fitted.step.missing == "passes":
        assert np.array_equal(np.isnan(prepared), gaps), f"{title}: it does not pass missing values on as they are"
    elif prepared.dtype.kind == "f":
        assert np.isfinite(prepared).all(), f"{title}: it gives something other than finite numbers"
    if fitted.step.invertible and title == "ordinary":
        _close(f"{title}: there and back", invert([fitted], prepared), rows, 1e-4)


def _run(
    write: Callable[[Scope, Value, Any], Value], fitted: FittedStep, x: Tensor, y: Tensor, rows: Array, opset: int
) -> Array:
    """The step as a file of its own, checked by onnx and run."""
    builder = GraphBuilder(opset=opset)
    scope = builder.scope("step")
    (value,) = scope.finish(write(scope, builder.input("x", x), fitted.state), [y])
    builder.output(value, "y", y)
    model = builder.model("step")
    check_model(model)
    return open_session(to_bytes(model), threads=1).run({"x": rows})["y"]


def _close(what: str, given: Array, wanted: Array, tolerance: float = TOLERANCE) -> None:
    assert (given.dtype, given.shape) == (wanted.dtype, wanted.shape), f"{what}: {given.dtype} {given.shape}"
    if given.dtype.kind in "OUib":
        assert np.array_equal(given, wanted), f"{what}: other values"
        return
    size = float(np.nan_to_num(np.abs(wanted)).max(initial=1.0))
    with np.errstate(invalid="ignore"):
        apart = float(np.nan_to_num(np.abs(given.astype(np.float64) - wanted)).max(initial=0.0))
    close = np.allclose(given, wanted, rtol=tolerance, atol=tolerance * min(size, 1.0), equal_nan=True)
    assert close, f"{what}: {apart:.1e} apart"
