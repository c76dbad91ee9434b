"""torch's optimizers without torch's compiler.

torch.optim guards the methods of its classes against torch.compile. Nothing here compiles through an optimizer, and the
first guard that is passed imports the compiler, which takes as long as `import torch` itself.
"""

from functools import cache
from typing import Any

import torch
from torch.optim import Optimizer


@cache
def unguarded(kind: type[Optimizer]) -> type[Optimizer]:
    """An optimizer's class whose methods know nothing of torch's compiler."""
    bare = {method: _bare(kind, method) for method in ("add_param_group", "zero_grad", "step")}
    return type(kind.__name__, (kind,), {**bare, "step": torch.no_grad()(bare["step"])})


def _bare(kind: type[Optimizer], method: str) -> Any:
    """A method below its guards; where torch has none, the method."""
    found = getattr(kind, method)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found
