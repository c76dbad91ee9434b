"""mlp: Three kinds of iris from four lengths, with one hidden layer.

Written by nnspec VERSION from specs/mlp.yaml. To use it with its trained weights:

    net = Mlp()
    net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    net.eval()
"""

import torch
from torch import Tensor, nn


class Mlp(nn.Module):
    """From flower to species.

    Input:  flower   (n, 4)
    Output: species  (n, 3)

    n is the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(4, 16)              # (16)
        self.linear_2 = nn.Linear(16, 3, bias=False)  # (3)

    def forward(self, flower: Tensor) -> Tensor:
        """Returns species."""
        x = self.linear_1(flower)  # (n, 16)
        x = torch.tanh(x)          # (n, 16)
        x = self.linear_2(x)       # (n, 3)
        return x
