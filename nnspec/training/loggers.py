"""Where else a training is told: TensorBoard, or what other packages register as `nnspec.loggers`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from nnspec.diagnostics import SpecError, did_you_mean
from nnspec.plugins import load, registered
from nnspec.runs import RESULT, Run
from nnspec.spec.spec import Spec
from nnspec.training.fit import Epoch
from nnspec.training.progress import Progress

GROUP = "nnspec.loggers"
TENSORBOARD = "tensorboard"


class Logger(Protocol):
    """Someone who writes a training down elsewhere. A class of this form, without arguments, is an entry point."""

    def start(self, folder: Path, spec: Mapping[str, Any]) -> None:
        """It begins: the run's folder, and the spec in full."""
        ...

    def epoch(self, line: Mapping[str, Any]) -> None:
        """An epoch came to its end: what stands in `metrics.jsonl`."""
        ...

    def end(self, result: Mapping[str, Any] | None) -> None:
        """It ended: what stands in `result.json`, or None where an error ended it."""
        ...


class TensorBoard:
    """Losses, metrics and the learning rate by epoch, as event files in the run folder."""

    def __init__(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.make = SummaryWriter
        self.writer: Any = None

    def start(self, folder: Path, spec: Mapping[str, Any]) -> None:
        self.writer = self.make(str(folder / TENSORBOARD))

    def epoch(self, line: Mapping[str, Any]) -> None:
        values = {"loss/train": line["train_loss"], "loss/validation": line["validation_loss"], "lr": line["lr"]}
        for output, metrics in line["metrics"].items():
            values |= {f"{output}/{metric}": value for metric, value in metrics.items()}
        for name, value in values.items():
            if value is not None:
                self.writer.add_scalar(name, value, line["epoch"])

    def end(self, result: Mapping[str, Any] | None) -> None:
        if self.writer is not None:
            self.writer.close()


class _Telling:
    """Follows a training, and tells loggers of each epoch."""

    def __init__(self, progress: Progress, loggers: Sequence[Logger]) -> None:
        self.loggers = loggers
        self.start, self.advance, self.tell, self.end = progress.start, progress.advance, progress.tell, progress.end
        self.told = progress.epoch

    def epoch(self, epoch: Epoch) -> None:
        self.told(epoch)
        for logger in self.loggers:
            logger.epoch(epoch.as_json())


@contextmanager
def logged(loggers: Sequence[Logger], run: Run, progress: Progress) -> Iterator[Progress]:
    """Tell loggers of a training that the given progress follows."""
    for logger in loggers:
        logger.start(run.path, run.spec())
    try:
        yield _Telling(progress, loggers) if loggers else progress
    finally:
        result = run.result() if run.has(RESULT) else None
        for logger in loggers:
            logger.end(result)


def make_loggers(spec: Spec) -> Sequence[Logger]:
    """The loggers that the spec names; SpecError where one is not there."""
    return [_make(spec, name) for name in dict.fromkeys(spec.train.log)]


def _make(spec: Spec, name: str) -> Logger:
    span = spec.span_of("train", "log")
    if name == TENSORBOARD:
        try:
            return TensorBoard()
        except ImportError:
            raise SpecError.of(
                "missing-extra",
                "the log needs TensorBoard, which is not installed",
                span,
                help="pip install 'nnspec[tensorboard]'",
            ) from None
    kind = load(GROUP, name)
    if kind is None:
        known = [TENSORBOARD, *registered(GROUP)]
        help = did_you_mean(name, known) or f"there are {', '.join(known)}; packages add others"
        raise SpecError.of("wrong-value", f"no logger is named '{name}'", span, help=help)
    made: Logger = kind()
    return made
