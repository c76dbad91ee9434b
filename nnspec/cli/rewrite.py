"""Commands that write a spec anew: fmt, annotate."""

import difflib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path

from nnspec.cli.main import EXIT_USAGE, EXIT_WRONG, print_errors
from nnspec.cli.specs import write
from nnspec.diagnostics import SpecError
from nnspec.files import write_whole
from nnspec.source.file import read_stream, read_text

DASH = "-"  # stdin, and where a file is written stdout
STDIN_NAME = "<stdin>"  # in messages
USAGE_OF_OUTPUT = "nnspec annotate: -o takes one SPEC, and no --check or --diff\n  help  nnspec annotate --help"
Rewrite = Callable[[str, str], str]  # from the text and its name


def fmt(arguments: Namespace) -> int:
    """Each spec in the one canonical form."""
    from nnspec.spec.rewrite import format_text

    def formatted(text: str, name: str) -> str:
        is_json = _is_json(text) if name == STDIN_NAME else Path(name).suffix.lower() == ".json"
        return format_text(text, name, json=is_json)

    return _each(arguments, formatted, "formatted")


def annotate(arguments: Namespace) -> int:
    """What each layer gives, as a comment behind it."""
    from nnspec.spec.rewrite import annotate_text

    def annotated(text: str, name: str) -> str:
        if Path(name).suffix.lower() == ".json":
            help = f"`nnspec show {name}` prints every shape"
            raise SpecError.of("file", f"{name} is JSON, which has no comments to keep shapes in", help=help)
        return annotate_text(text, name, {} if arguments.remove else _notes(text, name, arguments))

    if not arguments.output:
        return _each(arguments, annotated, "annotated")
    if len(arguments.specs) > 1 or arguments.check or arguments.diff:
        print(USAGE_OF_OUTPUT, file=sys.stderr)
        return EXIT_USAGE
    old, name = _read(arguments.specs[0])
    new = annotated(old, name)
    if arguments.output == DASH:
        sys.stdout.write(new)
    else:
        write(arguments.output, new.encode())
    return 0


def _notes(text: str, name: str, arguments: Namespace) -> dict[int, str]:
    from nnspec.graph import parse_network
    from nnspec.graph.annotations import annotations, by_line

    network = parse_network(text, name, allow_path=arguments.allow_path, max_layers=arguments.max_layers)
    return by_line(annotations(network))


def _each(arguments: Namespace, rewrite: Rewrite, done: str) -> int:
    """Rewrite every file; the mistakes of one keep no other from it."""
    codes = []
    for path in arguments.specs:
        try:
            codes.append(_one(path, rewrite, done, arguments))
        except SpecError as error:
            print_errors(error)
            codes.append(EXIT_WRONG)
    return max(codes)


def _one(path: str, rewrite: Rewrite, done: str, arguments: Namespace) -> int:
    old, name = _read(path)
    new = rewrite(old, name)
    if arguments.check or arguments.diff:
        return _tell(old, new, name, done, arguments)
    if path == DASH:
        sys.stdout.write(new)
    elif new != old:
        write_whole(Path(path), new.encode())
        print(f"{done} {path}")
    return 0


def _tell(old: str, new: str, name: str, done: str, arguments: Namespace) -> int:
    """What would change."""
    if new == old:
        return 0
    if arguments.diff:
        sys.stdout.writelines(_diff(old, new, name))
    if arguments.check:
        print(f"{name} would be {done}")
    return EXIT_WRONG


def _read(path: str) -> tuple[str, str]:
    """The text with its byte order mark and line ends, and what messages call it."""
    if path == DASH:
        return read_stream(sys.stdin.buffer, STDIN_NAME), STDIN_NAME
    read_text(path)  # tells what is no file, too large, or not UTF-8
    return Path(path).read_bytes().decode(), path


def _is_json(text: str) -> bool:
    """Whether a text without a name is JSON: YAML in braces seldom has every word in quotes."""
    from json import loads

    try:
        return isinstance(loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _diff(old: str, new: str, name: str) -> Iterable[str]:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
