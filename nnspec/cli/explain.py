"""The command that explains a code, or a spec."""

import sys
from argparse import Namespace
from pathlib import Path

from nnspec.cli.main import EXIT_USAGE
from nnspec.diagnostics import CODES, Span, SpecError, Text, did_you_mean

MORE = "nnspec explain CODE says more, with an example; nnspec explain SPEC explains a network."


def explain(arguments: Namespace) -> int:
    """All codes, one of them explained, or a network layer by layer."""
    if arguments.code and _is_spec(arguments.code):
        print(_explained_spec(arguments))
        return 0
    if arguments.layer or arguments.overrides:
        print("nnspec explain: --layer and --set go with a SPEC\n  help  nnspec explain --help", file=sys.stderr)
        return EXIT_USAGE
    print(_explained(arguments.code) if arguments.code else _listing())
    return 0


def _is_spec(word: str) -> bool:
    """Whether a word is a spec rather than a code: codes are never files."""
    return Path(word).suffix.lower() in (".yaml", ".yml", ".json") or (word not in CODES and Path(word).is_file())


def _explained_spec(arguments: Namespace) -> str:
    from nnspec.cli.specs import warn
    from nnspec.graph import load_network
    from nnspec.graph.explain import explain, explain_layer

    network = load_network(
        arguments.code, arguments.overrides, allow_path=arguments.allow_path, max_layers=arguments.max_layers
    )
    warn(network.warnings)
    return explain_layer(network, arguments.layer) if arguments.layer else explain(network)


def _listing() -> str:
    width = max(map(len, CODES))
    lines = [f"{code:<{width}}  {meaning}" for code, meaning in CODES.items()]
    return "\n".join([*lines, "", MORE])


def _explained(code: str) -> str:
    from nnspec.explanations import EXPLANATIONS

    if code not in CODES:
        text = Text("command line", (f"explain {code}",))
        help = did_you_mean(code, CODES) or "`nnspec explain` lists them"
        span = Span(text, 1, 9, 1, 9 + len(code))
        raise SpecError.of("unknown-code", f"no error or warning has the code '{code}'", span, help=help)
    found = EXPLANATIONS[code]
    lines = [f"{code}: {CODES[code]}", "", found.text]
    for label, example in (("wrong", found.wrong), ("right", found.right)):
        lines += ["", *_labelled(label, example)] if label == "wrong" else _labelled(label, example)
    return "\n".join(lines)


def _labelled(label: str, example: str) -> list[str]:
    first, *others = example.splitlines()
    return [f"{label}  {first}", *(f"{' ' * len(label)}  {line}".rstrip() for line in others)]
