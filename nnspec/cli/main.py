"""The commands and their arguments. What a command needs is imported when it runs."""

import argparse
import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TextIO

from nnspec import __version__
from nnspec.cli.doctor_command import add_doctor_command
from nnspec.cli.history_commands import add_history_commands
from nnspec.cli.lsp_command import add_lsp_command
from nnspec.cli.measuring_commands import add_measuring_commands
from nnspec.cli.reading import add_reading, add_set
from nnspec.cli.report_command import add_report_command
from nnspec.cli.rewrite_commands import add_rewrite_commands
from nnspec.cli.train_command import add_train_command
from nnspec.cli.tune_command import add_tune_command
from nnspec.diagnostics import COLOURS, PLAIN, Palette, SpecError, did_you_mean, render

EXIT_WRONG, EXIT_USAGE, EXIT_OURS, EXIT_INTERRUPTED = 1, 2, 3, 130

EXAMPLES = """examples:
  nnspec new digits -o net.yaml       a spec to start from
  nnspec check specs/digits.yaml      every mistake, with its place and the way out
  nnspec train specs/digits.yaml      a run folder with weights and a proven model.onnx
  nnspec predict runs/digits/.../model.onnx rows.csv
  nnspec evaluate runs/digits/...     metrics of each class and slice
  nnspec layers Conv2d                what a layer does and takes"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0 fine, 1 the spec or data is wrong, 2 usage, 3 our fault."""
    _settle_streams()
    parser = _parser()
    words = sys.argv[1:] if argv is None else argv
    if not words:
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    arguments = parser.parse_args(words)
    arguments.words = list(words)
    try:
        code = _run(arguments.command, arguments)
        sys.stdout.flush()  # where a full disk or a reader that has gone is met at the latest
        return code
    except SpecError as error:
        print_errors(error)
        return EXIT_WRONG
    except MemoryError as error:
        print_errors(_memory_error(error))
        return EXIT_WRONG
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stdout = io.StringIO()  # the reader of our output has gone: nothing is left to say
        return EXIT_WRONG
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
            sys.stdout = io.StringIO()
            print_errors(SpecError.of("file", "cannot write the output: no space left on device"))
            return EXIT_WRONG
        traceback.print_exc()
        print(
            "\nThis is a mistake in nnspec, not in your spec. A report of it helps: the lines above.", file=sys.stderr
        )
        return EXIT_OURS


def _memory_error(error: MemoryError) -> SpecError:
    reason = f": {text[0].lower()}{text[1:]}" if (text := str(error)) else ""
    help = "fewer rows, a smaller network, or `nnspec train --memory 2GB`, which leaves the data in their file"
    return SpecError.of("limit", f"there is not enough memory{reason}", help=help)


def print_errors(error: SpecError) -> None:
    """Every diagnostic on stderr, in colour where a person reads it."""
    palette = palette_of_errors()
    for diagnostic in error.diagnostics:
        print(render(diagnostic, palette), file=sys.stderr)
    count = sum(diagnostic.severity == "error" for diagnostic in error.diagnostics)
    if count > 1:
        print(f"{count} errors", file=sys.stderr)


def palette_of_errors() -> Palette:
    """What errors and warnings are coloured with."""
    return _palette(sys.stderr)


def palette_of_output() -> Palette:
    """What the answer itself is coloured with."""
    return _palette(sys.stdout)


def _palette(stream: TextIO) -> Palette:
    """Colours on a terminal, unless NO_COLOR (no-color.org) or a terminal without them declines."""
    declined = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return COLOURS if stream.isatty() and not declined else PLAIN


def _settle_streams() -> None:
    """Make the streams such that anything can be written to them."""
    sys.stdout = sys.stdout or io.StringIO()  # closed: nobody listens
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without × must not end in a traceback


def _run(command: str, arguments: argparse.Namespace) -> int:
    module = import_module(f"nnspec.cli.{COMMAND_FILES[command]}")
    code: int = getattr(module, command)(arguments)
    return code


COMMAND_FILES = {
    "check": "specs",
    "show": "specs",
    "compile": "specs",
    "layers": "specs",
    "steps": "specs",
    "explain": "explain",
    "schema": "specs",
    "new": "new",
    "diff": "diff",
    "fmt": "rewrite",
    "annotate": "rewrite",
    "lsp": "lsp",
    "train": "models",
    "doctor": "doctor",
    "tune": "tune",
    "export": "models",
    "verify": "models",
    "predict": "models",
    "evaluate": "measuring",
    "report": "report",
    "runs": "history",
    "reproduce": "history",
    "data": "measuring",
}


class _Parser(argparse.ArgumentParser):
    """Says what may be meant, and where help is."""

    def error(self, message: str) -> None:  # type: ignore[override]
        word, marker, _ = message.partition("' (choose from")
        if marker:
            word = word.rpartition("'")[2]
            near = did_you_mean(word, COMMAND_FILES)
            message = f"no command is named '{word}'" + (f": {near}" if near else "")
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n  help  {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="nnspec",
        description="Neural networks from a YAML or JSON spec: checked, compiled to PyTorch, trained, proven as ONNX.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nnspec {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _start_command(commands)
    _check_command(commands)
    _network_commands(commands)
    _diff_command(commands)
    _lookup_commands(commands)
    add_rewrite_commands(partial(_command, commands))
    add_lsp_command(partial(_command, commands))
    add_train_command(partial(_command, commands))
    add_doctor_command(partial(_command, commands))
    add_tune_command(partial(_command, commands))
    _model_commands(commands)
    add_report_command(partial(_command, commands))
    add_history_commands(partial(_command, commands))
    add_measuring_commands(partial(_command, commands))
    return parser


Commands = argparse._SubParsersAction


def _command(commands: "Commands[_Parser]", name: str, help: str, example: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_strict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strict", action="store_true", help="take warnings for errors")


def _start_command(commands: "Commands[_Parser]") -> None:
    new = _command(
        commands,
        "new",
        "write a spec to start from, or list them",
        "nnspec new digits -o net.yaml --set train.epochs=5\n  nnspec new --from data.csv --target price -o net.yaml",
    )
    new.add_argument("template", nargs="?", metavar="TEMPLATE", help="its name; all are listed without one")
    help = "guess a spec from a data file, a folder, or sklearn:NAME; each guess says why"
    new.add_argument("--from", dest="data", metavar="DATA", help=help)
    new.add_argument("--target", metavar="COLUMN", help="with --from: the column to learn; a likely one unless given")
    new.add_argument("-o", "--output", metavar="FILE", help="where to write it; the terminal unless given")
    new.add_argument("--list", action="store_true", help="list the templates")
    new.add_argument("--force", action="store_true", help="write over a file that is there already")
    add_set(new, "a value of your own in its place, as in name=mine or layers[0].Linear=64; may be repeated")


def _check_command(commands: "Commands[_Parser]") -> None:
    check = _command(
        commands, "check", "find every mistake in a spec, without importing torch", "nnspec check net.yaml"
    )
    check.add_argument("specs", nargs="+", metavar="SPEC", help="a YAML or JSON file")
    check.add_argument("--format", choices=["text", "json"], default="text", help="json is for editors and scripts")
    _add_strict(check)
    check.add_argument("--resolved", action="store_true", help="print the long form of one spec, as JSON")
    add_reading(check)


def _network_commands(commands: "Commands[_Parser]") -> None:
    show = _command(
        commands, "show", "print the layers with shapes and costs, or draw them", "nnspec show net.yaml --depth 1"
    )
    show.add_argument("spec", metavar="SPEC")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--mermaid", action="store_true", help="print a Mermaid diagram, which Markdown pages draw")
    form.add_argument("--dot", action="store_true", help="print Graphviz's text")
    form.add_argument("--svg", metavar="FILE", help="draw a picture (needs nnspec[draw])")
    form.add_argument("--format", choices=["text", "json"], default="text", help="json is for scripts")
    show.add_argument(
        "--depth",
        type=_depth,
        metavar="N",
        help="fold what stands deeper into one row, or one box, with its sums; 1 shows the spec's own entries alone",
    )
    add_reading(show)

    compile = _command(
        commands, "compile", "write the network as PyTorch source", "nnspec compile specs/digits.yaml -o net.py"
    )
    compile.add_argument("spec", metavar="SPEC")
    compile.add_argument("-o", "--output", metavar="FILE", help="where to write it; the terminal unless given")
    add_reading(compile)


def _diff_command(commands: "Commands[_Parser]") -> None:
    diff = _command(
        commands,
        "diff",
        "compare two specs: layers, costs, values, and which weights still load",
        "nnspec diff runs/digits/... specs/digits.yaml\n  nnspec diff specs/mlp.yaml --set layers[0].Linear=64",
    )
    diff.add_argument("before", metavar="A", help="a spec or a run folder")
    diff.add_argument("after", nargs="?", metavar="B", help="another; A with --set unless given")
    diff.add_argument("--format", choices=["text", "json"], default="text", help="json is for scripts")
    diff.add_argument("--exit-code", action="store_true", help="exit with 1 where they differ, 0 where not")
    add_reading(diff, "override a value of B, as in train.epochs=5; may be repeated")


def _lookup_commands(commands: "Commands[_Parser]") -> None:
    layers = _command(commands, "layers", "list the layer types, or explain one", "nnspec layers Conv2d")
    layers.add_argument("name", nargs="?", metavar="NAME")
    steps = _command(commands, "steps", "list the preparation steps, or explain one", "nnspec steps Standardize")
    steps.add_argument("name", nargs="?", metavar="NAME")
    layers.add_argument("--svg", metavar="FILE", help="draw the curve of a function of each element, as of ReLU")
    layers.add_argument("--html", metavar="FILE", help="a page of the layer, or of all of them, with curves")

    explain = _command(
        commands,
        "explain",
        "explain a network layer by layer, or what a code of an error means",
        "nnspec explain net.yaml\n  nnspec explain net.yaml --layer conv2d_2\n  nnspec explain idle-bias",
    )
    help = "a spec, or what stands in brackets: error[shape]; all codes are listed without one"
    explain.add_argument("code", nargs="?", metavar="SPEC|CODE", help=help)
    explain.add_argument("--layer", metavar="NAME", help="only this layer or block")
    add_reading(explain)

    schema = _command(
        commands,
        "schema",
        "print the JSON Schema of a spec, with which editors complete and check",
        "nnspec schema -o nnspec.schema.json",
    )
    schema.add_argument("-o", "--output", metavar="FILE", help="where to write it; the terminal unless given")


def _depth(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a depth is a whole number of at least 1, got '{text}'")
    return int(text)


def _model_commands(commands: "Commands[_Parser]") -> None:
    export = _command(
        commands, "export", "write a run's ONNX file and prove it", "nnspec export runs/digits/... -o digits.onnx"
    )
    export.add_argument("run", metavar="RUN", help="a run folder")
    export.add_argument("-o", "--output", metavar="FILE", help="RUN/model.onnx unless given")
    export.add_argument("--opset", type=int, metavar="N", help="18 to 28; the spec's unless given (20)")
    no_prepare = "the bare network: prepared arrays in, its own numbers out"
    export.add_argument("--no-prepare", dest="prepare", action="store_const", const=False, help=no_prepare)

    verify = _command(
        commands,
        "verify",
        "prove that an ONNX file answers as a run's module does",
        "nnspec verify digits.onnx --run runs/digits/...",
    )
    verify.add_argument("model", metavar="MODEL", help="an ONNX file")
    verify.add_argument("--run", required=True, metavar="RUN", help="a run folder")

    predict = _command(
        commands,
        "predict",
        "answers for rows of raw data, without torch",
        "nnspec predict digits.onnx rows.npz -o out.csv",
    )
    predict.add_argument("model", metavar="MODEL", help="an ONNX file")
    predict.add_argument("data", metavar="DATA", help="the raw rows: CSV, TSV, JSON lines, NPZ, Parquet or Feather")
    predict.add_argument("-o", "--output", metavar="FILE", help="a CSV file; the terminal unless given")
    predict.add_argument("--device", default="cpu", help="cpu or cuda")
    predict.add_argument("--strict", action="store_true", help="refuse values that an input is stated not to hold")
