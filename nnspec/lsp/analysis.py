"""A text checked as `nnspec check` checks a file, with as much of its network as could be made."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nnspec import source
from nnspec.diagnostics import Diagnostic, Findings, Span, SpecError, Text
from nnspec.graph import Network, check
from nnspec.graph.annotations import Annotation, annotations
from nnspec.graph.graph import Graph, Vertex
from nnspec.source import Node
from nnspec.source.file import check_length
from nnspec.spec import Spec
from nnspec.spec.compose import compose


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is known of a text. Without a root it is not well-formed; without a spec too little of it is right."""

    diagnostics: tuple[Diagnostic, ...] = ()
    root: Node | None = None  # as written, imports being paths
    spec: Spec | None = None
    graph: Graph | None = None

    @cached_property
    def annotations(self) -> list[Annotation]:
        """What each entry gives, of those whose shapes could be inferred."""
        if not self.spec or not self.graph:
            return []
        return annotations(Network(self.spec, self.graph))

    @cached_property
    def vertices(self) -> dict[tuple[int, int], list[Vertex]]:
        """The layers that stand at a place of the text, the layer type's name."""
        found: dict[tuple[int, int], list[Vertex]] = {}
        for vertex in self.graph or ():
            if self.root and vertex.span.text is self.root.span.text:
                found.setdefault((vertex.span.line, vertex.span.column), []).append(vertex)
        return found


def analyse(text: str, path: Path, *, json: bool = False) -> Analysis:
    """Check the text of a document that stands, or will stand, at a path."""
    findings = Findings()
    root: Node | None = None
    spec: Spec | None = None
    graph: Graph | None = None
    try:
        check_length(len(text.encode(errors="replace")), Span(Text(path.name)))
        with source.collector_paused():
            root = source.parse(text, path.name, json=json)
            spec, graph = check(compose(root, path, findings=findings), path.stem, findings) or (None, None)
        findings.raise_errors()
    except SpecError as error:
        return Analysis(error.diagnostics, root, spec, graph)
    return Analysis(tuple(findings.found), root, spec, graph)
