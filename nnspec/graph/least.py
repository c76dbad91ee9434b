"""How many layers a block has at least, read off its text: blocks that double at every level are refused at once."""

from collections.abc import Iterable

from nnspec.spec.spec import Block, Entry, Home

MAX_DEPTH = 40  # blocks and combinators in one another; each takes some of Python's stack
SOMETIMES = frozenset(["paths", "shortcut"])  # repeated by an expression; left out where nothing is skipped
MOST = 10**9  # so that numbers stay small


class Least:
    """Counts each block once. What a condition or an expression decides counts for nothing."""

    def __init__(self) -> None:
        self.known: dict[Block, int] = {}

    def of(self, block: Block, depth: int = 0) -> int:
        """Layers and blocks within a block, at least."""
        if block not in self.known:
            if depth >= MAX_DEPTH:
                return 0
            self.known[block] = 0  # one that comes back to itself is told elsewhere
            self.known[block] = self._of_list(block.entries, block.home, depth + 1)
        return self.known[block]

    def _of_list(self, entries: Iterable[Entry], home: Home, depth: int) -> int:
        return min(MOST, sum(self._of_entry(entry, home, depth) for entry in entries))

    def _of_entry(self, entry: Entry, home: Home, depth: int) -> int:
        if entry.when:
            return 0
        turns = entry.repeat.value if entry.repeat else 1
        parts = sum(self._of_list(part, home, depth) for key, part in entry.parts.items() if key not in SOMETIMES)
        block = self.of(home.blocks[entry.kind], depth) if entry.kind in home.blocks else 0
        return (1 + parts + block) * turns if isinstance(turns, int) else 0
