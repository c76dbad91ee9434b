"""The command that explains a code."""

from argparse import Namespace

from nnspec.diagnostics import CODES, Span, SpecError, Text, did_you_mean


def explain(arguments: Namespace) -> int:
    """All codes, or one of them explained."""
    print(_explained(arguments.code) if arguments.code else _listing())
    return 0


def _listing() -> str:
    width = max(map(len, CODES))
    lines = [f"{code:<{width}}  {meaning}" for code, meaning in CODES.items()]
    return "\n".join([*lines, "", "nnspec explain CODE says more, with an example."])


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
