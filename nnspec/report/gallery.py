"""Examples drawn: images as images, series as lines, tables as rows, texts as texts."""

import base64
import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from nnspec.report.collect import Answered, Array, Shown, Story
from nnspec.report.html import Html, tag
from nnspec.report.numbers import percent, short

IMAGE_CHANNELS = (1, 3, 4)
LEAST_IMAGE = 5  # pixels at each side; what is smaller is a table
MOST_PIXELS = 128  # at each side
MAX_CELLS = 12  # numbers of a row that are written out
MAX_LINES = 8  # channels of a series
MAX_LETTERS = 240
WIDTH, HEIGHT = 160, 80


def gallery(story: Story, found: Answered, shown: Shown) -> Iterator[Html]:
    """The examples that went worst and best, each beside its answer and the truth."""
    for title, places in (("Worst", range(shown.worst)), ("Best", range(shown.worst, len(shown.rows)))):
        figures = [_figure(story, found, shown, place) for place in places]
        if figures:
            yield tag("h3", title, tag("small", f" of the {found.part} rows"))
            yield tag("div", *figures, class_="gallery")


def _figure(story: Story, found: Answered, shown: Shown, place: int) -> Html:
    row = int(shown.rows[place])
    drawn = [draw(rows[place], _columns(story, name), _symbolic(story, name)) for name, rows in shown.inputs.items()]
    return tag("figure", *drawn, tag("figcaption", *_caption(found, row)))


def _caption(found: Answered, row: int) -> Iterator[Html]:
    answer, target = found.answer[row].reshape(-1), found.target[row].reshape(-1)
    if not found.is_classes:
        yield tag("b", _listed([short(float(x)) for x in answer]))
        yield tag("span", f"truth {_listed([short(float(x)) for x in target])}")
        return
    says, true = ([_class(found, int(index)) for index in indices] for indices in (answer, target))
    wrong = "wrong" if says != true else "right"
    assert found.confidence is not None
    sure = percent(float(found.confidence[row].mean()))
    yield tag("b", _listed(says), class_=wrong)
    yield tag("span", f"{sure} sure" if says == true else f"{sure} sure; truth {_listed(true)}")


def _class(found: Answered, index: int) -> str:
    return found.names[index] if 0 <= index < len(found.names) else "–"


def _listed(texts: Sequence[str], most: int = 6) -> str:
    return ", ".join(texts[:most]) + ", …" * (len(texts) > most)


def _columns(story: Story, name: str) -> Sequence[str]:
    return tuple(story.preparation.get("columns", {}).get(name, ()))


def _symbolic(story: Story, name: str) -> bool:
    """Whether a length of the input is known only when it runs: then it is a series, not an image."""
    shape = story.spec.get("inputs", {}).get(name, {}).get("shape", [])
    return any(isinstance(size, str) for size in shape)


def draw(example: Array, columns: Sequence[str] = (), is_series: bool = False) -> Html:
    """One input of one example."""
    if example.dtype.kind in "US":
        return _text(" ".join(map(str, example.reshape(-1))))
    pixels = None if is_series else _pixels(example)
    if pixels is not None:
        return _image(pixels)
    squeezed = np.squeeze(example)
    if example.dtype.kind in "iub" and squeezed.ndim <= 1 and squeezed.size > MAX_CELLS:
        return _text(" ".join(map(str, squeezed.reshape(-1))))
    if squeezed.ndim <= 1 and squeezed.size <= (MAX_CELLS if len(columns) <= 1 else 2 * MAX_CELLS):
        return _row(squeezed.reshape(-1), columns)
    if squeezed.ndim <= 2:
        return _series(squeezed)
    return _text(f"{'×'.join(map(str, example.shape))} numbers from {short(example.min())} to {short(example.max())}")


def _pixels(example: Array) -> Array | None:
    """Height, width and channels of what looks like an image; None where nothing does."""
    if example.ndim == 3 and example.shape[0] in IMAGE_CHANNELS:
        example = np.moveaxis(example, 0, -1)
    elif example.ndim == 2:
        example = example[:, :, None]
    if example.ndim != 3 or example.shape[-1] not in IMAGE_CHANNELS or min(example.shape[:2]) < LEAST_IMAGE:
        return None
    every = max(1, -(-max(example.shape[:2]) // MOST_PIXELS))
    return example[::every, ::every]


def _image(pixels: Array) -> Html:
    values = np.nan_to_num(pixels.astype(np.float64))
    low, high = values.min(), values.max()
    scaled = ((values - low) / ((high - low) or 1) * 255).astype(np.uint8)
    source = f"data:image/png;base64,{base64.b64encode(png(scaled)).decode()}"
    height, width = scaled.shape[:2]
    return tag("img", src=source, width=width, height=height, alt=f"image of {width}×{height}", class_="pixels")


def png(pixels: Array) -> bytes:
    """An image of bytes (height, width, channels: grey, RGB or RGBA) as a PNG file."""
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2, 4: 6}[channels]
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # filter 0 a line
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 9)
    chunks = (b"IHDR", header), (b"IDAT", body), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _series(values: Array) -> Html:
    """Each column as a line, time from left to right."""
    lines = values.reshape(len(values), -1) if values.ndim > 1 else values[:, None]
    every = max(1, len(lines) // (2 * WIDTH))
    lines = np.nan_to_num(lines[::every, :MAX_LINES].astype(np.float64))
    low, high = lines.min(), lines.max()
    x = np.linspace(2, WIDTH - 2, len(lines))
    y = HEIGHT - 4 - (lines - low) / ((high - low) or 1) * (HEIGHT - 8)
    drawn = [
        tag(
            "polyline",
            points=" ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y[:, index], strict=True)),
            class_=f"line thin c{index % 6}",
        )
        for index in range(lines.shape[1])
    ]
    told = f"series of {len(values):,} steps from {short(low)} to {short(high)}"
    return tag("svg", *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=told, class_="series")


def _row(values: Array, columns: Sequence[str]) -> Html:
    names = columns if len(columns) == len(values) else [f"{index}" for index in range(len(values))]
    cells = [
        tag("tr", tag("th", name, scope="row"), tag("td", short(float(x))))
        for name, x in zip(names, values, strict=True)
    ]
    return tag("table", *cells, class_="values")


def _text(text: str) -> Html:
    return tag("p", text[:MAX_LETTERS] + "…" * (len(text) > MAX_LETTERS), class_="text")
