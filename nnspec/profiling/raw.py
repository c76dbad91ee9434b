"""Inputs of texts and of images, guessed: how they are prepared, and the layers that make a vector of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnspec.prepare.image import size_of
from nnspec.prepare.missing import is_missing
from nnspec.prepare.text import WORD
from nnspec.profiling.column import Column
from nnspec.tables import Table, whole_paths

LONGEST = 512  # tokens of a text
COVERED = 0.95  # share of the texts that are not cut
MOST_WORDS = 20_000  # that have a vector
WORD_VECTOR = 64  # its size
LARGEST_IMAGE = 64  # height and width; larger ones take long to learn from
SMALLEST_MAP = 8  # height or width that is halved once more


@dataclass(frozen=True, slots=True)
class RawInput:
    """A column of texts or of images, as the lines of a spec."""

    column: Column
    steps: str
    because: str
    layers: tuple[str, ...]  # the last of them gives a vector


def guess_raw(table: Table, column: Column) -> RawInput:
    """How a column of texts or of images becomes a vector."""
    return GUESSES[column.kind](table, column)


def _texts(table: Table, column: Column) -> RawInput:
    texts = [str(text) for text in table.columns[column.name].reshape(-1).tolist()]
    found = [WORD.findall(text.lower()) for text in texts if not is_missing(text)]
    counts = Counter(word for words in found for word in words)
    again = sum(count > 1 for count in counts.values())
    length = min(LONGEST, max(1, round(float(np.quantile([len(words) for words in found], COVERED)))))
    size = max(2, min(MOST_WORDS, again + 1))
    return RawInput(
        column,
        f"[{{Tokenize: {length}}}, {{Vocabulary: {size}}}]",
        f"most texts have at most {length} words, and {again:,} words stand there more than once",
        (
            f"EmbeddingBag: {{num_embeddings: {size}, embedding_dim: {WORD_VECTOR}, padding_idx: 0}}"
            "  # because the mean of its words' vectors tells much of a text",
        ),
    )


def _images(table: Table, column: Column) -> RawInput:
    height, width, grey, because = _look(table, column)
    mode, normalize = (", mode: L", "{NormalizeImage: {mean: [0.5], std: [0.5]}}") if grey else ("", "NormalizeImage")
    layers: list[str] = []
    channels, side = 16, min(height, width)
    while side >= SMALLEST_MAP:
        conv = f"Conv2d: {{out_channels: {channels}, kernel_size: 3, padding: same, bias: false}}"
        layers += [conv, "BatchNorm2d: {}", "ReLU: {}", "MaxPool2d: 2"]
        channels, side = 2 * channels, side // 2
    return RawInput(
        column,
        f"[{{Image: {{size: [{height}, {width}]{mode}}}}}, ToChannelsFirst, {normalize}]",
        because,
        (*layers, "Flatten: {}"),
    )


def _look(table: Table, column: Column) -> tuple[int, int, bool, str]:
    """Height and width that images are to get, whether they are grey, and why: by the first of them."""
    values = table.columns[column.name]
    first, path = (str(found.reshape(-1)[0]) for found in (values, whole_paths(table, column.name, values)))
    found = size_of(path)
    if found is None:
        return LARGEST_IMAGE, LARGEST_IMAGE, False, f"it is a usual size: {first!r} can't be looked at"
    height, width, grey = found
    share = min(1.0, LARGEST_IMAGE / max(height, width))
    why = f"{first!r} is {height}×{width}, {'grey' if grey else 'in colour'}"
    why += "; larger ones take long to learn from" if share < 1 else ""
    return max(1, round(height * share)), max(1, round(width * share)), grey, why


GUESSES: dict[str, Callable[[Table, Column], RawInput]] = {"texts": _texts, "images": _images}
