"""Every augmentation: what it does to a batch, and that training alone knows of it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nnspec import augment
from nnspec.augment.augmentation import Mixing
from nnspec.augment.images import (
    ColorJitter,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)
from nnspec.augment.mixing import CutMix, MixUp
from nnspec.augment.noise import GaussianNoise, TimeMask
from nnspec.cli.main import main
from nnspec.graph import load_network, parse_network
from nnspec.shapes import parse_example
from nnspec.training import train_spec
from nnspec.training.augmenting import Augmenter, make_augmenter
from nnspec.training.batches import Batch

EXAMPLES = [
    (name, shape, arguments)
    for name in augment.known()
    if (found := augment.find(name))
    for shape, arguments in found.examples.items()
]


def images(n: int = 64, c: int = 3, h: int = 6, w: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, c, h, w, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("name", "shape", "arguments"), EXAMPLES, ids=[f"{one[0]} {one[1]}" for one in EXAMPLES])
def test_an_augmentation_keeps_shape_and_type_and_follows_the_seed(name, shape, arguments):
    found = augment.find(name)
    assert found and (found.__doc__ or "").strip().split("\n")[0].endswith(".")
    step = found(**arguments)
    ((given,), _) = parse_example(f"{shape} -> {shape}")
    step.check(given)
    sizes = [size if isinstance(size, int) else {"batch": 16, "h": 6, "w": 4}.get(str(size), 7) for size in given.shape]
    x = torch.randn(sizes, generator=torch.Generator().manual_seed(1))
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        before = x.clone()
        result = step.mix(torch, x, x.flip(0))[0] if isinstance(step, Mixing) else step.apply(torch, x)
        assert torch.equal(x, before)
        assert (result.shape, result.dtype) == (x.shape, x.dtype)
        assert torch.isfinite(result).all()
        results.append(result)
    assert torch.equal(*results)


def test_flips_turn_about_half_of_the_images():
    torch.manual_seed(0)
    x = images(400)
    for step, axis in ((RandomHorizontalFlip(), 3), (RandomVerticalFlip(), 2)):
        y = step.apply(torch, x)
        turned = (y == x.flip(axis)).all(dim=(1, 2, 3))
        kept = (y == x).all(dim=(1, 2, 3))
        assert bool((turned | kept).all())
        assert 150 < int(turned.sum()) < 250


def test_a_crop_moves_each_image_by_its_own_offset():
    torch.manual_seed(0)
    x = images(200)
    y = RandomCrop(padding=2).apply(torch, x)
    padded = torch.nn.functional.pad(x, [2] * 4)
    offsets = set()
    for image, moved in zip(padded, y, strict=True):
        places = [(i, j) for i in range(5) for j in range(5) if torch.equal(image[:, i : i + 6, j : j + 5], moved)]
        assert len(places) == 1
        offsets.update(places)
    assert len(offsets) == 25


def test_a_resized_crop_of_everything_is_the_image():
    x = images()
    y = RandomResizedCrop(scale=[1.0, 1.0], ratio=[1.0, 1.0]).apply(torch, x)
    torch.testing.assert_close(y, x, rtol=1e-4, atol=1e-5)


def test_a_turn_is_that_of_scipy():
    x = images(4, 1, 5, 5)

    torch.manual_seed(0)
    step = RandomRotation(degrees=180.0)
    angles = (-180 + 360 * torch.rand(4)) * torch.pi / 180
    torch.manual_seed(0)
    y = step.apply(torch, x)
    from scipy.ndimage import rotate

    for image, turned, angle in zip(x, y, angles.tolist(), strict=True):
        wanted = rotate(image[0].numpy(), np.degrees(angle), reshape=False, order=1, mode="grid-constant")
        np.testing.assert_allclose(turned[0].numpy(), wanted, atol=1e-4)


def test_a_colour_jitter_keeps_grey_images_grey():
    grey = images(8, 1).expand(-1, 3, -1, -1)
    y = ColorJitter(brightness=0.5, contrast=0.5, saturation=0.9).apply(torch, grey)
    torch.testing.assert_close(y[:, 0], y[:, 2])
    assert not torch.allclose(y, grey)


def test_erasing_takes_a_rectangle_of_about_its_share():
    torch.manual_seed(0)
    x = torch.ones(500, 1, 20, 20)
    y = RandomErasing(p=1.0, scale=[0.25, 0.25], ratio=[1.0, 1.0]).apply(torch, x)
    assert set((y == 0).sum(dim=(1, 2, 3)).tolist()) == {100}
    hidden = (y[:, 0] == 0).any(dim=2).sum(dim=1)
    assert set(hidden.tolist()) == {10}


def test_noise_has_its_deviation():
    torch.manual_seed(0)
    noise = GaussianNoise(std=0.3).apply(torch, torch.zeros(10_000, 2))
    assert float(noise.std()) == pytest.approx(0.3, rel=0.05)


def test_a_time_mask_hides_one_stretch():
    torch.manual_seed(0)
    y = TimeMask(length=4, dim=1).apply(torch, torch.ones(300, 9, 2))
    hidden = y[:, :, 0] == 0
    assert torch.equal(hidden, y[:, :, 1] == 0)
    starts = (hidden[:, 1:] & ~hidden[:, :-1]).sum(dim=1) + hidden[:, 0]
    assert int(starts.max()) == 1
    assert set(hidden.sum(dim=1).tolist()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("step", [MixUp(alpha=1.0), CutMix()])
def test_mixing_counts_both_examples_by_their_share(step):
    torch.manual_seed(0)
    ones, zeros = torch.ones(4, 1, 20, 20), torch.zeros(4, 1, 20, 20)
    shares = []
    for _ in range(20):
        mixed, share = step.mix(torch, ones, zeros)
        assert float(mixed.mean()) == pytest.approx(share, abs=1e-6)
        shares.append(share)
    assert len(set(shares)) > 10


def test_mixed_targets_are_those_of_the_mixed_in_examples():
    torch.manual_seed(0)
    x = torch.arange(8.0).reshape(8, 1)
    batch = Augmenter(((MixUp(alpha=1.0),),))(Batch(8, (x,), (torch.arange(8),)))
    assert batch.mixed
    (others,), share = batch.mixed
    torch.testing.assert_close(batch.inputs[0][:, 0], share * batch.targets[0] + (1 - share) * others)


SPEC = """\
nnspec: 1
data: {source: sklearn:digits, split: {validation: 0.2, test: 0.2, stratify: true}}
inputs:
  image: {column: image, shape: [1, 8, 8], prepare: [{Scale: 16}], augment: [{RandomCrop: 1}, {GaussianNoise: 0.1}MIX]}
layers: [Flatten, Linear: 32, ReLU, Linear: 10]
outputs: {digit: {column: target, loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: {Adam: {lr: 0.01}}
train: {epochs: 8, batch_size: 64}
"""


@pytest.mark.parametrize("mix", ["", ", MixUp"])
def test_training_is_augmented_and_the_exported_file_is_not(mix, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC.replace("MIX", mix))
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 0
    assert b"GaussianNoise" not in Path("run/net.py").read_bytes()
    network = load_network("net.yaml")
    _, again = train_spec(network.spec, network.graph, Path(), run_dir="again")
    assert again.parts["test"].metrics["digit"]["Accuracy"] > 0.75
    assert Path("run/weights.safetensors").read_bytes() == Path("again/weights.safetensors").read_bytes()


def test_a_spec_without_augmentation_has_no_augmenter():
    text = "nnspec: 1\ninputs: {x: [4]}\nlayers: [Linear: 2]\noutputs: {y: {loss: MSELoss}}\n"
    assert make_augmenter(parse_network(text).spec) is None


REFUSED = {
    "a mask that would stay": (
        "inputs: {image: {shape: [1, 8, 8], column: image, augment: [RandomHorizontalFlip]}}\n"
        "layers: [Conv2d: {out_channels: 10, kernel_size: 1}]\n",
        "error[not-trainable]: RandomHorizontalFlip moves what image shows, and the target of y would stay where it is",
    ),
    "another input": (
        "inputs: {image: {shape: [1, 8, 8], column: image, augment: [MixUp]}, more: {column: data, shape: [64]}}\n"
        "layers: [{Flatten: {}, from: image, name: flat}, {Concat: {dim: 1}, from: [flat, more]}, Linear: 10]\n",
        "error[not-trainable]: MixUp mixes the examples of image, and more would stay apart",
    ),
    "mixing twice": (
        "inputs: {image: {shape: [1, 8, 8], column: image, augment: [MixUp, CutMix]}}\nlayers: [Flatten, Linear: 10]\n",
        "error[not-trainable]: CutMix would mix examples that MixUp mixed already",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_leave_a_target_behind_is_told(case, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    body, says = REFUSED[case]
    rest = "outputs: {y: {column: target, loss: CrossEntropyLoss}}\noptimizer: Adam\n"
    Path("net.yaml").write_text(f"nnspec: 1\ndata: sklearn:digits\n{body}{rest}")
    assert main(["train", "net.yaml", "--quiet"]) == 1
    assert says in capsys.readouterr().err
