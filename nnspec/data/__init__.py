"""Data: what an example is, how rows are divided, what is learnt from them before training."""

from nnspec.data.examples import Examples, Part, load_examples, load_folds, prepared
from nnspec.data.parted import split_by
from nnspec.data.splits import Split, split

__all__ = ["Examples", "Part", "Split", "load_examples", "load_folds", "prepared", "split", "split_by"]
