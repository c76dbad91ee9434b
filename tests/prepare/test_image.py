"""Images from files of every kind, and what is told of those that are none."""

import os
import sys
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image as Pillow

from nnspec.diagnostics import SpecError
from nnspec.prepare import image as image_module
from nnspec.prepare.image import Image
from nnspec.prepare.step import RowError

RED = (200, 10, 30)


def read(*paths, size=(8, 8), mode="RGB"):
    return Image(size=list(size), mode=mode).apply(np.array([[str(path)] for path in paths], dtype=object), {})


def test_a_column_without_an_axis_of_its_own_is_one_too(tmp_path):
    draw("RGB", RED).save(tmp_path / "a.png")
    flat = np.array([str(tmp_path / "a.png")], dtype=object)
    assert np.array_equal(Image(size=[8, 8]).apply(flat, {}), read(tmp_path / "a.png"))


def told(*paths):
    with pytest.raises(RowError) as caught:
        read(*paths)
    return (caught.value.row, caught.value.message, caught.value.help)


def draw(mode, colour, size=(8, 8)):
    return Pillow.new(mode, size, colour)


@pytest.mark.parametrize(
    "name, image, wanted",
    [
        ("rgb.png", draw("RGB", RED), RED),
        ("grey.png", draw("L", 77), (77, 77, 77)),
        ("palette.gif", draw("RGB", RED).convert("P", palette=Pillow.Palette.ADAPTIVE), RED),
        ("sixteen.png", draw("I;16", 257 * 50), (50, 50, 50)),
        ("cmyk.tiff", draw("CMYK", (0, 255, 255, 0)), (255, 0, 0)),
        ("one_bit.png", draw("1", 1), (255, 255, 255)),
        ("transparent.png", draw("RGBA", (*RED, 0)), (255, 255, 255)),
        ("half.png", draw("LA", (0, 51)), (204, 204, 204)),
    ],
)
def test_every_kind_becomes_red_green_and_blue_of_8_bits(tmp_path, name, image, wanted):
    image.save(tmp_path / name)
    assert read(tmp_path / name).tolist() == np.full((1, 8, 8, 3), wanted).tolist()


def test_an_image_is_what_pillow_makes_of_it(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    original = Pillow.fromarray(pixels)
    original.save(tmp_path / "a.png")
    small, grey = read(tmp_path / "a.png", size=(9, 16)), read(tmp_path / "a.png", size=(9, 16), mode="L")
    wanted = original.resize((16, 9), Pillow.Resampling.BILINEAR)
    assert np.array_equal(small[0], np.asarray(wanted))
    assert np.array_equal(
        grey[0, ..., 0], np.asarray(original.convert("L").resize((16, 9), Pillow.Resampling.BILINEAR))
    )


def test_a_photograph_is_turned_as_its_exif_says(tmp_path):
    image = draw("RGB", (0, 0, 0), (4, 2))
    image.putpixel((0, 0), RED)
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    image.save(tmp_path / "a.png", exif=exif)
    assert read(tmp_path / "a.png", size=(4, 2))[0, 0].tolist() == [[0, 0, 0], list(RED)]


def test_of_an_animation_the_first_picture_counts(tmp_path):
    frames = [draw("RGB", RED), draw("RGB", (0, 0, 0))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read(tmp_path / "a.gif")[0, 0, 0].tolist() == list(RED)


def test_what_is_no_whole_image_is_told_with_its_row(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    good, cut, text = tmp_path / "good.jpg", tmp_path / "cut.jpg", tmp_path / "text.png"
    Pillow.fromarray(noise).save(good)
    cut.write_bytes(good.read_bytes()[:-2000])
    text.write_text("no image")
    os.mkfifo(tmp_path / "pipe.png")
    row, message, help = told(good, cut, good)
    assert (row, help) == (1, "replace it, or leave the row out")
    assert message.startswith("'cut.jpg' is damaged or cannot be read: image file is truncated (")
    assert told(good, text) == (
        1,
        "'text.png' is not an image that can be read",
        "PNG, JPEG, BMP, GIF, WEBP, TIFF, PPM can be",
    )
    assert told(tmp_path / "none.png") == (0, "there is no file 'none.png'", "")
    assert told("") == (0, "the value is missing", "")
    assert told(tmp_path / "pipe.png")[1] == (
        "'pipe.png' is damaged or cannot be read: it is a folder, a pipe or a device"
    )
    assert told("data:image/png,x")[1] == (
        "'data:image/png,x'… is damaged or cannot be read: a data URI is to be written in base64"
    )


def test_a_small_file_that_unpacks_to_a_huge_picture_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(image_module, "MAX_PIXELS", 10_000)
    draw("1", 0, (1000, 1000)).save(tmp_path / "a.png")
    assert told(tmp_path / "a.png") == (0, "'a.png' has more than 10,000 pixels", "make it smaller")


def test_damaged_images_are_read_or_refused_never_worse(tmp_path):
    random = np.random.default_rng(0)
    for ending in ("png", "jpg", "gif", "tiff", "webp", "bmp"):
        path = tmp_path / f"a.{ending}"
        Pillow.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
        whole = path.read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            for place in random.integers(0, len(whole), 4):
                damaged[place] = random.integers(256)
            path.write_bytes(damaged)
            with suppress(RowError):
                assert read(path).shape == (1, 8, 8, 3)


def test_without_pillow_a_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(SpecError) as caught:
        read("a.png")
    assert str(caught.value) == (
        "error[missing-extra]: images are read with pillow, which is not installed\n  help  pip install 'nnspec[data]'"
    )
