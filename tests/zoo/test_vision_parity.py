"""The reference networks compute what their originals do: hand-written ones, from the papers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from parity import TOLERANCE, compare, paired, scramble
from references.densenet import DenseNet
from references.efficientnet import EfficientNet
from references.mobilenet import MobileNetV2
from references.resnet import BasicBlock, Bottleneck, ResNet
from references.unet import UNet
from references.vit import VisionTransformer
from safetensors.torch import save_file
from torch import nn

import nnspec
from nnspec.codegen.load import fill, load
from nnspec.codegen.write import write
from nnspec.graph.start import find_start
from nnspec.spec.reach import Reach

SPECS = Path(__file__).parents[2] / "specs"
REACHED = 0.85  # a shift has no gradient where a 1×1 convolution and a BatchNorm follow it
TOKEN = {"class_token": "class_token", "positions": "encoder.pos_embedding"}
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


def carried(folder: Path, spec: str, settings: list[str], reference: nn.Module, names: dict[str, str]) -> nn.Module:
    """Our module with the original's weights, from a file as they are published."""
    save_file(reference.state_dict(), folder / "original.safetensors")
    (folder / "net.yaml").write_bytes((SPECS / "vision" / f"{spec}.yaml").read_bytes())
    weights = f"weights={json.dumps({'load': 'original.safetensors', 'map': names})}"
    network = nnspec.load(folder / "net.yaml", [*(f"params.{given}" for given in settings), weights])
    assert network.warnings == ()
    start = find_start(network.spec, network.graph, Reach(network.folder))
    assert start and start.fits
    module = load(write(network.graph), "net.py", {})
    fill(module, start)
    return module.eval()


def assert_carried(folder: Path, name: str, names: dict[str, str] | None = None) -> None:
    spec, settings, original, sizes = SMALL[name]
    reference = original().eval()
    scramble(reference)
    names = names or {theirs: own for own, theirs in paired(reference, ours(spec, settings), {}).items()}
    module = carried(folder, spec, settings, reference, names)
    with torch.no_grad():
        for x in images(spec, sizes, 2):
            torch.testing.assert_close(module(x), reference(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", sorted(SMALL.keys() - {"vit"}))  # whose tokens are defined elsewhere
def test_an_original_s_weights_go_across_by_names(name, tmp_path):
    assert_carried(tmp_path, name)


def test_published_weights_of_resnet_go_across_by_a_map(tmp_path):
    names = {"conv1.": "stem.conv2d_1.", "bn1.": "stem.batchnorm2d_1.", "fc.": "linear_1."}
    for stage in (1, 2, 3, 4):
        for index in (1, 2, 3):
            names[f"layer{stage}.*.conv{index}."] = f"stage{stage}.*.body.conv_bn_{index}.conv2d_1."
            names[f"layer{stage}.*.bn{index}."] = f"stage{stage}.*.body.conv_bn_{index}.batchnorm2d_1."
        names[f"layer{stage}.*.downsample.0."] = f"stage{stage}.*.shortcut.conv_bn_1.conv2d_1."
        names[f"layer{stage}.*.downsample.1."] = f"stage{stage}.*.shortcut.conv_bn_1.batchnorm2d_1."
    assert_carried(tmp_path, "resnet50", names)


def test_published_weights_of_vit_go_across_by_a_map(tmp_path):
    layer = "encoder.layers.encoder_layer_*."
    names = {
        "conv_proj.": "conv2d_1.",
        "encoder.pos_embedding": "positions",
        f"{layer}ln_1.": "encoder.*.residual_1.body.layernorm_1.",
        f"{layer}self_attention.": "encoder.*.residual_1.body.multiheadattention_1.",
        f"{layer}ln_2.": "encoder.*.residual_2.body.layernorm_1.",
        f"{layer}mlp.0.": "encoder.*.residual_2.body.linear_1.",
        f"{layer}mlp.3.": "encoder.*.residual_2.body.linear_2.",
        "encoder.ln.": "layernorm_1.",
        "heads.head.": "linear_1.",
    }
    assert_carried(tmp_path, "vit", names)
