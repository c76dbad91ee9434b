"""2 towers: Two inputs, two outputs.

Written by nnspec VERSION from specs/two_towers.yaml. To use it with its trained weights:

    net = Net2Towers()
    net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    net.eval()
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Net2Towers(nn.Module):
    """From left, x and unused to kind and side.

    Input:  left    (n, 6)
    Input:  x       (n, 7)
    Input:  unused  (n, 2)
    Output: kind    (n, 3)
    Output: side    (n, 4)

    n is the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(6, 4)   # (4)
        self.right = nn.Linear(7, 4)      # (4)
        self.linear_2 = nn.Linear(15, 3)  # (3)

    def forward(self, left: Tensor, x: Tensor, unused: Tensor) -> tuple[Tensor, Tensor]:
        """Returns kind and side."""
        h = self.linear_1(left)                   # (n, 4)
        relu_1 = F.relu(h)                        # (n, 4)
        right = self.right(x)                     # (n, 4)
        h = torch.cat((relu_1, right, x), dim=1)  # (n, 15)
        h = self.linear_2(h)                      # (n, 3)
        return h, right
