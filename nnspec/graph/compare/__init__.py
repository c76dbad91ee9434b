"""Two networks side by side: what was added, removed and changed, and which weights still load."""

from nnspec.graph.compare.difference import Difference, compare

__all__ = ["Difference", "compare"]
