"""Augmentations of any numbers: noise, and stretches that are left out."""

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.augment.augmentation import Augmentation, Batch, Library
from nnspec.shapes import Tensor

MAX_LENGTH = 2**20


class GaussianNoise(Augmentation):
    """Normally distributed noise added to every number.

    (...) -> (...)
    """

    std: PositiveFloat = Field(description="deviation of the noise, in units of what the network gets")

    examples = {"n 4": dict(std=0.1), "n 3 h w": dict(std=1.0)}

    def apply(self, torch: Library, x: Batch) -> Batch:
        return x + self.std * torch.randn_like(x)


class TimeMask(Augmentation):
    """A stretch of up to `length` places along one axis becomes 0: of time, or of frequency.

    (n, ...) -> (n, ...)

    Park et al., SpecAugment: a simple data augmentation method for automatic speech recognition, 2019.
    """

    length: PositiveInt = Field(le=MAX_LENGTH, description="places of the longest stretch")
    dim: int = Field(default=-1, description="the axis: of a spectrogram the last is time, the one before frequency")

    examples = {"n 9": dict(length=3), "n t 5": dict(length=4, dim=1)}

    def check(self, x: Tensor) -> None:
        x.needs_float()
        x.axis(self.dim)

    def apply(self, torch: Library, x: Batch) -> Batch:
        size = x.shape[self.dim]
        most = min(self.length, size)
        length = torch.randint(most + 1, (len(x), 1), device=x.device)
        start = (torch.rand(len(x), 1, device=x.device) * (size - length + 1)).floor()
        places = torch.arange(size, device=x.device)
        hidden = (places >= start) & (places < start + length)
        shape = [len(x)] + [1] * (x.dim() - 1)
        shape[self.dim] = size
        return x.masked_fill(hidden.reshape(shape), 0.0)
