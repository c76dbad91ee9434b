"""Numbers and places as a message says them."""

import math

from nnspec.diagnostics import Diagnostic
from nnspec.graph import Vertex

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
WRITTEN_OUT = 10_000  # from here on a power of ten is easier to read
BEYOND = 1e30  # what float32 has little left of


def number(value: float) -> str:
    """`0.051`, `250`, `3.1·10⁴`: two digits."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-4 <= abs(value) < WRITTEN_OUT:
        return f"{float(f'{value:.2g}'):g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    power = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return power if mantissa == "1.0" else f"{mantissa.removesuffix('.0')}·{power}"


def times(ratio: float) -> str:
    """`3.1·10⁴ times`; a division by nothing is more than can be said."""
    return f"{number(ratio)} times" if ratio < BEYOND else "more than 10³⁰ times"


def title(vertex: Vertex) -> str:
    """`Linear fc1`."""
    return f"{vertex.kind} {vertex.name}"


def headline(found: Diagnostic, epoch: int) -> str:
    """A finding in one line, for a log: `epoch 3: vanishing: fc1 (deep.yaml:12) gets ...`."""
    place = f" ({found.span.line_place})" if found.span else ""
    when = f"epoch {epoch}: " if epoch else ""
    return f"{when}{found.code}{place}: {found.message}"
