"""A spec and its graph together: what every later stage starts from."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nnspec import source
from nnspec.diagnostics import Diagnostic, Findings
from nnspec.graph.build import build
from nnspec.graph.graph import Graph
from nnspec.graph.lint import lint
from nnspec.source import Node
from nnspec.spec import Spec, read_document, validate
from nnspec.spec.overrides import override


@dataclass(frozen=True, eq=False)
class Network:
    """A spec that has passed every check, its graph, and the warnings."""

    spec: Spec
    graph: Graph
    warnings: tuple[Diagnostic, ...] = ()
    folder: Path = Path()  # where the spec stands: its data are found from here


def check(root: Node, stem: str, findings: Findings) -> tuple[Spec, Graph] | None:
    """Document, names and shapes in one go, then what is right but seldom meant; all of it goes to `findings`."""
    spec = validate(root, stem, findings)
    if not spec:
        return None
    graph = build(spec, findings)
    lint(spec, graph, findings)
    return spec, graph


def load_network(path: Path | str, overrides: Iterable[str] = ()) -> Network:
    """The network that a spec file describes; SpecError with every mistake in it."""
    return _network(read_document(path, overrides), Path(path).stem, Path(path).parent)


def parse_network(text: str, name: str = "spec.yaml", overrides: Iterable[str] = (), *, json: bool = False) -> Network:
    """The network that a text describes."""
    root = override(source.parse(text, name, json=json), overrides)
    return _network(root, Path(name).stem, Path())


def _network(root: Node, stem: str, folder: Path) -> Network:
    findings = Findings()
    found = check(root, stem, findings)
    findings.raise_errors()
    assert found
    spec, graph = found
    return Network(spec, graph, tuple(findings.warnings), folder)
