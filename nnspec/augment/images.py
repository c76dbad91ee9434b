"""Augmentations of images: batches (n, c, h, w) as the network gets them, prepared already."""

from collections.abc import Sequence
from math import pi
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, PositiveInt, model_validator

from nnspec.augment.augmentation import Augmentation, Batch, Library, between, in_order, needs_images, some
from nnspec.layers.fields import Probability
from nnspec.shapes import ShapeError, Tensor

MAX_PADDING = 1024
Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[list[Share], Field(min_length=2, max_length=2)]
Ratios = Annotated[list[Annotated[float, Field(gt=0, le=100)]], Field(min_length=2, max_length=2)]
Change = Annotated[float, Field(ge=0, le=10)]
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601


class _OfImages(Augmentation):
    """An augmentation of images, channels first."""

    def check(self, x: Tensor) -> None:
        needs_images(x)


class _Flip(_OfImages):
    """One axis turned about, with probability p."""

    p: Probability = Field(default=0.5, description="probability that an image is turned")

    examples = {"n 3 6 5": dict(), "n 1 h w": dict(p=1.0)}
    moves = True
    axis: ClassVar[int]

    def apply(self, torch: Library, x: Batch) -> Batch:
        return torch.where(some(torch, x, self.p), x.flip(self.axis), x)


class RandomHorizontalFlip(_Flip):
    """Left and right exchanged, with probability p.

    (n, c, h, w) -> (n, c, h, w)
    """

    axis = 3


class RandomVerticalFlip(_Flip):
    """Above and below exchanged, with probability p.

    (n, c, h, w) -> (n, c, h, w)
    """

    axis = 2


class RandomCrop(Augmentation):
    """The image moved by up to `padding` points either way; what comes in from outside is 0.

    (n, c, h, w) -> (n, c, h, w)

    As torchvision's RandomCrop(size, padding) of images that have the size already.
    """

    padding: PositiveInt = Field(le=MAX_PADDING, description="points that it is moved by at most")

    examples = {"n 3 6 5": dict(padding=2), "n 1 h w": dict(padding=1)}
    moves = True

    def apply(self, torch: Library, x: Batch) -> Batch:
        n, c, h, w = x.shape
        padded = torch.nn.functional.pad(x, [self.padding] * 4)
        top, left = (torch.randint(2 * self.padding + 1, (n, 1), device=x.device) for _ in range(2))
        rows, columns = (start + torch.arange(size, device=x.device) for start, size in ((top, h), (left, w)))
        examples = torch.arange(n, device=x.device).reshape(n, 1, 1, 1)
        channels = torch.arange(c, device=x.device).reshape(1, c, 1, 1)
        return padded[examples, channels, rows.reshape(n, 1, h, 1), columns.reshape(n, 1, 1, w)]


class RandomResizedCrop(_OfImages):
    """A part of the image, of a random size and shape, brought to the size of the whole.

    (n, c, h, w) -> (n, c, h, w)

    As torchvision's RandomResizedCrop with bilinear interpolation (Szegedy et al., Going deeper with convolutions,
    2015); a part that would not fit is cut where the image ends.
    """

    scale: Shares = Field(default=[0.08, 1.0], description="least and greatest share of the area")
    ratio: Ratios = Field(default=[0.75, 4 / 3], description="least and greatest width over height")

    examples = {"n 3 6 5": dict(), "n 1 h w": dict(scale=[0.5, 1.0])}
    moves = True

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self.scale, "scale")
        in_order(self.ratio, "ratio")
        return self

    def apply(self, torch: Library, x: Batch) -> Batch:
        n = len(x)
        height, width = (size.reshape(n).clamp(max=1.0) for size in _sides(torch, x, self.scale, self.ratio))
        down, right = ((2 * torch.rand(n, device=x.device) - 1) * (1 - size) for size in (height, width))
        zero = torch.zeros_like(height)
        theta = torch.stack([torch.stack([width, zero, right], 1), torch.stack([zero, height, down], 1)], 1)
        return _sampled(torch, x, theta)


class RandomRotation(_OfImages):
    """The image turned about its middle by up to so many degrees either way; what comes in from outside is 0.

    (n, c, h, w) -> (n, c, h, w)

    As torchvision's RandomRotation with bilinear interpolation.
    """

    degrees: float = Field(gt=0, le=180, description="angle that it is turned by at most, in degrees")

    examples = {"n 3 6 5": dict(degrees=15.0), "n 1 h w": dict(degrees=180.0)}
    moves = True

    def apply(self, torch: Library, x: Batch) -> Batch:
        n, _, h, w = x.shape
        angle = between(torch, x, -self.degrees, self.degrees).reshape(n) * pi / 180
        sine, cosine, zero = angle.sin(), angle.cos(), torch.zeros_like(angle)
        # Coordinates go from -1 to 1 along both axes, whatever their lengths.
        across = torch.stack([cosine, -sine * h / w, zero], 1)
        down = torch.stack([sine * w / h, cosine, zero], 1)
        return _sampled(torch, x, torch.stack([across, down], 1))


class ColorJitter(_OfImages):
    """Brightness, contrast and saturation changed at random: each by a factor from 1 - change to 1 + change.

    (n, c, h, w) -> (n, c, h, w)

    As torchvision's ColorJitter, in this order, on whatever numbers the network gets: brightness scales them, contrast
    draws them from their mean, saturation from their grey (images of 3 channels).
    """

    brightness: Change = Field(default=0.0, description="change of brightness at most")
    contrast: Change = Field(default=0.0, description="change of contrast at most")
    saturation: Change = Field(default=0.0, description="change of saturation at most")

    examples = {"n 3 6 5": dict(brightness=0.2, contrast=0.2, saturation=0.2), "n 1 h w": dict(contrast=0.5)}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.brightness or self.contrast or self.saturation):
            raise ValueError("give `brightness`, `contrast` or `saturation`: otherwise nothing changes")
        return self

    def check(self, x: Tensor) -> None:
        super().check(x)
        if self.saturation and x.channels != 3:
            raise ShapeError(f"saturation is of images with 3 channels, got {x.channels}", field="saturation")

    def apply(self, torch: Library, x: Batch) -> Batch:
        if self.brightness:
            x = x * self._factor(torch, x, self.brightness)
        if self.contrast:
            x = _drawn_from(x, x.mean(dim=(1, 2, 3), keepdim=True), self._factor(torch, x, self.contrast))
        if self.saturation:
            shares = torch.tensor(LUMA, dtype=x.dtype, device=x.device).reshape(1, 3, 1, 1)
            grey = (x * shares).sum(dim=1, keepdim=True)
            x = _drawn_from(x, grey, self._factor(torch, x, self.saturation))
        return x

    def _factor(self, torch: Library, x: Batch, change: float) -> Batch:
        return between(torch, x, max(1 - change, 0.0), 1 + change)


class RandomErasing(_OfImages):
    """A rectangle of the image becomes one value, with probability p.

    (n, c, h, w) -> (n, c, h, w)

    Zhong et al., Random erasing data augmentation, 2017; as torchvision's RandomErasing, where a rectangle that would
    not fit is cut at the edge.
    """

    p: Probability = Field(default=0.5, description="probability that an image loses a part")
    scale: Shares = Field(default=[0.02, 0.33], description="least and greatest share of the area")
    ratio: Ratios = Field(default=[0.3, 3.3], description="least and greatest width over height")
    value: float = Field(default=0.0, description="what stands in its place")

    examples = {"n 3 6 5": dict(), "n 1 h w": dict(p=1.0, value=1.0)}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self.scale, "scale")
        in_order(self.ratio, "ratio")
        return self

    def apply(self, torch: Library, x: Batch) -> Batch:
        height, width = _sides(torch, x, self.scale, self.ratio)
        inside = _within(torch, x, 2, height) & _within(torch, x, 3, width) & some(torch, x, self.p)
        return torch.where(inside, torch.full_like(x, self.value), x)


def _sides(torch: Library, x: Batch, scale: Sequence[float], ratio: Sequence[float]) -> tuple[Batch, Batch]:
    """Height and width of a part for each image, as shares of its own: of a random area, and width over height."""
    area = between(torch, x, scale[0], scale[1])
    low, high = (torch.tensor(end).log().item() for end in ratio)
    shape = between(torch, x, low, high).exp()
    return (area / shape).sqrt(), (area * shape).sqrt()


def _drawn_from(x: Batch, centre: Batch, factor: Batch) -> Batch:
    return centre + factor * (x - centre)


def _within(torch: Library, x: Batch, axis: int, share: Batch) -> Batch:
    """Which places of an axis lie within a stretch of so much of it, anywhere."""
    size = x.shape[axis]
    length = (share * size).round().clamp(1, size)
    start = (torch.rand(len(x), device=x.device).reshape(-1, 1, 1, 1) * (size - length + 1)).floor()
    shape = [1] * 4
    shape[axis] = size
    places = torch.arange(size, device=x.device).reshape(shape)
    return (places >= start) & (places < start + length)


def _sampled(torch: Library, x: Batch, theta: Any) -> Batch:
    """The images seen through an affine map of their coordinates, bilinear."""
    functional = torch.nn.functional
    grid = functional.affine_grid(theta.to(x.dtype), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)
