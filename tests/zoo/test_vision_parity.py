"""The reference networks compute what their originals do: hand-written ones, from the papers."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from parity import TOLERANCE, compare, scramble
from references.densenet import DenseNet
from references.efficientnet import EfficientNet
from references.mobilenet import MobileNetV2
from references.resnet import BasicBlock, Bottleneck, ResNet
from references.unet import UNet
from references.vit import VisionTransformer
from torch import nn

import nnspec
from nnspec.codegen.load import load
from nnspec.codegen.write import write

SPECS = Path(__file__).parents[2] / "specs"
REACHED = 0.85  # a shift has no gradient where a 1×1 convolution and a BatchNorm follow it
TOKEN = {"class_token": "class_token"}
# Spec, its parameters, the original, image sizes: the second one too where the network takes any.
SMALL = {
    "resnet18": ("resnet", ["width=8", "classes=5"], lambda: ResNet(BasicBlock, [2, 2, 2, 2], 8, 5), [64, 49]),
    "resnet50": (
        "resnet",
        ["block=bottleneck", "depths=[2, 1, 1, 2]", "width=4", "classes=5"],
        lambda: ResNet(Bottleneck, [2, 1, 1, 2], 4, 5),
        [64, 49],
    ),
    "densenet": (
        "densenet",
        ["depths=[2, 1, 2, 1]", "growth=4", "classes=5"],
        lambda: DenseNet([2, 1, 2, 1], 4, 5),
        [64, 97],
    ),
    "mobilenet": (
        "mobilenet",
        ["width=0.35", "depths=[1, 2, 1, 1, 1, 1, 1]", "classes=5"],
        lambda: MobileNetV2(0.35, [1, 2, 1, 1, 1, 1, 1], 5),
        [64, 49],
    ),
    "efficientnet": (
        "efficientnet",
        ["width=0.25", "depth=0.6", "classes=5"],
        lambda: EfficientNet(0.25, 0.6, 5),
        [64, 49],
    ),
    "vit": (
        "vit",
        ["patch=4", "dim=12", "heads=3", "depth=2", "classes=5", "size=16"],
        lambda: VisionTransformer(16, 4, 12, 2, 3, 5),
        [16],
    ),
    "unet": ("unet", ["width=2", "size=188"], lambda: UNet(2), [188, 204]),
    "unet padded": ("unet", ["width=2", "padding=1", "size=32"], lambda: UNet(2, 1), [32, 48]),
}
WHOLE = {
    "resnet18": ("resnet", [], lambda: ResNet(BasicBlock, [2, 2, 2, 2]), [224]),
    "resnet50": (
        "resnet",
        ["block=bottleneck", "depths=[3, 4, 6, 3]"],
        lambda: ResNet(Bottleneck, [3, 4, 6, 3]),
        [224],
    ),
    "densenet121": ("densenet", [], lambda: DenseNet([6, 12, 24, 16]), [224]),
    "mobilenet_v2": ("mobilenet", [], MobileNetV2, [224]),
    "efficientnet_b0": ("efficientnet", [], EfficientNet, [224]),
    "vit_b_16": ("vit", [], lambda: VisionTransformer(224, 16, 768, 12, 12, 1000), [224]),
    "unet": ("unet", ["size=188"], UNet, [188]),
}


def ours(spec: str, settings: list[str]) -> nn.Module:
    network = nnspec.load(SPECS / "vision" / f"{spec}.yaml", [f"params.{given}" for given in settings])
    return load(write(network.graph), "net.py", {})


def images(spec: str, sizes: list[int], rows: int) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    return [torch.randn(rows, 1 if spec == "unet" else 3, size, size, generator=random) for size in sizes]


def differences(spec: str, settings: list[str], original: Callable[[], nn.Module], sizes: list[int], rows: int):
    moved = TOKEN if spec == "vit" else {}
    return compare(original(), ours(spec, settings), images(spec, sizes, rows), moved)


@pytest.mark.parametrize("name", SMALL)
def test_a_small_network_equals_its_original(name):
    found = differences(*SMALL[name], rows=4)
    assert found.largest < TOLERANCE * 100
    assert found.outputs < TOLERANCE
    assert found.reached > REACHED


@pytest.mark.parity
@pytest.mark.parametrize("name", WHOLE)
def test_a_network_of_full_size_equals_its_original(name):
    found = differences(*WHOLE[name], rows=2)
    assert found.outputs < TOLERANCE
    assert found.trained_outputs < TOLERANCE * 100
    assert found.gradients < 1e-5  # which batch statistics of two rows make large
    assert found.reached > REACHED


@pytest.mark.parametrize("change", ["eps", "momentum", "stride", "activation"])
def test_a_network_that_is_a_little_other_is_told(change):
    reference = ResNet(BasicBlock, [2, 2, 2, 2], 8, 5)
    block = reference.layer2[1]
    if change == "eps":
        block.bn1.eps = 1e-3
    elif change == "momentum":
        block.bn1.momentum = 0.01
    elif change == "activation":
        block.relu = nn.LeakyReLU(0.01)
    else:
        reference.maxpool = nn.AvgPool2d(3, 2, 1)
    found = compare(reference, ours("resnet", ["width=8", "classes=5"]), images("resnet", [64], 4))
    assert found.largest > 1e-5


def test_published_weights_go_across_by_a_map_of_names(tmp_path):
    from safetensors.torch import save_file

    reference = ResNet(BasicBlock, [1, 1, 1, 1], 8, 5)
    scramble(reference)
    save_file(reference.state_dict(), tmp_path / "resnet.safetensors")
    settings = ["width=8", "classes=5", "depths=[1, 1, 1, 1]", "size=64"]
    module = ours("resnet", settings)
    names = dict(zip(reference.state_dict(), module.state_dict(), strict=True))
    (tmp_path / "net.yaml").write_bytes((SPECS / "vision" / "resnet.yaml").read_bytes())
    weights = {"load": "resnet.safetensors", "map": names}
    network = nnspec.load(tmp_path / "net.yaml", [*(f"params.{given}" for given in settings), f"weights={weights}"])
    assert network.warnings == ()
