"""The forms that a step can take beside the plain one, and the one that a training takes."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from nnspec import __version__
from nnspec.training import choices
from nnspec.training.batches import Batch
from nnspec.training.compiled.graphed import GraphedStep
from nnspec.training.compiled.inductor import InductorStep
from nnspec.training.compiled.program import UncompilableError
from nnspec.training.compiled.step import CompiledStep
from nnspec.training.engine import has_bf16
from nnspec.training.learner import Learner
from nnspec.training.trial import PLAIN, STEPS, Choice, Form, Forms, Trial, is_worth

CHANNELS_LAST = "step, channels-last"
Told = Callable[[Choice], None]


EXACT = {
    "step": Form(CompiledStep),
    CHANNELS_LAST: Form(CompiledStep, torch.channels_last),
    "graph": Form(lambda plain: GraphedStep(CompiledStep(plain))),
    "inductor": Form(InductorStep),
}
FORMS = {**EXACT, **{f"{name}, bf16": replace(form, bf16=True) for name, form in EXACT.items()}}


def settle(
    learner: Learner,
    asked: str,
    steps: int,
    about: tuple[Any, ...],
    told: Told,
    *,
    try_bf16: bool = False,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Let a learner take the steps that were asked for; `auto` finds out which are fastest, where it is worth it.

    Args:
        learner: where the training begins or goes on; its `update` is set.
        asked: `train.compile`.
        steps: how many there will be.
        about: what a choice depends on, beside the machine.
        told: hears what was chosen, when that is known.
        try_bf16: whether `auto` may multiply in bfloat16, where the device has units for it.
        before: the choice of a training that goes on, as its record has it.
    """
    if before:
        if before["form"] in FORMS:
            choice = Choice(before["form"], {}, {}, {}, since=before.get("since", 0))
            learner.update = _From(learner, choice, lambda choice: None)  # which the record tells already
    elif asked == "auto":
        _settle_by_trial(learner, steps, (*about, learner.plain.bf16), told, likely(learner.net, try_bf16))
    elif asked != "off":
        learner.update = _From(learner, Choice(asked, {}, {}, {}), told)


def _settle_by_trial(learner: Learner, steps: int, about: tuple[Any, ...], told: Told, forms: Forms) -> None:
    worth = is_worth(steps, forms)
    if learner.steps > STEPS or (learner.steps and not worth):  # a training that came so far without stays plain
        return
    place = platform.node(), torch.__version__, torch.get_num_threads(), __version__
    key = choices.key(*about, learner.batch_size, *place, *forms)
    known = choices.known(key, forms)
    if known:
        learner.update = _From(learner, replace(known, since=STEPS if learner.steps else 0), told)
    elif worth:

        def chosen(choice: Choice) -> None:
            choices.remember(key, choice)
            told(choice)

        learner.update = Trial(learner, forms, chosen)


def likely(net: nn.Module, try_bf16: bool) -> Forms:
    """What may be faster for such a network on its device. Inductor is not: its compilation takes half a minute."""
    device = next(net.parameters()).device
    names = ["step", "graph"] if device.type == "cuda" else ["step"]
    if any(isinstance(module, nn.Conv2d | nn.ConvTranspose2d) for module in net.modules()):
        names.insert(1, CHANNELS_LAST)
    if try_bf16 and has_bf16(device):
        names += [f"{name}, bf16" for name in names]
    return {name: FORMS[name] for name in names}


class _From:
    """Plain steps until a form is due, and the first step in it; where it cannot take that, the plain one goes on."""

    def __init__(self, learner: Learner, choice: Choice, told: Told) -> None:
        self.learner, self.choice, self.told = learner, choice, told

    def __call__(self, batch: Batch) -> Tensor:
        learner, form = self.learner, self.choice.form
        if learner.steps < self.choice.since:
            return learner.plain(batch)
        state = learner.state()
        try:
            learner.update = FORMS[form].of(learner) if form in FORMS else learner.plain
            loss = learner.update(batch)
        except UncompilableError as error:
            learner.update = PLAIN.of(learner)
            learner.go_back(state)
            self.told(Choice("off", {}, {}, {form: str(error)}))
            return learner.plain(batch)
        self.told(self.choice)
        return loss
