"""Training: from a spec and its data to a run folder with the best weights, and how well they do."""

from nnspec.training.fit import Epoch
from nnspec.training.folds import FoldsResult, train_folds
from nnspec.training.progress import JsonLines, Progress, describe, terminal_progress
from nnspec.training.result import PartResult, Result
from nnspec.training.train import train, train_spec

__all__ = [
    "Epoch",
    "FoldsResult",
    "JsonLines",
    "PartResult",
    "Progress",
    "Result",
    "describe",
    "terminal_progress",
    "train",
    "train_folds",
    "train_spec",
]
