"""`# nnspec: allow(code)`: a comment that says a warning is known and meant.

At the end of a line, or on a line of its own above it, it speaks of that line; above the first key, of the whole file.
"""

import re
from collections.abc import Iterable, Sequence

from nnspec.diagnostics import Diagnostic, Span, Text, did_you_mean

COMMENT = re.compile(r"(?:^|\s)#\s*nnspec:\s*allow\(([^()]*)\)")
CODE = re.compile(r"[^\s,]+")
WHOLE_FILE = 0

Places = dict[int, set[str]]


class Allowed:
    """The warnings that the comments of some texts allow."""

    def __init__(self, spans: Iterable[Span], codes: Sequence[str]) -> None:
        self.codes = codes
        self.unknown: list[Diagnostic] = []
        texts = {id(span.text): span.text for span in spans}
        self._places = {key: self._read(text) for key, text in texts.items()}

    def covers(self, warning: Diagnostic) -> bool:
        """Whether a comment allows this warning in its place."""
        span = warning.span
        places = self._places.get(id(span.text), {}) if span else {}
        lines = (WHOLE_FILE, span.line) if span else ()
        return any(warning.code in places.get(line, ()) for line in lines)

    def _read(self, text: Text) -> Places:
        places: Places = {}
        above: set[str] = set()
        begun = False
        for number, line in enumerate(text.lines, start=1):
            here = self._codes_of(text, number, line)
            if line.lstrip().startswith("#"):
                above |= here
            elif line.strip() not in ("", "---"):
                place = number if begun else WHOLE_FILE
                places[place] = above
                places[number] = places.get(number, set()) | here | above
                above, begun = set(), True
        return places

    def _codes_of(self, text: Text, number: int, line: str) -> set[str]:
        comment = COMMENT.search(line) if "allow(" in line else None
        if not comment:
            return set()
        words = list(CODE.finditer(comment[1]))
        for word in words:
            if word[0] not in self.codes:
                start = comment.start(1) + word.start() + 1
                self._tell_unknown(word[0], Span(text, number, start, number, start + len(word[0])))
        return {word[0] for word in words}

    def _tell_unknown(self, code: str, span: Span) -> None:
        help = did_you_mean(code, self.codes) or f"warnings are {', '.join(self.codes)}"
        message = f"no warning is named '{code}': this comment allows nothing"
        self.unknown.append(Diagnostic("allow", message, span, help=help, severity="warning"))
