"""lstm: Sequences of any length T.

Written by nnspec VERSION from specs/lstm.yaml. To use it with its trained weights:

    net = Lstm()
    net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    net.eval()
"""

import torch
from torch import Tensor, nn


class Lstm(nn.Module):
    """From tokens to output.

    Input:  tokens  int64 (n, T)
    Output: output  (n, 2)

    n is the batch, T a length known only when it runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.embedding_1 = nn.Embedding(50, 8)                                            # (T, 8)
        self.reader = nn.LSTM(8, 12, num_layers=2, bidirectional=True, batch_first=True)  # (T, 24), (4, 12)
        self.gru_1 = nn.GRU(24, 4, batch_first=True)                                      # (T, 4)
        self.linear_1 = nn.Linear(40, 2)                                                  # (2)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns output."""
        x = self.embedding_1(tokens)              # (n, T, 8)
        reader, (reader_h_n, _) = self.reader(x)  # (n, T, 24)
        reader_h_n = reader_h_n.transpose(0, 1)   # (n, 4, 12)
        last_1 = reader_h_n[:, -1]                # (n, 12)
        x = torch.mean(reader, dim=1)             # (n, 24)
        concat_1 = torch.cat((last_1, x), dim=1)  # (n, 36)
        x, _ = self.gru_1(reader)                 # (n, T, 4)
        x = x[:, -1]                              # (n, 4)
        x = torch.cat((x, concat_1), dim=1)       # (n, 40)
        x = self.linear_1(x)                      # (n, 2)
        return x
