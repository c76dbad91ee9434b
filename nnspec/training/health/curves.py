"""What the losses of the epochs tell: no progress, a rate that is too high or too low, overfitting, a plateau."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from nnspec.diagnostics import Diagnostic, Note, Span
from nnspec.spec.spec import Spec
from nnspec.training.fit import Epoch
from nnspec.training.health.words import number

BARELY = 0.95  # of what chance gives: a loss that stays above it has learnt nothing
STUCK = 0.75  # of what chance gives: a plateau above it is one that should not be
RISEN = 1.5  # times chance and the first epoch: diverging
SWING = 0.3  # a rise by so large a share from one epoch to the next
SWINGS, SWINGS_WITHIN = 3, 10  # so many of them within so many epochs: oscillating
LOW_UPDATE = 3e-4  # steps that move weights by less of their norm need thousands of them; about 1e-3 is usual
GAP = 2.0  # the validation loss over the training loss
WORSE = 1.2  # the validation loss over its best
FELL_STEADILY = 0.5  # how fast the loss fell at the end, over how fast it fell on average: 1 is a straight line

# Findings that explain why nothing is learnt, so that it is not told a second time.
CAUSES = frozenset(
    {"vanishing", "exploding", "dead-units", "saturated", "no-gradient", "unscaled-inputs", "loss-scale"}
)

# What makes a loss rise at a rate that is right. Units that are dead or flat are what a rate too high leaves.
OUTSIDE = frozenset({"exploding", "unscaled-inputs", "loss-scale"})


@dataclass(frozen=True, slots=True)
class Course:
    """A training so far."""

    spec: Spec
    epochs: Sequence[Epoch]
    chance: float | None
    update: float | None  # how far a step moves weights, in units of their norm
    told: frozenset[str]  # codes of what was found before
    ended: bool

    @property
    def losses(self) -> list[float]:
        return [epoch.train_loss for epoch in self.epochs]

    @property
    def lr_span(self) -> Span:
        optimizer = self.spec.optimizer
        return self.spec.span_of("optimizer", type(optimizer).__name__, "lr")

    @property
    def enough(self) -> bool:
        """Whether so many epochs are done that one can judge."""
        done, planned = len(self.epochs), self.spec.train.epochs or 0
        return done >= max(5, planned // 10) or (self.ended and done >= 3)

    def found(self, code: str, message: str, span: Span, *notes: Note, help: str) -> Diagnostic:
        return Diagnostic(code, message, span, notes, help, "warning")


def diagnose_course(course: Course) -> Iterator[Diagnostic]:
    """All that the losses tell so far; of one fault the first name that fits."""
    yield from _overfitting(course)
    for diagnose in (_rate_too_high, _no_progress, _rate_too_low, _plateau):
        found = list(diagnose(course))
        yield from found
        if found:
            return


def _rate_too_high(course: Course) -> Iterator[Diagnostic]:
    """Steps so long that they land higher up on the other side of the valley."""
    losses, rate = course.losses, course.epochs[-1].lr
    help = f"a rate 10 times smaller: {number(rate / 10)}"
    if course.told & OUTSIDE:
        return
    if len(losses) >= 2 and losses[-1] > RISEN * max(losses[0], course.chance or 2 * losses[0]):
        message = f"the loss rose from {number(losses[0])} to {number(losses[-1])} in {len(losses)} epochs: diverging"
        yield course.found("rate-too-high", message, course.lr_span, *_lengths(course), help=help)
        return
    late = losses[-SWINGS_WITHIN:]
    rises = [after for before, after in pairwise(late) if after > (1 + SWING) * before]
    if course.chance and len(losses) >= 5 and len(rises) >= SWINGS and fmean(late) > 0.2 * course.chance:
        message = (
            f"the loss swings: it rose {len(rises)} times by more than {SWING:.0%} in the last {len(late)} epochs, "
            f"between {number(min(late))} and {number(max(late))}"
        )
        yield course.found("rate-too-high", message, course.lr_span, *_lengths(course), help=help)
        return
    if course.chance and course.enough and min(losses) > BARELY * course.chance and max(late) > 1.2 * course.chance:
        message = (
            f"after {len(losses)} epochs the loss stays above the {number(course.chance)} of knowing nothing, "
            f"up to {number(max(late))}: each step overshoots"
        )
        yield course.found("rate-too-high", message, course.lr_span, *_lengths(course), help=help)


def _no_progress(course: Course) -> Iterator[Diagnostic]:
    """Nothing was learnt, and no layer's fault explains it."""
    if not course.chance or not course.enough or course.told & CAUSES or min(course.losses) <= BARELY * course.chance:
        return
    stays = f"after {len(course.losses)} epochs the loss is {number(course.losses[-1])}"
    message = f"{stays}, and knowing nothing gives {number(course.chance)}"
    if course.update is not None and course.update < LOW_UPDATE:
        yield _too_low(course, message)
        return
    yield course.found(
        "no-progress",
        f"{message}: nothing is learnt",
        course.spec.span_of("optimizer"),
        *_lengths(course),
        help="look whether the inputs tell anything of the target; `nnspec doctor` looks at the layers",
    )


def _rate_too_low(course: Course) -> Iterator[Diagnostic]:
    """At the end the loss falls as steadily as at the start, by tiny steps: it has far to go."""
    losses = course.losses
    if not course.ended or len(losses) < 5 or course.update is None or course.update >= LOW_UPDATE:
        return
    if course.told & CAUSES:
        return
    last = max(2, len(losses) // 5)
    at_end, on_average = (losses[-last - 1] - losses[-1]) / last, (losses[0] - losses[-1]) / (len(losses) - 1)
    if losses[-1] > 0.3 * (course.chance or losses[0]) and at_end > FELL_STEADILY * on_average > 0:
        message = f"the loss still falls as steadily as at the start, and is {number(losses[-1])} after the last epoch"
        yield _too_low(course, message)


def _plateau(course: Course) -> Iterator[Diagnostic]:
    """It learnt a little, then nothing more."""
    losses = course.losses
    last = max(10, len(losses) // 3)
    if not course.chance or len(losses) < 2 * last or course.told & (CAUSES | {"overfitting"}):
        return
    gained = min(losses[:-last]) - min(losses[-last:])
    if STUCK * course.chance < min(losses) <= BARELY * course.chance and gained < 0.01 * course.chance:
        yield course.found(
            "plateau",
            f"for {last} epochs the loss has stayed at {number(losses[-1])}; "
            f"knowing nothing gives {number(course.chance)}",
            course.spec.span_of("optimizer"),
            *_lengths(course),
            help="more units or layers; a higher rate, or one that goes down by a schedule; or inputs that tell more",
        )


def _overfitting(course: Course) -> Iterator[Diagnostic]:
    """The validation loss rises while the training loss falls."""
    seen = [(epoch.number, epoch.validation_loss, epoch.train_loss) for epoch in course.epochs]
    validated = [(epoch, loss, train) for epoch, loss, train in seen if loss is not None]
    if len(validated) < 5 or not course.chance:
        return
    best_epoch, best, train_then = min(validated, key=lambda line: line[1])
    late = validated[-3:]
    validation, training = fmean(line[1] for line in late), fmean(line[2] for line in late)
    long_ago = validated[-1][0] - best_epoch >= max(3, len(course.epochs) // 10)
    matters = validation - best > 0.05 * course.chance
    if long_ago and matters and validation > max(WORSE * best, GAP * training) and training < train_then:
        yield course.found(
            "overfitting",
            f"since epoch {best_epoch} the validation loss rises, from {number(best)} to {number(validation)}, "
            f"while the training loss falls, to {number(training)}: overfitting",
            course.spec.span_of("train"),
            Note("gap", f"{number(validation / training)} times in epoch {validated[-1][0]}"),
            Note("kept", f"the weights of epoch {best_epoch}"),
            help="more rows, fewer units, Dropout or weight_decay; `early_stopping: {patience: 5}` saves the time",
        )


def _too_low(course: Course, message: str) -> Diagnostic:
    rate = course.epochs[-1].lr
    help = f"a rate 10 to 100 times larger: {number(rate * 10)} to {number(rate * 100)}"
    message = f"{message}: its steps are too short"
    return course.found("rate-too-low", message, course.lr_span, *_lengths(course), help=help)


def _lengths(course: Course) -> tuple[Note, ...]:
    rate = Note("rate", number(course.epochs[-1].lr))
    if course.update is None:
        return (rate,)
    text = f"one moves the weights by {number(course.update)} of their norm; about 10⁻³ is usual"
    return (rate, Note("step", text))
