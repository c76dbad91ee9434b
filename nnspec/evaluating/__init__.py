"""How well a trained network or an exported file does on rows: losses, metrics, classes and slices."""

from nnspec.evaluating.evaluate import evaluate
from nnspec.evaluating.evaluation import Evaluation
from nnspec.evaluating.text import render

__all__ = ["Evaluation", "evaluate", "render"]
