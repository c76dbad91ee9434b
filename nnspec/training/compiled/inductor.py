"""A step whose loss torch.compile turns into code of its own, with a C++ or Triton compiler."""

import torch
from torch import Tensor

from nnspec.training.batches import Batch
from nnspec.training.compiled.program import UncompilableError
from nnspec.training.step import PlainStep


class InductorStep:
    """A plain step, but for the loss and its gradients.

    Raises:
        UncompilableError: at the first batch, where torch has no compiler here or cannot read the network.
    """

    def __init__(self, plain: PlainStep) -> None:
        self.plain = plain
        self.tried = False
        self.loss_of = torch.compile(plain.loss_of)

    def __call__(self, batch: Batch) -> Tensor:
        """One step down the gradient."""
        if self.tried:
            return self._step(batch)
        from torch._dynamo.exc import TorchDynamoException

        try:
            loss = self._step(batch)
        except (TorchDynamoException, RuntimeError) as error:
            raise UncompilableError(f"torch.compile gave up: {str(error).strip().splitlines()[0]}") from error
        self.tried = True
        return loss

    def _step(self, batch: Batch) -> Tensor:
        return self.plain.down(batch, self.loss_of)
