"""digits: Handwritten digits, 8×8 grey.

Written by nnspec VERSION from specs/cnn.yaml. To use it with its trained weights:

    net = Digits()
    net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    net.eval()
"""

import torch.nn.functional as F
from torch import Tensor, nn


class Digits(nn.Module):
    """From image to digit.

    Input:  image  (n, 1, 8, 8)
    Output: digit  (n, 10)

    n is the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_1 = nn.Conv2d(1, 16, kernel_size=3, padding="same")  # (16, 8, 8)
        self.batchnorm2d_1 = nn.BatchNorm2d(16)                          # (16, 8, 8)
        self.dropout_1 = nn.Dropout(0.2)                                 # (256)
        self.linear_1 = nn.Linear(256, 10)                               # (10)

    def forward(self, image: Tensor) -> Tensor:
        """Returns digit."""
        x = self.conv2d_1(image)   # (n, 16, 8, 8)
        x = self.batchnorm2d_1(x)  # (n, 16, 8, 8)
        x = F.relu(x)              # (n, 16, 8, 8)
        x = F.max_pool2d(x, 2)     # (n, 16, 4, 4)
        x = x.flatten(1)           # (n, 256)
        x = self.dropout_1(x)      # (n, 256)
        x = self.linear_1(x)       # (n, 10)
        return x
