"""EfficientNet, Tan and Le 2019, less its dropping of blocks, which is off where networks are compared."""

from math import ceil

from torch import Tensor, nn

from references.mobilenet import conv_bn, divisible

# expansion, kernel, stride, channels, depth
STAGES = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
]


class SqueezeExcitation(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(nn.functional.silu(self.fc1(x.mean((2, 3), keepdim=True)))).sigmoid() * x


class MBConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, expand: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = divisible(inputs * expand)
        self.adds = stride == 1 and inputs == outputs
        layers = conv_bn(inputs, hidden, 1, 1, 1, nn.SiLU) if hidden != inputs else []
        layers += conv_bn(hidden, hidden, kernel, stride, hidden, nn.SiLU)
        layers += [SqueezeExcitation(hidden, max(1, inputs // 4)), *conv_bn(hidden, outputs, 1, 1, 1, None)]
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x) if self.adds else self.block(x)


class EfficientNet(nn.Module):
    def __init__(self, width: float = 1.0, depth: float = 1.0, classes: int = 1000) -> None:
        super().__init__()
        channels = divisible(32 * width)
        features = conv_bn(3, channels, 3, 2, 1, nn.SiLU)
        for expand, kernel, stride, base, turns in STAGES:
            for index in range(ceil(turns * depth)):
                outputs = divisible(base * width)
                features.append(MBConv(channels, outputs, expand, kernel, 1 if index else stride))
                channels = outputs
        self.features = nn.Sequential(*features, *conv_bn(channels, 4 * channels, 1, 1, 1, nn.SiLU))
        self.classifier = nn.Linear(4 * channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean((2, 3)))
