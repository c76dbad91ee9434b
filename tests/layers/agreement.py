"""What became of PyTorch's calls, as a table by module: pytest prints it with `-s`."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any


def table(calls: Iterable[Any], left_out: Callable[[Any], str], is_refused: Callable[[Any], bool]) -> str:
    """A row for each module: calls that agree, calls that both refuse, and those left out, with the reasons."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for call in calls:
        counts[call.module][left_out(call) or ("refused" if is_refused(call) else "agreed")] += 1
    lines = [f"{'module':<24}{'agreed':>8}{'refused':>9}  left out"]
    for module, found in sorted(counts.items()):
        reasons = ", ".join(
            f"{count} {reason}" for reason, count in found.items() if reason not in ("agreed", "refused")
        )
        lines.append(f"{module:<24}{found['agreed']:>8}{found['refused']:>9}  {reasons}".rstrip())
    whole = sum(counts.values(), Counter())
    skipped = whole.total() - whole["agreed"] - whole["refused"]
    lines.append(f"{f'{len(counts)} modules':<24}{whole['agreed']:>8}{whole['refused']:>9}  {skipped}")
    return "\n" + "\n".join(lines)
