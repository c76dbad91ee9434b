"""Any valid document, damaged at random, ends in `SpecError` or in a valid graph, and in nothing else."""

import ast
import json
import time

from damage import damaged
from documents import documents, networks
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec.codegen.write import write
from nnspec.diagnostics import CODES, SpecError
from nnspec.graph import Network, parse_network
from nnspec.spec.names import name_fault
from nnspec.spec.resolve import resolve

DOCUMENTS, NETWORKS = documents(), networks()
SECONDS = 1  # of the processor, for one document
# What `import` and attribute access may reach in generated source.
MODULES = {"fnmatch", "torch", "torch.nn", "torch.nn.functional"}


def assert_told(error: SpecError) -> None:
    told = [(found.code, found.span, found.message) for found in error.diagnostics]
    assert told and len(set(told)) == len(told)
    assert all(found.code in CODES and found.message for found in error.diagnostics)
    str(error).encode()


def assert_valid(network: Network) -> None:
    """The source compiles and holds plain names only; the long form is the same network."""
    source = write(network.graph, description=network.spec.description, origin="spec.yaml")
    assert_plain(compile(source.text, "spec.py", "exec", ast.PyCF_ONLY_AST))
    compile(source.text, "spec.py", "exec")
    assert not any(
        name_fault(part) for name in network.graph.vertices for part in name.split(".") if not part.isdigit()
    )
    again = parse_network(json.dumps(resolve(network.spec)), "again.json", json=True)
    assert [(vertex.name, vertex.layer, vertex.inputs, vertex.gives) for vertex in again.graph] == [
        (vertex.name, vertex.layer, vertex.inputs, vertex.gives) for vertex in network.graph
    ]


def assert_plain(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= MODULES
        if isinstance(node, ast.ImportFrom):
            assert node.module in MODULES
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("__") or node.attr == "__init__"
        if isinstance(node, ast.Name):
            assert not node.id.startswith("__")
        assert not isinstance(node, ast.Global | ast.Nonlocal | ast.Lambda | ast.Try | ast.Delete)


def outcome(text: str, is_json: bool) -> None:
    start = time.process_time()
    try:
        network = parse_network(text, "spec.json" if is_json else "spec.yaml", json=is_json)
    except SpecError as error:
        assert_told(error)
        network = None
    assert time.process_time() - start < SECONDS
    if network:
        assert_valid(network)


def test_the_documents_are_valid():
    for text in DOCUMENTS:
        assert_valid(parse_network(text))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NETWORKS) | st.sampled_from(DOCUMENTS), st.randoms(use_true_random=False))
def test_a_damaged_document_ends_in_an_error_or_a_graph(text, chance):
    outcome(*damaged(text, chance))
