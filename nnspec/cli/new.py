"""The command that writes a spec to start from."""

import shlex
import sys
from argparse import Namespace
from pathlib import Path

from nnspec.diagnostics import Span, SpecError, Text


def new(arguments: Namespace) -> int:
    """A template's text, on the terminal or in a file; the list of templates without one."""
    from nnspec.templates import find_template, write_template

    if arguments.list or not arguments.template:
        print(_listing())
        return 0
    output = arguments.output
    if output and Path(output).exists() and not arguments.force:
        text = Text("command line", (f"-o {output}",))
        span = Span(text, 1, 4, 1, 4 + len(output))
        raise SpecError.of("file", f"{output} is there already", span, help="--force writes over it")
    template = find_template(arguments.template)
    text_written = write_template(template, arguments.overrides)
    _check(text_written, output or f"{template.name}.yaml")
    if not output:
        sys.stdout.write(text_written)
        return 0
    _write(text_written, output)
    return 0


def _listing() -> str:
    from nnspec.templates import templates

    found = templates()
    width = max(len(template.name) for template in found)
    lines = [f"{template.name:<{width}}  {template.description}" for template in found]
    example = f"nnspec new {found[0].name} -o net.yaml"
    return "\n".join([*lines, "", f"{example} writes one as a file of your own."])


def _check(text: str, name: str) -> None:
    """What is written is right: a value that does not fit is told before there is a file."""
    from nnspec.graph.network import parse_network

    parse_network(text, name)


def _write(text: str, output: str) -> None:
    from nnspec.files import write_text

    write_text(Path(output), text)
    print(f"wrote {output}; next:")
    for command in ("explain", "check", "train"):
        print(f"  nnspec {command} {shlex.quote(output)}")
