"""What a network is trained for and with: losses, metrics, optimizers, schedulers, under PyTorch's names."""

from nnspec.objectives.losses import LOSSES, Loss
from nnspec.objectives.metrics import METRICS, Metric
from nnspec.objectives.optimizers import OPTIMIZERS, Optimizer
from nnspec.objectives.schedulers import SCHEDULERS, Scheduler

__all__ = ["LOSSES", "METRICS", "OPTIMIZERS", "SCHEDULERS", "Loss", "Metric", "Optimizer", "Scheduler"]
