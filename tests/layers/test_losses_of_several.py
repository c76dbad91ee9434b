"""Losses that are layers: their mean is the value of PyTorch's class, or of the paper's formula."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from refusing import refusal
from torch import nn

from nnspec.cli.main import main
from nnspec.codegen.load import evaluate
from nnspec.layers import find
from nnspec.pycode import name
from nnspec.shapes import BATCH, Tensor

N, D = 6, 4


def ours(kind, *values, **arguments):
    layer = find(kind)(**arguments)
    takes = [Tensor((BATCH, *x.shape[1:]), str(x.dtype).removeprefix("torch.")) for x in values]
    layer.infer(*takes)
    names = {f"x{place}": x for place, x in enumerate(values)}
    return evaluate(layer.code(takes, *map(name, names)), names).mean()


def vectors(count):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(N, D, generator=generator) for _ in range(count)]


SIGNS = torch.tensor([1.0, -1, 1, -1, -1, 1])


@pytest.mark.parametrize("arguments", [{}, dict(margin=0.5, p=1.0), dict(swap=True)])
def test_a_triplets_loss_is_torchs(arguments):
    values = vectors(3)
    torch.testing.assert_close(
        ours("TripletMarginLoss", *values, **arguments), nn.TripletMarginLoss(**arguments)(*values)
    )


@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_losses_of_two_tensors_and_a_label_are_torchs(margin):
    x, y = vectors(2)
    wanted = nn.CosineEmbeddingLoss(margin)(x, y, SIGNS)
    torch.testing.assert_close(ours("CosineEmbeddingLoss", x, y, SIGNS, margin=margin), wanted)
    wanted = nn.MarginRankingLoss(margin)(x[:, 0], y[:, 0], SIGNS)
    torch.testing.assert_close(ours("MarginRankingLoss", x[:, 0], y[:, 0], SIGNS, margin=margin), wanted)


def test_contrast_is_that_of_the_paper():
    x, y = vectors(2)
    alike = SIGNS.gt(0)
    distance = (x - y + 1e-6).norm(dim=1)
    wanted = torch.where(alike, distance**2, (3 - distance).clamp(min=0) ** 2).mean()
    torch.testing.assert_close(ours("ContrastiveLoss", x, y, alike.float(), margin=3.0), wanted)


def test_each_query_is_to_find_its_own_key():
    x, y = vectors(2)
    cosine = nn.functional.cosine_similarity(x[:, None], y[None], dim=2)
    wanted = -(cosine / 0.5).log_softmax(1).diagonal().mean()
    torch.testing.assert_close(ours("InfoNCE", x, y, temperature=0.5), wanted)


@pytest.mark.parametrize("full", [False, True])
def test_the_likelihood_of_a_normal_distribution_is_torchs(full):
    mean, target, spread = vectors(3)
    wanted = nn.GaussianNLLLoss(full=full)(mean, target, spread.exp())
    torch.testing.assert_close(ours("GaussianNLLLoss", mean, target, spread.exp(), full=full), wanted)


def test_the_divergence_is_that_of_torchs_distributions():
    mean, log_var = vectors(2)
    normal = torch.distributions.Normal
    wanted = torch.distributions.kl_divergence(normal(mean, (log_var / 2).exp()), normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(ours("GaussianKL", mean, log_var), wanted)


def test_labels_along_time_are_torchs():
    scores = torch.randn(N, 9, 5, generator=torch.Generator().manual_seed(0)).log_softmax(2)
    targets = torch.randint(1, 5, (N, 4), generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([4, 3, 2, 1, 0, 4])
    each = nn.CTCLoss(reduction="none")(scores.transpose(0, 1), targets, torch.full((N,), 9), lengths)
    torch.testing.assert_close(ours("CTCLoss", scores, targets, lengths), each.mean())


def test_labels_in_a_list_are_torchs():
    scores = torch.randn(N, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[3, 0, -1, -1, -1], [1, -1, -1, -1, -1], [0, 1, 2, 3, 4], [4, 2, -1, -1, -1]]).repeat(2, 1)[
        :N
    ]
    wanted = nn.MultiLabelMarginLoss()(scores, targets)
    torch.testing.assert_close(ours("MultiLabelMarginLoss", scores, targets), wanted)


def test_what_cannot_be_compared_is_refused():
    assert refusal("ContrastiveLoss", {}, "n 4", "n 4", "n 1") == (
        "",
        "needs labels (1 or 0) of one number an example, got (1)",
        "`Squeeze: 1` makes one number of a list of one",
    )
    assert refusal("CTCLoss", dict(blank=6), "n t 6", "int64 n 3", "int64 n") == (
        "blank",
        "blank 6 is none of the 6 classes",
        "0 to 5",
    )


SPEC = """nnspec: 1
name: triplets
data: triplets.npz
inputs: {anchor: [8], positive: [8], negative: [8]}
layers:
  - {Linear: 4, from: anchor, name: embed}
  - {share: embed, from: positive, name: near}
  - {share: embed, from: negative, name: far}
  - {TripletMarginLoss: {}, from: [embed, near, far], name: triplet}
outputs:
  embedding: {from: embed}
  apart: {from: triplet, loss: Minimize, export: false}
optimizer: {Adam: {lr: 1e-2}}
train: {epochs: 5}
"""


def test_what_a_network_computes_is_made_small_and_stays_out_of_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    kinds = random.integers(0, 2, 200)

    def rows(kind):
        return ((kind[:, None] * 2 - 1) * 0.7 + random.normal(size=(200, 8))).astype(np.float32)

    np.savez("triplets.npz", anchor=rows(kinds), positive=rows(kinds), negative=rows(1 - kinds))
    Path("net.yaml").write_text(SPEC)
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 0
    lines = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    losses = [line["train_loss"] for line in lines]
    assert losses[-1] < 0.8 * losses[0]
    assert main(["predict", "run/model.onnx", "triplets.npz"]) == 0
    assert capsys.readouterr().out.split("\n")[0] == "embedding_0,embedding_1,embedding_2,embedding_3"
