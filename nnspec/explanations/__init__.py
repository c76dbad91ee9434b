"""What each code means, with a wrong and a right example: what `nnspec explain CODE` prints.

An example is a part of a spec: the tests complete and check it, so a wrong one gives its code and a right one passes.
"""

from collections.abc import Mapping

from nnspec.explanations.explanation import Explanation
from nnspec.explanations.findings import FINDINGS
from nnspec.explanations.reading import READING
from nnspec.explanations.running import RUNNING
from nnspec.explanations.seldom import SELDOM
from nnspec.explanations.writing import WRITING

__all__ = ["EXPLANATIONS", "Explanation"]

EXPLANATIONS: Mapping[str, Explanation] = {**READING, **WRITING, **SELDOM, **FINDINGS, **RUNNING}
