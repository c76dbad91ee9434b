"""What was compared between PyTorch and onnxruntime, how far apart they were, and whether that is near enough."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnspec.diagnostics import Diagnostic, Note, SpecError

ROUNDING = 10  # times the tolerance: up to here a difference may be rounding, and the message says so


@dataclass(frozen=True, slots=True)
class Tolerance:
    """|onnxruntime - PyTorch| <= atol + rtol * |PyTorch|."""

    atol: float
    rtol: float

    def __str__(self) -> str:
        return f"{self.atol:g} + {self.rtol:g} * |PyTorch|"

    def allowed(self, value: float) -> float:
        return self.atol + self.rtol * abs(value)


@dataclass(frozen=True, slots=True)
class Failure:
    """The first answer of an output that is outside the tolerance, or another class."""

    output: str
    fault: str  # what the file does: `names another class`
    case: str
    example: int
    place: tuple[int, ...]  # the index within the example's answer
    pytorch: Any
    onnxruntime: Any
    tolerance: Tolerance | None = None  # None: classes, which are equal or not


@dataclass(frozen=True, slots=True)
class OutputProof:
    """One output, over every case. Differences are of probabilities, or of values in their own units."""

    name: str
    examples: int
    max_abs: float | None  # None where the answer is a class alone
    max_rel: float | None  # of values larger than atol
    other_classes: int | None  # answers that name another class; None for values
    ties: int  # of those, the ones whose two best probabilities are within the tolerance of one another
    metrics: Mapping[str, tuple[float, float]]  # PyTorch's and onnxruntime's
    tolerance: Tolerance  # in the output's own units
    failure: Failure | None

    def as_json(self) -> dict[str, Any]:
        return {
            "examples": self.examples,
            "max_abs": _finite(self.max_abs),
            "max_rel": _finite(self.max_rel),
            "other_classes": self.other_classes,
            "ties": self.ties,
            "atol": self.tolerance.atol,
            "metrics": {
                name: {"pytorch": _finite(a), "onnxruntime": _finite(b)} for name, (a, b) in self.metrics.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome of running one file beside its module."""

    outputs: tuple[OutputProof, ...]
    cases: tuple[str, ...]  # what ran: `batch of 1`, `T = 5`, `270 test rows`
    tolerance: Tolerance
    versions: Mapping[str, str]
    providers: tuple[str, ...]

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(output.failure for output in self.outputs if output.failure)

    @property
    def proven(self) -> bool:
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        return {
            "proven": self.proven,
            "cases": list(self.cases),
            "atol": self.tolerance.atol,
            "rtol": self.tolerance.rtol,
            "outputs": {output.name: output.as_json() for output in self.outputs},
            "versions": dict(self.versions),
            "providers": list(self.providers),
        }


def demand(proof: Proof) -> None:
    """Raise SpecError, one diagnostic an output, unless the proof holds."""
    if not proof.proven:
        raise SpecError(_diagnostic(failure) for failure in proof.failures)


def render(proof: Proof) -> list[str]:
    """The proof as lines for a terminal."""
    rows = [["output", "examples", "max abs", "max rel", "other classes", "metric", "PyTorch", "onnxruntime"]]
    for output in proof.outputs:
        first, *others = output.metrics.items() or [("", ("", ""))]
        rows.append([*_figures(output), *_metric(*first)])
        rows += [["", "", "", "", "", *_metric(*metric)] for metric in others]
    used = [column for column in range(len(rows[0])) if any(row[column] for row in rows[1:])]
    widths = [max(len(row[column]) for row in rows) for column in used]
    lines = ["  ".join(f"{row[column]:<{w}}" for column, w in zip(used, widths, strict=True)).rstrip() for row in rows]
    word = "PROVEN" if proof.proven else "NOT PROVEN"
    return [*lines, f"{word} within {proof.tolerance}, on {', '.join(proof.cases)}"]


def _figures(output: OutputProof) -> list[str]:
    differences = ["" if value is None else f"{value:.1e}" for value in (output.max_abs, output.max_rel)]
    classes = "" if output.other_classes is None else f"{output.other_classes}"
    if output.ties:
        classes += f" ({output.ties} a tie)"
    return [output.name, f"{output.examples:,}", *differences, classes]


def _metric(name: str, values: tuple[Any, Any]) -> list[str]:
    return [name, *(f"{value:.6g}" if isinstance(value, float) else value for value in values)]


def _diagnostic(failure: Failure) -> Diagnostic:
    place = f", at {list(failure.place)}" if failure.place else ""
    notes = (
        Note("example", f"{failure.example} of the {failure.case}{place}"),
        Note("PyTorch", _shown(failure.pytorch)),
        Note("onnxruntime", _shown(failure.onnxruntime)),
    )
    message = f"the file {failure.fault} than the trained module, for the output {failure.output}"
    if failure.tolerance is None:
        return Diagnostic("proof", message, notes=notes)
    allowed = failure.tolerance.allowed(failure.pytorch)
    near = abs(failure.pytorch - failure.onnxruntime) < ROUNDING * allowed
    return Diagnostic(
        "proof",
        message,
        notes=(*notes, Note("allowed", f"a difference of {allowed:.3g}, which is {failure.tolerance}")),
        help="where numbers are large, rounding alone may be more: `export: {verify: {atol: ...}}`" if near else "",
    )


def _shown(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else repr(value)


def _finite(value: float | None) -> float | None:
    """JSON has no number for what is not finite."""
    return value if value is not None and math.isfinite(value) else None
