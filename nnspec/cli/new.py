"""The command that writes a spec to start from."""

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from nnspec.diagnostics import Span, SpecError, Text
from nnspec.spec.cells import SKLEARN
from nnspec.spec.splice import splice


def new(arguments: Namespace) -> int:
    """A template's text, on the terminal or in a file; the list of templates without one."""
    from nnspec.templates import data_beside, find_template, write_template

    if arguments.data:
        return _from_data(arguments)
    if arguments.list or not arguments.template:
        print(_listing())
        return 0
    output = _free(arguments)
    template = find_template(arguments.template)
    text_written = write_template(template, arguments.overrides)
    _check(text_written, output or f"{template.name}.yaml")
    if not output:
        sys.stdout.write(text_written)
        return 0
    _copy(data_beside(template, text_written), Path(output).parent, force=arguments.force)
    _write(text_written, output)
    return 0


def _copy(files: Sequence[Path], folder: Path, *, force: bool) -> None:
    """Copy the data that a template reads; a file of that name that holds something else is not written over."""
    from nnspec.files import write_whole

    for file in files:
        target, data = folder / file.name, file.read_bytes()
        if target.is_file() and target.read_bytes() == data:
            continue
        if target.exists() and not force:
            help = "--force writes over it; or give another folder"
            raise SpecError.of("file", f"{target} is there already, and the template has another", help=help)
        write_whole(target, data)
        print(f"wrote {target}, which it learns from")


def _from_data(arguments: Namespace) -> int:
    """A spec guessed from data."""
    from nnspec.cli.measuring import read_given
    from nnspec.profiling import guess_spec

    output = _free(arguments)
    folder = Path(output).parent if output else Path()
    named = arguments.data if arguments.data.startswith(SKLEARN) else _seen_from(Path(arguments.data), folder)
    text = splice(guess_spec(read_given(arguments.data), named, arguments.target), "guess", arguments.overrides)
    _check(text, output or "net.yaml")
    if not output:
        sys.stdout.write(text)
        return 0
    _write(text, output, ("data", "check", "train"))
    return 0


def _seen_from(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _free(arguments: Namespace) -> str | None:
    """The file to write, which is not there yet unless it may be written over."""
    output: str | None = arguments.output
    if output and Path(output).exists() and not arguments.force:
        text = Text("command line", (f"-o {output}",))
        span = Span(text, 1, 4, 1, 4 + len(output))
        raise SpecError.of("file", f"{output} is there already", span, help="--force writes over it")
    return output


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


def _write(text: str, output: str, following: Sequence[str] = ("explain", "check", "train")) -> None:
    from nnspec.files import write_text

    write_text(Path(output), text)
    print(f"wrote {output}; next:")
    for command in following:
        print(f"  nnspec {command} {shlex.quote(output)}")
