"""Tuning: many trainings of one spec with other values, towards the best ones."""

from nnspec.tuning.tune import Followed, Tuned, tune

__all__ = ["Followed", "Tuned", "tune"]
