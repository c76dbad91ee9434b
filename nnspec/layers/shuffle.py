"""Elements moved between channels and positions."""

from pydantic import Field, PositiveInt

from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, F
from nnspec.shapes import ShapeError, Tensor


class PixelShuffle(Layer):
    """Channels laid out as the pixels of a larger image.

    (n, c * r * r, h, w) -> (n, c, h * r, w * r)

    Shi et al., Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network, 2016.
    """

    upscale_factor: PositiveInt = Field(description="r: how many times as high and wide")

    examples = {
        "n 8 3 4 -> n 2 6 8": dict(upscale_factor=2),
        "n 9 2 2 -> n 1 6 6": dict(upscale_factor=3),
        "n 3 h w -> n 3 h w": dict(upscale_factor=1),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_rank(4)
        factor, channels = self.upscale_factor, x.channels
        if channels % factor**2:
            raise ShapeError(
                f"upscale_factor {factor} needs channels in groups of {factor**2}, its input has {channels}",
                field="upscale_factor",
                help=f"a layer before it may give {-(-channels // factor**2) * factor**2}",
            )
        return x.with_spatial(channels // factor**2, *(size * factor for size in x.spatial))

    def forward(self, x: Code) -> Code:
        return F.pixel_shuffle(x, self.upscale_factor)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("DepthToSpace", x, blocksize=self.upscale_factor, mode="CRD")


class PixelUnshuffle(Layer):
    """The pixels of an image laid out as channels of a smaller one.

    (n, c, h * r, w * r) -> (n, c * r * r, h, w)

    The way back from PixelShuffle; Shi et al. 2016.
    """

    downscale_factor: PositiveInt = Field(description="r: how many times as low and narrow")

    examples = {
        "n 2 6 8 -> n 8 3 4": dict(downscale_factor=2),
        "n 1 6 3 -> n 9 2 1": dict(downscale_factor=3),
        "n 3 h w -> n 3 h w": dict(downscale_factor=1),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_rank(4)
        factor = self.downscale_factor
        for size in x.spatial:
            if isinstance(size, int) and size % factor:
                raise ShapeError(
                    f"downscale_factor {factor} does not divide the {size} positions of an axis of its input",
                    field="downscale_factor",
                    help="pad or crop the image before it",
                )
        return x.with_spatial(x.channels * factor**2, *(size // factor for size in x.spatial))

    def forward(self, x: Code) -> Code:
        return F.pixel_unshuffle(x, self.downscale_factor)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        channels, area = x.tensor.channels, self.downscale_factor**2
        # ONNX puts the channel last within a block, PyTorch first.
        order = [place * channels + channel for channel in range(channels) for place in range(area)]
        y = g.op("SpaceToDepth", x, blocksize=self.downscale_factor)
        return y if order == sorted(order) else g.op("Gather", y, g.constant(order, "int64", name="order"), axis=1)


class ChannelShuffle(Layer):
    """Channels dealt out among groups in turn, so that the next grouped convolution sees all of them.

    (n, c, ...) -> (n, c, ...)

    Zhang et al., ShuffleNet, 2018.
    """

    groups: PositiveInt = Field(description="number of groups that the channels come in")

    examples = {
        "n 6 3 4 -> n 6 3 4": dict(groups=2),
        "n 6 t -> n 6 t": dict(groups=3),
        "n 4 h w -> n 4 h w": dict(groups=4),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_rank_at_least(3)
        if x.channels % self.groups:
            raise ShapeError(
                f"groups {self.groups} does not divide the {x.channels} channels of its input", field="groups"
            )
        return x

    def forward(self, x: Code) -> Code:
        return F.channel_shuffle(x, self.groups)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        each = x.tensor.channels // self.groups
        order = [group * each + place for place in range(each) for group in range(self.groups)]
        return g.op("Gather", x, g.constant(order, "int64", name="order"), axis=1)
