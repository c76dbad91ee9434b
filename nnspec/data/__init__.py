"""Data: what an example is, how rows are divided, what is learnt from them before training."""

from nnspec.data.examples import (
    Examples,
    Part,
    load_examples,
    load_folds,
    prepared,
    prepared_inputs,
    prepared_targets,
    weights_of,
)
from nnspec.data.kept import kept_rows
from nnspec.data.parted import split_by
from nnspec.data.splits import Split, split
from nnspec.data.streamed import BUFFERS, StreamedPart
from nnspec.data.summary import summary

__all__ = [
    "BUFFERS",
    "Examples",
    "Part",
    "Split",
    "StreamedPart",
    "kept_rows",
    "load_examples",
    "load_folds",
    "prepared",
    "prepared_inputs",
    "prepared_targets",
    "split",
    "split_by",
    "summary",
    "weights_of",
]
