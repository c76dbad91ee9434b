"""U-Net, Ronneberger et al. 2015: unpadded convolutions, what a level saw cropped to what comes from below."""

import torch
from torch import Tensor, nn


def double(inputs: int, outputs: int, padding: int) -> nn.Sequential:
    first, second = nn.Conv2d(inputs, outputs, 3, padding=padding), nn.Conv2d(outputs, outputs, 3, padding=padding)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


class UNet(nn.Module):
    def __init__(self, width: int = 64, padding: int = 0, channels: int = 1, classes: int = 2) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        sources = [channels, *widths]
        self.down = nn.ModuleList(double(sources[i], widths[i], padding) for i in range(5))
        self.up = nn.ModuleList()
        for wide in widths[:0:-1]:
            self.up += [nn.ConvTranspose2d(wide, wide // 2, 2, 2), double(wide, wide // 2, padding)]
        self.last = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = []
        for level, convs in enumerate(self.down):
            x = convs(x if not level else nn.functional.max_pool2d(x, 2))
            seen.append(x)
        for level in range(4):
            x = self.up[2 * level](x)
            beside = seen[3 - level]
            top, left = (beside.shape[2] - x.shape[2]) // 2, (beside.shape[3] - x.shape[3]) // 2
            beside = beside[:, :, top : top + x.shape[2], left : left + x.shape[3]]
            x = self.up[2 * level + 1](torch.cat([beside, x], 1))
        return self.last(x)
