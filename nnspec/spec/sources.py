"""What `data` may name: files within the spec's reach, or a set that scikit-learn ships. Nothing is opened."""

from dataclasses import replace
from pathlib import Path

from nnspec.diagnostics import Findings, Span, SpecError, did_you_mean
from nnspec.spec.cells import SKLEARN, SKLEARN_SETS
from nnspec.spec.document import Source
from nnspec.spec.reach import URL, Reach, shown
from nnspec.spec.spec import Spec

PLACES = ("source", "train", "validation", "test")


def check_sources(spec: Spec, reach: Reach, findings: Findings) -> None:
    """Tell of sources that a spec may not read. Whether a file stands there is training's to find out."""
    for place in PLACES if spec.data else ():
        source = getattr(spec.data, place)
        if source is None:
            continue
        for key, name in _names(source):
            try:
                find_source(name, reach, spec.span_of("data", place, *key))
            except SpecError as error:
                findings.found.extend(error.diagnostics)


def _names(source: Source) -> list[tuple[tuple[str | int, ...], str]]:
    """Each file that a source names, with the way to it."""
    if isinstance(source, str):
        return [((), source)]
    items = source.items() if isinstance(source, dict) else enumerate(source)
    return [((key,), name) for key, name in items]


def find_source(source: str, reach: Reach, span: Span) -> Path | str:
    """The path of the file that a source names, or the name of a set of scikit-learn's; SpecError at the span."""
    if source.startswith(SKLEARN):
        return _known_set(source.removeprefix(SKLEARN), span)
    return find_file(source, reach, span)


def find_file(source: str, reach: Reach, span: Span) -> Path:
    """The file's path, which must be within reach: a spec from elsewhere reads nothing else."""
    try:
        return reach.find(source, reach.folder, span, "data-file")
    except SpecError as error:
        if not URL.match(source):
            raise
        (fault,) = error.diagnostics
        raise SpecError([replace(fault, help=f"{fault.help}, or one of {_sets()}")]) from None


def _known_set(name: str, span: Span) -> str:
    if name in SKLEARN_SETS:
        return name
    near = did_you_mean(name, SKLEARN_SETS) or f"there are {_sets()}"
    raise SpecError.of("data-file", f"scikit-learn ships no set that is named {shown(name)} here", span, help=near)


def _sets() -> str:
    return ", ".join(SKLEARN + name for name in SKLEARN_SETS)


def is_pattern(name: str) -> bool:
    """Whether a name stands for all files that match it."""
    return "*" in name or "?" in name


def shown_source(source: Source | None) -> str:
    """A source in a line."""
    if source is None or isinstance(source, str):
        return source or ""
    first, *others = source.values() if isinstance(source, dict) else source
    return f"{first} and {len(others)} more" if others else first
