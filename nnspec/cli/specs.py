"""Commands that read a spec and run no network: check, show, compile, layers, schema."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnspec.cli.main import EXIT_USAGE, EXIT_WRONG, palette_of_errors, print_errors
from nnspec.diagnostics import Diagnostic, Findings, SpecError, render

if TYPE_CHECKING:
    from nnspec.graph import Network


def check(arguments: Namespace) -> int:
    """Every mistake in each file; one line for a file without any."""
    if arguments.resolved:
        return _resolved(arguments)
    results = {path: _diagnostics(path, arguments) for path in arguments.specs}
    wrong = any(found.severity == "error" for findings, _ in results.values() for found in findings)
    if arguments.format == "json":
        files = [
            {"file": path, "diagnostics": [found.as_json() for found in findings]}
            for path, (findings, _) in results.items()
        ]
        print(json.dumps({"ok": not wrong, "files": files}, ensure_ascii=False, indent=2))
    else:
        _print_checked(results)
    return EXIT_WRONG if wrong else 0


def show(arguments: Namespace) -> int:
    """The table of layers, or a drawing."""
    network = load(arguments, arguments.spec)
    warn(network.warnings)
    if arguments.mermaid or arguments.dot or arguments.svg:
        from nnspec.graph import draw

        if arguments.svg:
            write(arguments.svg, draw.svg(network.graph, arguments.depth))
        else:
            written = draw.mermaid if arguments.mermaid else draw.dot
            print(written(network.graph, arguments.depth))
        return 0
    from nnspec.graph.listing import listing
    from nnspec.graph.table import table

    spec = network.spec
    batch = spec.train.batch_size if isinstance(spec.train.batch_size, int) else None
    if arguments.format == "json":
        found = listing(network.graph, batch_size=batch, optimizer=spec.optimizer, depth=arguments.depth)
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    print(table(network.graph, batch_size=batch, optimizer=spec.optimizer, depth=arguments.depth))
    return 0


def compile(arguments: Namespace) -> int:
    """The network as PyTorch source."""
    from nnspec import verbs

    network = load(arguments, arguments.spec)
    warn(network.warnings)
    print_or_write(verbs.compile(network), arguments.output)
    return 0


def layers(arguments: Namespace) -> int:
    """All layer types, or one of them explained, or drawn."""
    from nnspec import layers as vocabulary
    from nnspec import prepare
    from nnspec.layers import describe

    if arguments.name and arguments.name in prepare.known() and arguments.name not in vocabulary.known():
        return steps(arguments)
    if arguments.svg and not _has_curve(arguments.name):
        wrong = f"{arguments.name} is no function of each element" if arguments.name else "a curve is of one layer type"
        print(f"nnspec layers: {wrong}\n  help  as in `nnspec layers ReLU --svg relu.svg`", file=sys.stderr)
        return EXIT_USAGE
    text = describe.describe(arguments.name) if arguments.name else describe.listing()
    if arguments.svg:
        write(arguments.svg, _curve(arguments.name).encode())
    if arguments.html:
        write(arguments.html, _reference(arguments.name).encode())
    if not arguments.svg and not arguments.html:
        print(text)
    return 0


def steps(arguments: Namespace) -> int:
    """All preparation steps, or one of them explained."""
    from nnspec.prepare import describe

    print(describe.describe(arguments.name) if arguments.name else describe.listing())
    return 0


def _has_curve(name: str | None) -> bool:
    """Whether a layer type is a function of each element."""
    from nnspec.layers import find
    from nnspec.layers.elementwise import Elementwise

    layer = find(name) if name else None
    return layer is not None and issubclass(layer, Elementwise)


def _curve(name: str) -> str:
    """The curve of a function of each element, with the arguments of its first example."""
    from nnspec.codegen.curve import trace
    from nnspec.layers import curve, describe, find
    from nnspec.layers.elementwise import Elementwise

    layer = find(name)
    assert layer is not None and issubclass(layer, Elementwise)
    given = next(iter(layer.examples.values()))
    return curve.to_svg(f"{name}{f' {describe.flow(given)}' if given else ''}", trace(layer(**given)))


def _reference(name: str | None) -> str:
    """The page of one layer type, or of all."""
    from nnspec.layers import known, reference

    names = [name] if name else known()
    return reference.page(names, {each: _curve(each) for each in names if _has_curve(each)})


def schema(arguments: Namespace) -> int:
    """The JSON Schema of a spec."""
    from nnspec.spec import schema

    text = json.dumps(schema.json_schema(), indent=2, ensure_ascii=False) + "\n"
    print_or_write(text, arguments.output)
    if arguments.output:
        line = schema.editor_line(arguments.output)
        print(
            f"Put this line on top of a spec, and editors with the YAML language server complete and check it:\n{line}"
        )
    return 0


def load(arguments: Namespace, path: str) -> "Network":
    """The network of a spec, read as the command line asks."""
    from nnspec.graph import load_network

    return load_network(path, arguments.overrides, allow_path=arguments.allow_path, max_layers=arguments.max_layers)


def print_or_write(text: str, output: str | None) -> None:
    """The text on the terminal, or whole in a file."""
    if output:
        write(output, text.encode())
    else:
        sys.stdout.write(text)


def write(output: str, data: bytes) -> None:
    """The file whole, and a line that says so."""
    from nnspec.runs import write_whole

    write_whole(Path(output), data)
    print(f"wrote {output}", file=sys.stderr)


def _resolved(arguments: Namespace) -> int:
    """The long form of a spec, and nothing else."""
    from nnspec.spec.resolve import resolve

    if len(arguments.specs) > 1:
        print("nnspec check: --resolved takes one SPEC\n  help  nnspec check --help", file=sys.stderr)
        return EXIT_USAGE
    network = load(arguments, arguments.specs[0])
    if arguments.strict:
        refuse(network.warnings)
    print(json.dumps(resolve(network.spec), ensure_ascii=False, indent=2))
    return 0


def _diagnostics(path: str, arguments: Namespace) -> tuple[list[Diagnostic], Any]:
    """What is wrong with a file, and its graph where nothing is."""
    from nnspec.graph import check as check_document
    from nnspec.spec import read_document
    from nnspec.spec.reach import Reach

    findings = Findings()
    try:
        root = read_document(path, arguments.overrides, allow_path=arguments.allow_path, findings=findings)
        reach = Reach(Path(path).parent, tuple(map(Path, arguments.allow_path)))
        checked = check_document(root, Path(path).stem, findings, reach=reach, max_layers=arguments.max_layers)
        findings.raise_errors()
        if arguments.strict:
            refuse(findings.warnings)
    except SpecError as error:
        return list(error.diagnostics), None
    return findings.warnings, checked


def _print_checked(results: dict[str, tuple[list[Diagnostic], Any]]) -> None:
    from nnspec.graph.cost import cost, human

    for path, (findings, checked) in results.items():
        if checked is None:
            print_errors(SpecError(findings))
            continue
        warn(findings)
        _, graph = checked
        count = f"{len(graph)} layer{'s' if len(graph) != 1 else ''}"
        print(f"{path}: ok, {count}, {human(cost(graph).parameters)} parameters")


def refuse(warnings: Iterable[Diagnostic]) -> None:
    """Raise the warnings as errors, where there are any."""
    if errors := [replace(warning, severity="error") for warning in warnings]:
        raise SpecError(errors)


def warn(warnings: Iterable[Diagnostic], *, strict: bool = False) -> None:
    """Each warning on stderr; all of them raised as errors where `strict`."""
    if strict:
        refuse(warnings)
    palette = palette_of_errors()
    for warning in warnings:
        print(render(warning, palette), file=sys.stderr)
