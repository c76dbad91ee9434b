"""What a network is trained for and with: losses, metrics, optimizers and more, under PyTorch's names."""

from nnspec.objectives.initializers import INITIALIZERS, Initializer
from nnspec.objectives.losses import LOSSES, Loss
from nnspec.objectives.metrics import METRICS, Metric
from nnspec.objectives.optimizers import OPTIMIZERS, Optimizer
from nnspec.objectives.schedulers import SCHEDULERS, Scheduler

__all__ = [
    "INITIALIZERS",
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "SCHEDULERS",
    "Initializer",
    "Loss",
    "Metric",
    "Optimizer",
    "Scheduler",
]
