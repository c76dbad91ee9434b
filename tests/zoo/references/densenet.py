"""DenseNet, Huang et al. 2016, with bottlenecks and compression."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DenseLayer(nn.Module):
    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, 1, 1, bias=False)

    def forward(self, features: list[Tensor]) -> Tensor:
        x = self.conv1(F.relu(self.norm1(torch.cat(features, 1))))
        return self.conv2(F.relu(self.norm2(x)))


class DenseNet(nn.Module):
    def __init__(self, depths: list[int], growth: int = 32, classes: int = 1000) -> None:
        super().__init__()
        channels = 2 * growth
        self.conv0 = nn.Conv2d(3, channels, 7, 2, 3, bias=False)
        self.norm0 = nn.BatchNorm2d(channels)
        self.stages = nn.ModuleList()
        for stage, depth in enumerate(depths):
            self.stages.append(nn.ModuleList(DenseLayer(channels + i * growth, growth) for i in range(depth)))
            channels += depth * growth
            if stage < len(depths) - 1:
                norm, conv = nn.BatchNorm2d(channels), nn.Conv2d(channels, channels // 2, 1, bias=False)
                self.stages.append(nn.Sequential(norm, nn.ReLU(), conv, nn.AvgPool2d(2)))
                channels //= 2
        self.norm5 = nn.BatchNorm2d(channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm0(self.conv0(x))), 3, 2, 1)
        for stage in self.stages:
            if isinstance(stage, nn.ModuleList):
                features = [x]
                for layer in stage:
                    features.append(layer(features))
                x = torch.cat(features, 1)
            else:
                x = stage(x)
        return self.classifier(F.adaptive_avg_pool2d(F.relu(self.norm5(x)), 1).flatten(1))
