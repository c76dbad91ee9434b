"""Images named by a folder or a column, from the spec to the exported file's rows."""

import numpy as np
import pytest
from PIL import Image as Pillow

from nnspec.data import StreamedPart, load_examples
from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network

SPEC = """\
nnspec: 1
data: {source: SOURCE, split: {validation: 0, test: 0.2}}
inputs: {image: {prepare: [{Image: {size: [6, 5]}}, ToChannelsFirst, NormalizeImage]}}
layers: [Flatten, Linear: 2]
outputs: {y: {column: class, loss: CrossEntropyLoss}}
optimizer: SGD
"""


@pytest.fixture
def photos(tmp_path):
    for row in range(10):
        path = tmp_path / "photos" / ("cat" if row % 2 else "dog") / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (7, 9), (row, 0, 0)).save(path)
    lines = [f"{'cat' if row % 2 else 'dog'}/{row}.png,{row % 2}" for row in range(10)]
    (tmp_path / "photos" / "rows.csv").write_text("\n".join(["image,class", *lines]) + "\n")
    return tmp_path


def load(folder, source, **options):
    network = parse_network(SPEC.replace("SOURCE", source))
    return load_examples(network.spec, folder, network.graph.output_tensors, **options)


def told(folder, source):
    with pytest.raises(SpecError) as caught:
        load(folder, source)
    return str(caught.value)


def test_a_folder_and_a_column_of_paths_give_the_same_images(photos):
    folder, column = load(photos, "photos"), load(photos, "photos/rows.csv")
    assert folder.train.raw["image"].shape == (8, 6, 5, 3)
    assert sorted(folder.train.raw["image"][:, 0, 0, 0].tolist() + folder.test.raw["image"][:, 0, 0, 0].tolist()) == [
        *range(10)
    ]
    assert column.train.raw["image"][:, 0, 0, 0].tolist() == column.train.rows.tolist()
    assert folder.preparation.outputs["y"].classes == ("cat", "dog")


def test_a_stream_of_images_gives_the_same(photos):
    held, streamed = load(photos, "photos"), load(photos, "photos", memory=1000)
    assert isinstance(streamed.train, StreamedPart)
    assert np.array_equal(streamed.train.head(100)["image"], held.train.raw["image"])


def test_a_broken_image_among_good_ones_is_told_with_its_row(photos):
    (photos / "photos" / "dog" / "6.png").write_bytes(b"\x89PNG no more")
    assert told(photos, "photos/rows.csv") == (
        "photos/rows.csv:8: error[data-value]: column 'image': '6.png' is not an image that can be read\n"
        "  help  PNG, JPEG, BMP, GIF, WEBP, TIFF, PPM can be"
    )
    assert told(photos, "photos") == (
        "photos: error[data-value]: row 9 of 'image': '6.png' is not an image that can be read\n"
        "  help  PNG, JPEG, BMP, GIF, WEBP, TIFF, PPM can be"
    )


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "link.png", "cat/../../secret.png", "..", "a\0.png"])
def test_a_path_that_leaves_the_folder_is_not_opened(photos, path):
    Pillow.new("RGB", (7, 9)).save(photos / "secret.png")
    (photos / "photos" / "link.png").symlink_to(photos / "secret.png")
    paths = np.array(["cat/1.png", path, "dog/2.png"])
    np.savez(photos / "photos" / "rows.npz", **{"image": paths, "class": [0, 1, 0]})
    assert told(photos, "photos/rows.npz") == (
        f"photos/rows.npz: error[data-value]: row 2 of 'image': {path!r} leaves the folder of photos/rows.npz\n"
        "  help  paths are seen from the file's own folder"
    )
