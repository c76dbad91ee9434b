"""MobileNetV2, Sandler et al. 2018."""

from torch import Tensor, nn

# expansion, channels, depth, stride
STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def divisible(value: float, divisor: int = 8) -> int:
    """The nearest multiple that is not below the value by more than a tenth."""
    found = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return found + divisor if found < 0.9 * value else found


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int, groups: int, act: type[nn.Module] | None) -> list:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs), *([act()] if act else [])]


class InvertedResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = inputs * expand
        self.adds = stride == 1 and inputs == outputs
        wide = conv_bn(inputs, hidden, 1, 1, 1, nn.ReLU6) if expand != 1 else []
        deep = conv_bn(hidden, hidden, 3, stride, hidden, nn.ReLU6)
        self.conv = nn.Sequential(*wide, *deep, *conv_bn(hidden, outputs, 1, 1, 1, None))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, width: float = 1.0, depths: list[int] | None = None, classes: int = 1000) -> None:
        super().__init__()
        channels = divisible(32 * width)
        features = conv_bn(3, channels, 3, 2, 1, nn.ReLU6)
        for stage, (expand, base, depth, stride) in enumerate(STAGES):
            for index in range(depths[stage] if depths else depth):
                outputs = divisible(base * width)
                features.append(InvertedResidual(channels, outputs, 1 if index else stride, expand))
                channels = outputs
        last = divisible(1280 * max(1.0, width))
        self.features = nn.Sequential(*features, *conv_bn(channels, last, 1, 1, 1, nn.ReLU6))
        self.classifier = nn.Linear(last, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean((2, 3)))
