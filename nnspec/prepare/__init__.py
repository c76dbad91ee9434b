"""Preparation of data: one class per step, a file per family. What is learnt is part of the model."""

from nnspec.prepare.find import find, known
from nnspec.prepare.fitted import FittedOutput, FittedStep, Preparation
from nnspec.prepare.step import Step

__all__ = ["FittedOutput", "FittedStep", "Preparation", "Step", "find", "known"]
