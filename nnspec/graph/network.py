"""A spec and its graph together: what every later stage starts from."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nnspec import source
from nnspec.diagnostics import Diagnostic, Findings
from nnspec.graph.build import build
from nnspec.graph.graph import Graph
from nnspec.graph.heads import check_heads
from nnspec.graph.lint import lint
from nnspec.graph.start import check_start
from nnspec.source import Node
from nnspec.spec import Spec, validate
from nnspec.spec.compose import compose
from nnspec.spec.reach import Reach
from nnspec.spec.sources import check_sources


@dataclass(frozen=True, eq=False)
class Network:
    """A spec that has passed every check, its graph, and the warnings."""

    spec: Spec
    graph: Graph
    warnings: tuple[Diagnostic, ...] = ()
    folder: Path = Path()  # where the spec stands: its data are found from here
    allowed: tuple[Path, ...] = ()  # other folders that it may read from


def check(
    root: Node,
    stem: str,
    findings: Findings,
    *,
    reach: Reach | None = None,
    start: bool = True,
    max_layers: int | None = None,
) -> tuple[Spec, Graph] | None:
    """Document, names and shapes in one go, then what is right but seldom meant; all of it goes to `findings`.

    `reach` is what the spec may read: its data's classes, and unless `start` is false, which it is for a network that
    is trained already, the weights that it starts from. Without it files are left alone.
    """
    with _collecting_later():
        spec = validate(root, stem, findings)
        if not spec:
            return None
        graph = build(spec, findings, max_layers)
        if reach and start:
            check_sources(spec, reach, findings)
            check_start(spec, graph, reach, findings)
        lint(spec, graph, findings)
        if spec.budget:
            from nnspec.graph.budget import check_budget  # few specs have one, and every check would wait for it

            check_budget(spec, graph, findings)
        if reach:
            check_heads(spec, graph, reach, findings)
        # A file that is both extended and imported is read as two documents, of which each has its mistakes.
        findings.found[:] = {(found.code, found.span, found.message): found for found in findings.found}.values()
        return spec, graph


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Keep Python from looking for cycles while a graph grows: nearly all of it stays, and each look takes longer."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def load_network(
    path: Path | str,
    overrides: Iterable[str] = (),
    *,
    allow_path: Iterable[Path | str] = (),
    max_layers: int | None = None,
) -> Network:
    """The network that a spec file describes; SpecError with every mistake in it.

    `allow_path` are folders, beside the spec's own, that it may read from.
    """
    findings, allowed = Findings(), tuple(map(Path, allow_path))
    root = compose(source.read(path), path, overrides, allow_path=allowed, findings=findings)
    return network_of(root, Path(path), findings, allowed, max_layers, start=True)


def parse_network(
    text: str,
    name: str = "spec.yaml",
    overrides: Iterable[str] = (),
    *,
    json: bool = False,
    allow_path: Iterable[Path | str] = (),
    max_layers: int | None = None,
) -> Network:
    """The network that a text describes; what it imports is found from `name`, its path. Given weights are not read."""
    findings, allowed = Findings(), tuple(map(Path, allow_path))
    root = compose(source.parse(text, name, json=json), name, overrides, allow_path=allowed, findings=findings)
    return network_of(root, Path(name), findings, allowed, max_layers, start=False)


def network_of(
    root: Node,
    path: Path,
    findings: Findings,
    allowed: tuple[Path, ...] = (),
    max_layers: int | None = None,
    *,
    start: bool = True,
) -> Network:
    """The network of a document that was read from a path; SpecError with every mistake in it.

    Unless `start`, the weights that it starts from are not looked at.
    """
    reach = Reach(path.parent, allowed)
    found = check(root, path.stem, findings, reach=reach, start=start, max_layers=max_layers)
    findings.raise_errors()
    assert found
    spec, graph = found
    return Network(spec, graph, tuple(findings.warnings), path.parent, allowed)
