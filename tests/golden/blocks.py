"""blocks: Blocks, repeats and combinators, one in another.

Written by nnspec VERSION from specs/blocks.yaml. To use it with its trained weights:

    net = Blocks()
    net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    net.eval()
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv(nn.Module):
    """conv: conv_1, wider.0, wider.1 and 2 more."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv2d_1 = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1)  # (channels, _, _)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d_1(x)  # (n, channels, _, _)
        x = F.gelu(x)         # (n, channels, _, _)
        return x


class BranchesPath(nn.Module):
    """branches_path: branches_1.paths.1."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(x, 2)  # (n, 8, 4, 4)
        return x


class BranchesPathResidualBody(nn.Module):
    """branches_path_residual_body: branches_1.paths.2.residual_1.0.body, branches_1.paths.2.residual_1.1.body and
    branches_1.paths.2.residual_1.2.body.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_1 = nn.Conv2d(2, 2, kernel_size=1)  # (2, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)         # (n, 2, 4, 4)
        x = self.conv2d_1(x)  # (n, 2, 4, 4)
        return x


class HeadsPath(nn.Module):
    """heads_path: heads.paths.0 and heads.paths.1."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_1 = nn.Conv2d(13, 3, kernel_size=1)  # (3, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d_1(x)  # (n, 3, 4, 4)
        return x


class TwoWays(nn.Module):
    """two_ways: mixed.0 and mixed.1."""

    def forward(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        sum = left + right  # (n, 3, 4, 4)
        x = left * right    # (n, 3, 4, 4)
        return sum, x


class Body(nn.Module):
    """body: body."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = Conv(in_channels=8, channels=8, stride=1)  # (8, 8, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_1(x)  # (n, 8, 8, 8)
        return x


class BranchesPath2(nn.Module):
    """branches_path: branches_1.paths.0."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = Conv(in_channels=8, channels=3, stride=2)  # (3, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_1(x)  # (n, 3, 4, 4)
        return x


class BranchesPathResidual(nn.Module):
    """branches_path_residual: branches_1.paths.2.residual_1.0, branches_1.paths.2.residual_1.1 and
    branches_1.paths.2.residual_1.2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = BranchesPathResidualBody()  # (2, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = self.body(x)  # (n, 2, 4, 4)
        h = h + x         # (n, 2, 4, 4)
        return h


class Heads(nn.Module):
    """heads: heads."""

    def __init__(self) -> None:
        super().__init__()
        self.paths = nn.ModuleList([HeadsPath(), HeadsPath()])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        paths_0 = self.paths[0](x)  # (n, 3, 4, 4)
        h = self.paths[1](x)        # (n, 3, 4, 4)
        return paths_0, h


class BranchesPath3(nn.Module):
    """branches_path: branches_1.paths.2."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(8, 2, kernel_size=2, stride=2)                       # (2, 4, 4)
        self.residual_1 = nn.Sequential(*(BranchesPathResidual() for _ in range(3)))  # (2, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x)     # (n, 2, 4, 4)
        x = self.residual_1(x)  # (n, 2, 4, 4)
        return x


class Branches(nn.Module):
    """branches: branches_1."""

    def __init__(self) -> None:
        super().__init__()
        self.paths = nn.ModuleList([BranchesPath2(), BranchesPath(), BranchesPath3()])

    def forward(self, x: Tensor) -> Tensor:
        paths_0 = self.paths[0](x)                   # (n, 3, 4, 4)
        paths_1 = self.paths[1](x)                   # (n, 8, 4, 4)
        h = self.paths[2](x)                         # (n, 2, 4, 4)
        h = torch.cat((paths_0, paths_1, h), dim=1)  # (n, 13, 4, 4)
        return h


class Blocks(nn.Module):
    """From image to answer.

    Input:  image   (n, 2, 8, 8)
    Output: answer  (n, 3, 4, 4)

    n is the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = Conv(in_channels=2, channels=4, stride=1)                      # (4, 8, 8)
        # (8, 8, 8)
        self.wider = nn.Sequential(Conv(in_channels=4, channels=4, stride=1), Conv(in_channels=4, channels=8, stride=1))
        self.body = Body()                                                           # (8, 8, 8)
        self.branches_1 = Branches()                                                 # (13, 4, 4)
        self.heads = Heads()                                                         # (3, 4, 4), (3, 4, 4)
        self.mixed = nn.ModuleList([TwoWays(), TwoWays()])
        self.mlp = nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 4), nn.Linear(4, 4))  # (3, 4, 4)

    def forward(self, image: Tensor) -> Tensor:
        """Returns answer."""
        x = self.conv_1(image)                      # (n, 4, 8, 8)
        wider = self.wider(x)                       # (n, 8, 8, 8)
        x = self.body(wider)                        # (n, 8, 8, 8)
        x = x + wider                               # (n, 8, 8, 8)
        x = self.branches_1(x)                      # (n, 13, 4, 4)
        x, heads_1 = self.heads(x)                  # (n, 3, 4, 4), (n, 3, 4, 4)
        x, mixed_0_1 = self.mixed[0](x, heads_1)    # (n, 3, 4, 4), (n, 3, 4, 4)
        x, mixed_1_1 = self.mixed[1](x, mixed_0_1)  # (n, 3, 4, 4), (n, 3, 4, 4)
        x = torch.cat((x, mixed_1_1), dim=-1)       # (n, 3, 4, 8)
        x = F.relu(x)                               # (n, 3, 4, 8)
        x = F.relu(x)                               # (n, 3, 4, 8)
        x = self.mlp(x)                             # (n, 3, 4, 4)
        return x
