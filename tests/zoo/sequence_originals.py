"""Originals of the reference networks, by hand in plain PyTorch from their papers."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm


class WideAndDeep(nn.Module):
    """Cheng et al. 2016: a linear model of crossed features beside a network on embeddings."""

    def __init__(self, numbers: int, crossed: int, categories: int, vocabulary: int, size: int, hidden: list[int]):
        super().__init__()
        self.table = nn.Embedding(vocabulary, size)
        widths = [numbers + categories * size, *hidden]
        self.deep = nn.ModuleList([nn.Linear(*pair) for pair in zip(widths, hidden, strict=False)])
        self.score = nn.Linear(hidden[-1], 1)
        self.wide = nn.Linear(crossed, 1, bias=False)

    def forward(self, numbers: Tensor, crossed: Tensor, categories: Tensor) -> Tensor:
        x = torch.cat([numbers, self.table(categories).flatten(1)], dim=1)
        for layer in self.deep:
            x = F.relu(layer(x))
        return self.wide(crossed) + self.score(x)


class FTTransformer(nn.Module):
    """Gorishniy et al. 2021: each column a vector, then attention among them; the first block is not normalised."""

    def __init__(
        self, numbers: int, categories: int, vocabulary: int, width: int, heads: int, hidden: int, classes: int
    ):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, width))
        self.weight = nn.Parameter(torch.zeros(numbers, width))
        self.bias = nn.Parameter(torch.zeros(numbers + categories, width))
        self.table = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList([_ColumnBlock(width, heads, hidden, first=block == 0) for block in range(3)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, numbers: Tensor, categories: Tensor) -> Tensor:
        vectors = torch.cat([numbers[..., None] * self.weight, self.table(categories)], dim=1) + self.bias
        x = torch.cat([self.token.expand(len(vectors), 1, -1), vectors], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.head(F.relu(self.norm(x[:, 0])))


class _ColumnBlock(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, *, first: bool):
        super().__init__()
        self.before = nn.Identity() if first else nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.into = nn.Linear(width, 2 * hidden)
        self.out = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.before(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        a, b = self.into(self.norm(x)).chunk(2, dim=-1)
        return x + self.out(a * F.relu(b))


class TwoTowers(nn.Module):
    """Yi et al. 2019, of one pair: the product of two vectors of length 1."""

    def __init__(self, users: int, items: int, size: int, hidden: int, vector: int, temperature: float):
        super().__init__()
        self.items, self.users = nn.Embedding(items, size), nn.Embedding(users, size)
        towers = [nn.Sequential(nn.Linear(n * size, hidden), nn.ReLU(), nn.Linear(hidden, vector)) for n in (2, 1)]
        self.user_tower, self.item_tower = towers
        self.temperature = temperature

    def forward(self, user: Tensor, seen: Tensor, item: Tensor) -> Tensor:
        known = (seen > 0).unsqueeze(-1)
        history = (self.items(seen) * known).sum(1) / known.sum(1).clamp(min=1)
        person = self.user_tower(torch.cat([self.users(user)[:, 0], history], dim=1))
        thing = self.item_tower(self.items(item)[:, 0] * (item > 0))
        return F.cosine_similarity(person, thing, dim=1)[:, None] / self.temperature


class Siamese(nn.Module):
    """Koch et al. 2015: one encoder of two images, and a weighted sum of how far each feature is apart."""

    def __init__(self, width: int, places: int, features: int):
        super().__init__()
        self.convs = nn.Sequential(
            *(nn.Conv2d(1, width, 10), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 2 * width, 7), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(2 * width, 2 * width, 4), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(2 * width, 4 * width, 4), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(4 * width * places, features), nn.Sigmoid()),
        )
        self.score = nn.Linear(features, 1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.score((self.convs(left) - self.convs(right)).abs())


class Recurrent(nn.Module):
    """An LSTM over words, step by step where it is of one direction; its last state or each of them classified."""

    def __init__(self, words: int, size: int, hidden: int, classes: int, *, tags: bool):
        super().__init__()
        self.tags = tags
        self.table = nn.Embedding(words, size, padding_idx=0)
        self.reader = nn.LSTM(size, hidden, bidirectional=tags, batch_first=True)
        self.head = nn.Linear((2 if tags else 1) * hidden, classes)

    def forward(self, words: Tensor) -> Tensor:
        states, (last, _) = self.reader(self.table(words))
        return self.head(states) if self.tags else self.head(last[0])


class Seq2Seq(nn.Module):
    """Luong et al. 2015: an LSTM goes on from another's last states and looks at all of them by the score "general"."""

    def __init__(self, words: int, width: int, depth: int):
        super().__init__()
        self.source = nn.Embedding(words, width)
        self.encoder = nn.LSTM(width, width, depth, batch_first=True)
        self.target = nn.Embedding(words, width)
        self.decoder = nn.LSTM(width, width, depth, batch_first=True)
        self.score = nn.Linear(width, width, bias=False)
        self.joined = nn.Linear(2 * width, width, bias=False)
        self.head = nn.Linear(width, words, bias=False)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory, states = self.encoder(self.source(source))
        decoded, _ = self.decoder(self.target(target), states)
        found = []
        for step in decoded.unbind(1):
            weights = (self.score(memory) @ step[:, :, None]).squeeze(2).softmax(1)
            context = (weights[:, :, None] * memory).sum(1)
            found.append(self.head(torch.tanh(self.joined(torch.cat([context, step], dim=1)))))
        return torch.stack(found, dim=1)


class TransformerBase(nn.Module):
    """Vaswani et al. 2017, of PyTorch's own layers, without the normalisation that PyTorch adds behind each stack."""

    def __init__(self, words: int, width: int, hidden: int, heads: int, depth: int):
        super().__init__()
        self.table = nn.Embedding(words, width)
        layer = dict(nhead=heads, dim_feedforward=hidden, dropout=0.0, batch_first=True)
        encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(width, **layer), depth, enable_nested_tensor=False)
        decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(width, **layer), depth)
        self.stacks = nn.Transformer(width, heads, custom_encoder=encoder, custom_decoder=decoder, batch_first=True)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        mask = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        decoded = self.stacks(self._vectors(source), self._vectors(target), tgt_mask=mask)
        return decoded @ self.table.weight.T

    def _vectors(self, words: Tensor) -> Tensor:
        x = self.table(words)
        width = x.shape[2]
        rates = torch.tensor([10000 ** (-pair / width) for pair in range(0, width, 2)])  # kept in single precision
        angles = torch.arange(x.shape[1])[:, None] * rates.double()
        waves = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
        return x * math.sqrt(width) + waves


class TCN(nn.Module):
    """Bai et al. 2018: padded on both sides and cut, as in the authors' code."""

    def __init__(self, series: int, channels: int, kernel: int, depth: int):
        super().__init__()
        self.levels = nn.ModuleList(
            [_Temporal(channels if level else series, channels, kernel, 2**level) for level in range(depth)]
        )
        self.head = nn.Linear(channels, series)

    def forward(self, past: Tensor) -> Tensor:
        x = past.transpose(1, 2)
        for level in self.levels:
            x = level(x)
        return self.head(x.transpose(1, 2))


class _Temporal(nn.Module):
    def __init__(self, inputs: int, channels: int, kernel: int, dilation: int):
        super().__init__()
        self.cut = (kernel - 1) * dilation
        self.one = weight_norm(nn.Conv1d(inputs, channels, kernel, padding=self.cut, dilation=dilation))
        self.two = weight_norm(nn.Conv1d(channels, channels, kernel, padding=self.cut, dilation=dilation))
        self.shortcut = nn.Conv1d(inputs, channels, 1) if inputs != channels else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.one(x)[..., : -self.cut])
        y = F.relu(self.two(y)[..., : -self.cut])
        return F.relu(y + self.shortcut(x))


class NBeats(nn.Module):
    """Oreshkin et al. 2019, generic."""

    def __init__(self, past: int, horizon: int, width: int, layers: int, depth: int):
        super().__init__()
        self.past, self.horizon = past, horizon
        sizes = [past, *[width] * layers]
        self.blocks = nn.ModuleList(
            [nn.ModuleList([*map(nn.Linear, sizes, sizes[1:]), nn.Linear(width, past + horizon)]) for _ in range(depth)]
        )

    def forward(self, past: Tensor) -> Tensor:
        rest, forecast = past, past[:, -1:].repeat(1, self.horizon)
        for *layers, theta in self.blocks:
            x = rest
            for layer in layers:
                x = F.relu(layer(x))
            both = theta(x)
            rest, forecast = rest - both[:, : self.past], forecast + both[:, self.past :]
        return forecast


class WaveNet(nn.Module):
    """Van den Oord et al. 2016, without conditions."""

    def __init__(self, levels: int, channels: int, skips: int, cycle: int, depth: int):
        super().__init__()
        self.dilations = [2 ** (layer % cycle) for layer in range(depth)]
        self.table = nn.Embedding(levels, channels)
        self.layers = nn.ModuleList()
        for layer, dilation in enumerate(self.dilations):
            convs = [nn.Conv1d(channels, 2 * channels, 2, dilation=dilation), nn.Conv1d(channels, skips, 1)]
            # Nothing takes what the last layer would hand on.
            onward = [nn.Conv1d(channels, channels, 1)] if layer + 1 < depth else []
            self.layers.append(nn.ModuleList(convs + onward))
        self.one, self.two = nn.Conv1d(skips, skips, 1), nn.Conv1d(skips, levels, 1)

    def forward(self, samples: Tensor) -> Tensor:
        x, total = self.table(samples).transpose(1, 2), torch.zeros(())
        for dilation, (conv, skip, *onward) in zip(self.dilations, self.layers, strict=True):
            a, b = conv(F.pad(x, (dilation, 0))).chunk(2, dim=1)
            gated = torch.tanh(a) * torch.sigmoid(b)
            total = total + skip(gated)
            x = x + onward[0](gated) if onward else x
        return self.two(F.relu(self.one(F.relu(total))))
