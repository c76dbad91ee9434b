"""What every document begins with, the one that was asked for and each that it names."""

from nnspec.diagnostics import Findings
from nnspec.source import Node
from nnspec.spec.instantiate import show

SMALLEST = "the smallest spec has the keys `nnspec: 1`, `inputs:` and `layers:`"


def check_is_spec(root: Node, findings: Findings) -> bool:
    """Tell of a document that is no mapping; whether it is one."""
    if isinstance(root.value, dict):
        return True
    message = f"a spec is a mapping of keys to values, got {show(root.plain())}"
    findings.error("wrong-type", message, root.span, help=SMALLEST)
    return False


def check_version(root: Node, findings: Findings) -> bool:
    """Tell of a language version that is missing or unknown; whether the document can be read on."""
    version = root.get("nnspec")
    if version is None:
        findings.error("version", "the spec does not say its version", root.span, help="begin it with `nnspec: 1`")
    elif version.plain() != 1 or isinstance(version.value, bool):
        message = f"this nnspec reads version 1 of the language, not {show(version.plain())}"
        findings.error("version", message, version.span)
        return False
    return True
