"""Which form a training's steps take, and where that is told."""

from collections.abc import Mapping
from typing import Any

from nnspec.runs import Run
from nnspec.spec.spec import Spec
from nnspec.training.augmenting import mixes
from nnspec.training.batches import batch_sizes
from nnspec.training.engine import device_name
from nnspec.training.forms import settle
from nnspec.training.learner import Learner
from nnspec.training.objective import learnt
from nnspec.training.progress import Progress
from nnspec.training.trial import Choice

MANY_STEPS = 10**9  # in a training that time alone ends


def settle_steps(
    learner: Learner,
    spec: Spec,
    source: str,
    rows: int,
    run: Run,
    progress: Progress,
    before: Mapping[str, Any],
) -> None:
    """Choose the form of the steps, or have it chosen on the way; the run's record tells."""
    learner.tell = progress.tell

    def told(choice: Choice) -> None:
        progress.tell(choice.in_words())
        run.write_record({**run.record(), "compile": choice.as_json()})

    if mixes(spec):  # a step then learns two targets, in shares that change
        if spec.train.compile not in ("auto", "off"):
            told(Choice("off", {}, {}, {spec.train.compile: "examples are mixed"}))
        return
    losses = [type(output.loss).__name__ for output in learnt(spec)]
    device = device_name(next(learner.net.parameters()).device)
    step = spec.train.clip_grad_norm, spec.train.clip_grad_value, spec.train.accumulate, spec.train.unfreeze
    about = source, losses, spec.optimizer.title if spec.optimizer else "", *step, device
    _, steps = spec.train.length.whole(len(batch_sizes(rows, learner.batch_size))) or (0, MANY_STEPS)
    choice, try_bf16 = before.get("compile"), spec.train.precision == "auto"
    settle(learner, spec.train.compile, steps, about, told, try_bf16=try_bf16, before=choice)
