"""Augmentations that mix examples, and what is to be learnt of them."""

from pydantic import Field, PositiveFloat

from nnspec.augment.augmentation import Batch, Library, Mixing, needs_images
from nnspec.shapes import Tensor


class MixUp(Mixing):
    """Each example becomes share * itself + (1 - share) * another one, and so does the loss.

    (n, ...) -> (n, ...)

    Zhang et al., mixup: beyond empirical risk minimization, 2017. One share a batch, of the distribution
    Beta(alpha, alpha).
    """

    alpha: PositiveFloat = Field(default=0.2, le=100, description="how much is mixed: small mixes little, 1 evenly")

    examples = {"n 4": dict(), "n 3 h w": dict(alpha=1.0)}

    def mix(self, torch: Library, x: Batch, others: Batch) -> tuple[Batch, float]:
        share = _share(torch, self.alpha)
        return share * x + (1 - share) * others, share


class CutMix(Mixing):
    """A rectangle of each image is another image's, and the loss counts both by their areas.

    (n, c, h, w) -> (n, c, h, w)

    Yun et al., CutMix: regularization strategy to train strong classifiers with localizable features, 2019. One
    rectangle a batch; its area is of the distribution Beta(alpha, alpha).
    """

    alpha: PositiveFloat = Field(default=1.0, le=100, description="how much is mixed: small mixes little, 1 evenly")

    examples = {"n 3 6 5": dict(), "n 1 h w": dict(alpha=0.5)}

    def check(self, x: Tensor) -> None:
        needs_images(x)

    def mix(self, torch: Library, x: Batch, others: Batch) -> tuple[Batch, float]:
        side = (1 - _share(torch, self.alpha)) ** 0.5
        ranges = []
        for size in x.shape[2:]:
            centre, half = int(torch.randint(size, ())), round(size * side / 2)
            ranges.append((max(centre - half, 0), min(centre + half, size)))
        (top, bottom), (left, right) = ranges
        mixed = x.clone()
        mixed[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
        return mixed, 1 - (bottom - top) * (right - left) / (x.shape[2] * x.shape[3])


def _share(torch: Library, alpha: float) -> float:
    return float(torch.distributions.Beta(alpha, alpha).sample())
