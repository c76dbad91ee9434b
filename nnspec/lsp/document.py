"""An open document: its text, and what is known of it."""

from dataclasses import dataclass, field

from nnspec.lsp.analysis import Analysis, analyse
from nnspec.lsp.buffer import Buffer


@dataclass(slots=True)
class Document:
    """A text, its analysis once that was asked for, and the last analysis in which there was a spec."""

    buffer: Buffer
    good: Analysis | None = None
    good_lines: tuple[str, ...] = ()
    _analysis: Analysis | None = field(default=None, repr=False)

    @property
    def analysis(self) -> Analysis:
        """What is known of this very text; computed when it is first asked for."""
        if self._analysis is None:
            self._analysis = analyse(self.buffer.text, self.buffer.path, json=self.buffer.is_json)
            if self._analysis.spec:
                self.good, self.good_lines = self._analysis, self.buffer.lines
        return self._analysis

    def changed(self, buffer: Buffer) -> "Document":
        """The same document with another text."""
        return Document(buffer, self.good, self.good_lines)

    def read_again(self) -> "Document":
        """The same text, where a file that it names has changed."""
        return Document(self.buffer, self.good, self.good_lines)
