"""Augmentation: examples changed at random while a network learns, a class each, a file per family.

What is trained on the changed batch is tested, exported and used on examples as they are.
"""

from nnspec.augment.augmentation import Augmentation
from nnspec.augment.find import find, known

__all__ = ["Augmentation", "find", "known"]
