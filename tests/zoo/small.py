"""Small settings of each reference network, and rows that it can learn from."""

from pathlib import Path

import numpy as np

from nnspec.graph.network import Network
from nnspec.templates import templates, write_template

ROWS = 12
# Values under which a step takes milliseconds; a learning rate of hundreds of rows is too large for six.
SMALL = {
    "points/pointnet": ["width=4", "classes=3", "points=20"],
    "vision/alexnet": ["width=4", "features=16", "classes=3", "size=63"],
    "vision/autoencoder": ["width=4", "code=8", "size=12"],
    "vision/convnext": ["depths=[1, 1, 2, 1]", "width=8", "classes=3", "size=32"],
    "vision/densenet": ["depths=[2, 2, 2, 2]", "growth=4", "classes=3", "size=32"],
    "vision/efficientnet": ["width=0.25", "depth=0.3", "classes=3", "size=32", "optimizer.RMSprop.lr=1e-3"],
    "vision/fpn": ["depths=[1, 1, 1, 1]", "width=4", "channels=8", "classes=3", "size=32"],
    "vision/googlenet": ["width=0.1", "classes=3", "size=32"],
    "vision/lenet": ["classes=3"],
    "vision/mixer": ["patch=4", "dim=8", "depth=2", "classes=3", "size=16"],
    "vision/mobilenet": ["width=0.25", "depths=[1, 1, 2, 1, 1, 1, 1]", "classes=3", "size=32", "optimizer.SGD.lr=0.01"],
    "vision/resnet": ["width=8", "classes=3", "size=32"],
    "vision/resnext": ["depths=[1, 1, 2, 1]", "groups=4", "width=2", "classes=3", "size=32"],
    "vision/squeezenet": ["width=4", "classes=3", "size=63"],
    "vision/unet": ["width=4", "size=188"],
    "vision/vae": ["width=4", "code=4", "size=12"],
    "vision/vgg": ["depths=[1, 1, 1, 2, 1]", "width=4", "features=16", "classes=3", "size=32"],
    "vision/vit": ["patch=4", "dim=8", "heads=2", "depth=2", "classes=3", "size=16"],
}
NAMES = sorted(SMALL)


def spec_text(name: str, settings: list[str]) -> str:
    """The spec as `nnspec new` writes it with these values."""
    (template,) = (template for template in templates() if template.name == name)
    return write_template(template, settings)


def write_rows(network: Network, path: Path) -> None:
    """An NPZ file of random rows with a column for each input and each target."""
    random = np.random.default_rng(0)
    columns = {
        given.columns[0]: random.normal(size=(ROWS, *network.graph.inputs[name].shape[1:])).astype(np.float32)
        for name, given in network.spec.inputs.items()
    }
    for name, output in network.spec.outputs.items():
        if output.loss and output.column not in columns:
            given = network.graph.output_tensors[name]
            target = output.loss.target(given)
            shape = (ROWS, *target.shape[1:])
            values = given.channels if output.loss.reads == "classes" else 2
            every = random.permutation(np.arange(int(np.prod(shape))) % values)
            columns[output.column] = every.reshape(shape).astype(target.dtype)
    np.savez(path, **columns)
