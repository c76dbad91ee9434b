"""residual-net

Written by nnspec VERSION from specs/residual.yaml. To use it with its trained weights:

    net = ResidualNet()
    net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    net.eval()
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResidualNet(nn.Module):
    """From x to output.

    Input:  x       (n, 3, 16, 16)
    Output: output  (n, 5)

    n is the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, kernel_size=3, padding="same", bias=False)  # (32, 16, 16)
        self.batchnorm2d_1 = nn.BatchNorm2d(32)                                  # (32, 16, 16)
        # (32, 16, 16)
        self.body = nn.Conv2d(32, 32, kernel_size=(3, 5), padding="same", groups=4, bias=False, padding_mode="reflect")
        self.linear_1 = nn.Linear(32, 5)                                         # (5)

    def forward(self, x: Tensor) -> Tensor:
        """Returns output."""
        stem = self.stem(x)            # (n, 32, 16, 16)
        x = self.batchnorm2d_1(stem)   # (n, 32, 16, 16)
        x = F.relu(x)                  # (n, 32, 16, 16)
        x = self.body(x)               # (n, 32, 16, 16)
        x = x + stem                   # (n, 32, 16, 16)
        x = x * x                      # (n, 32, 16, 16)
        x = torch.mean(x, dim=(2, 3))  # (n, 32)
        x = self.linear_1(x)           # (n, 5)
        return x
