"""Inputs given by name: `from: {query: x, attn_mask: mask}`."""

from collections.abc import Sequence

from nnspec.diagnostics import Findings, did_you_mean
from nnspec.spec.spec import Entry


def places(entry: Entry, names: Sequence[str]) -> tuple[int, ...]:
    """For each thing that an entry takes, its place among inputs of these names; nothing where they come in order."""
    return tuple(names.index(str(source.slot.value)) for source in entry.sources if source.slot)


def fit(entry: Entry, title: str, names: Sequence[str], least: int, findings: Findings) -> bool:
    """Whether inputs given by name are those that there are, after telling what is wrong."""
    given = {str(source.slot.value): source.slot.span for source in entry.sources if source.slot}
    if not given:
        return True
    if not names:
        span = next(iter(given.values()))
        message = f"{title} takes any number of inputs: they come in order, not by name"
        findings.error("input-count", message, span, help="name them beside it: `from: [a, b]`")
        return False
    unknown = [name for name in given if name not in names]
    for name in unknown:
        help = did_you_mean(name, names) or f"its inputs are {', '.join(names)}"
        findings.error("unknown-key", f"{title} has no input '{name}'", given[name], help=help)
    missing = [name for name in names[:least] if name not in given]
    if missing and not unknown:
        message = f"{title} needs its input {' and '.join(missing)}"
        findings.error("input-count", message, next(iter(given.values())))
    return not unknown and not missing
