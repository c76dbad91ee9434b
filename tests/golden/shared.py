"""shared: Two images through one encoder, and layers that are called again.

Written by nnspec VERSION from specs/shared.yaml. To use it with its trained weights:

    net = Shared()
    safetensors.torch.load_model(net, "weights.safetensors")
    net.eval()
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Tower(nn.Module):
    """tower: encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_1 = nn.Conv2d(1, 4, kernel_size=3, bias=False)  # (4, 6, 6)
        self.batchnorm2d_1 = nn.BatchNorm2d(4)                      # (4, 6, 6)
        self.late = nn.Linear(4, 8)                                 # (8)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv2d_1(x)             # (n, 4, 6, 6)
        x = self.batchnorm2d_1(x)        # (n, 4, 6, 6)
        x = F.relu(x)                    # (n, 4, 6, 6)
        x = F.adaptive_avg_pool2d(x, 1)  # (n, 4, 1, 1)
        early = x.flatten(1)             # (n, 4)
        x = self.late(early)             # (n, 8)
        return x, early


class Body(nn.Module):
    """body: body."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(x)     # (n, 8)
        x = self.shared_1(x)  # (n, 8)
        return x


class BranchesPath(nn.Module):
    """branches_path: branches_1.paths.0."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(x)   # (n, 8)
        x = self.far[0](x)  # (n, 8)
        x = self.far[1](x)  # (n, 8)
        return x


class Branches(nn.Module):
    """branches: branches_1."""

    def __init__(self) -> None:
        super().__init__()
        self.paths = nn.Sequential(BranchesPath())  # (8)

    def forward(self, x: Tensor) -> Tensor:
        h = self.paths(x)  # (n, 8)
        h = h + x          # (n, 8)
        return h


class Shared(nn.Module):
    """From left and right to same.

    Input:  left   (n, 1, 8, 8)
    Input:  right  (n, 1, 8, 8)
    Output: same   (n, 12)

    n is the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Tower()                                       # (8)
        self.mix = nn.Linear(8, 8)                                   # (8)
        self.body = Body()                                           # (8)
        self.deep = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))  # (8)
        self.branches_1 = Branches()                                 # (8)
        self.body.shared_1 = self.mix
        self.branches_1.paths[0].far = self.deep

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Returns same."""
        encoder, _ = self.encoder(left)              # (n, 8)
        x, right_features_1 = self.encoder(right)    # (n, 8), (n, 4)
        x = encoder + x                              # (n, 8)
        x = self.mix(x)                              # (n, 8)
        x = self.mix(x)                              # (n, 8)
        again_1 = self.mix(x)                        # (n, 8)
        x = self.body(again_1)                       # (n, 8)
        x = x + again_1                              # (n, 8)
        x = self.deep(x)                             # (n, 8)
        x = self.deep[0](x)                          # (n, 8)
        x = self.deep[1](x)                          # (n, 8)
        x = self.branches_1(x)                       # (n, 8)
        x = torch.cat((x, right_features_1), dim=1)  # (n, 12)
        return x
