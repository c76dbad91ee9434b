"""Schedules: torch's own arguments, and the learning rates of torch's own."""

import inspect

import pytest
import torch
from torch.optim import lr_scheduler

from nnspec.codegen.load import evaluate
from nnspec.objectives import SCHEDULERS
from nnspec.objectives.schedulers.cycle import CosineAnnealingLR, OneCycleLR
from nnspec.objectives.schedulers.decay import ConstantLR, ExponentialLR, InverseSquareRootLR, LinearLR, StepLR
from nnspec.objectives.schedulers.plateau import ReduceLROnPlateau
from nnspec.objectives.schedulers.several import ChainedScheduler, SequentialLR
from nnspec.pycode import name

EPOCHS, STEPS = 20, 60
LEFT = {"optimizer", "last_epoch", "epochs", "steps_per_epoch", "scale_fn", "scale_mode"}
OURS = {"InverseSquareRootLR"}
WHOLE_TRAINING = {"T_max", "T_0"}

ARGUMENTS = {
    "StepLR": dict(step_size=3),
    "MultiStepLR": dict(milestones=[4, 9]),
    "ConstantLR": dict(),
    "LinearLR": dict(start_factor=0.1),
    "ExponentialLR": dict(gamma=0.9),
    "PolynomialLR": dict(total_iters=12, power=2.0),
    "CosineAnnealingLR": dict(T_max=15, eta_min=0.01),
    "CosineAnnealingWarmRestarts": dict(T_0=3, T_mult=2),
    "OneCycleLR": dict(max_lr=0.5, total_steps=30, three_phase=True),
    "CyclicLR": dict(base_lr=0.01, max_lr=0.3, step_size_up=4, step_size_down=3, mode="triangular2"),
    "ReduceLROnPlateau": dict(factor=0.5, patience=2),
}


def _optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1, momentum=0.9)


def _rates(schedule, optimizer):
    losses = [1.0, 0.8, 0.7, *[0.7] * EPOCHS]
    rates = []
    for epoch in range(EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step(*([losses[epoch]] if isinstance(schedule, lr_scheduler.ReduceLROnPlateau) else []))
    return rates


def _made(described, optimizer, epochs=EPOCHS):
    return evaluate(described.code(name("optimizer"), epochs=epochs, steps=STEPS), {"optimizer": optimizer})


@pytest.mark.parametrize("schedule", [schedule for schedule in SCHEDULERS if schedule not in OURS])
def test_arguments_and_defaults_are_torchs(schedule):
    torchs = inspect.signature(getattr(lr_scheduler, schedule)).parameters
    skipped = LEFT | ({"mode"} if schedule == "ReduceLROnPlateau" else set())
    fields = SCHEDULERS[schedule].model_fields
    assert list(fields) == [given for given in torchs if given not in skipped]
    for field, info in fields.items():
        default = torchs[field].default
        required = default is inspect.Parameter.empty
        assert info.is_required() == (required and field not in WHOLE_TRAINING)
        assert required or info.default == default


def test_every_schedule_of_torch_is_here_or_has_a_reason():
    assert {*lr_scheduler.__all__} - {"LRScheduler"} == (SCHEDULERS.keys() | SCHEDULERS.absent.keys()) - OURS


def test_each_plain_schedule_is_compared():
    assert {*ARGUMENTS, *OURS, "SequentialLR", "ChainedScheduler"} == SCHEDULERS.keys()


@pytest.mark.parametrize("schedule", ARGUMENTS)
def test_learning_rates_are_torchs(schedule):
    ours, torchs = _optimizer(), _optimizer()
    made = _made(SCHEDULERS[schedule](**ARGUMENTS[schedule]), ours)
    assert _rates(made, ours) == _rates(getattr(lr_scheduler, schedule)(torchs, **ARGUMENTS[schedule]), torchs)


def test_after_a_warm_up_the_rate_falls_as_one_over_the_root_of_the_steps():
    optimizer = _optimizer()
    rates = _rates(_made(InverseSquareRootLR(warmup_steps=4), optimizer), optimizer)
    assert rates == pytest.approx([0.1 * min(step / 4, (4 / step) ** 0.5) for step in range(1, EPOCHS + 1)])
    assert rates[3] == max(rates) == pytest.approx(0.1)


def test_one_after_another_is_torchs_and_the_last_lasts_until_the_end():
    ours, torchs = _optimizer(), _optimizer()
    described = SequentialLR(schedulers=(LinearLR(start_factor=0.1), CosineAnnealingLR()), milestones=(5,))
    parts = [lr_scheduler.LinearLR(torchs, 0.1), lr_scheduler.CosineAnnealingLR(torchs, 15)]
    assert _rates(_made(described, ours), ours) == _rates(lr_scheduler.SequentialLR(torchs, parts, [5]), torchs)


def test_all_at_once_is_torchs():
    ours, torchs = _optimizer(), _optimizer()
    described = ChainedScheduler(schedulers=(ConstantLR(factor=0.5), ExponentialLR(gamma=0.9)))
    parts = [lr_scheduler.ConstantLR(torchs, 0.5), lr_scheduler.ExponentialLR(torchs, 0.9)]
    assert _rates(_made(described, ours), ours) == _rates(lr_scheduler.ChainedScheduler(parts, torchs), torchs)


@pytest.mark.parametrize("schedule", ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"])
def test_a_schedule_without_a_length_lasts_the_whole_training(schedule):
    field = {"CosineAnnealingLR": "T_max", "CosineAnnealingWarmRestarts": "T_0"}[schedule]
    ours, torchs = _optimizer(), _optimizer()
    made = _made(SCHEDULERS[schedule](), ours)
    assert _rates(made, ours) == _rates(getattr(lr_scheduler, schedule)(torchs, **{field: EPOCHS}), torchs)


WRONG = {
    "2 schedules have 1 milestone between them, not 0": dict(
        schedulers=(LinearLR(), StepLR(step_size=1)), milestones=()
    ),
    "each milestone comes after the one before": dict(schedulers=(LinearLR(),) * 3, milestones=(5, 5)),
    "OneCycleLR moves by the step": dict(schedulers=(OneCycleLR(max_lr=1.0),), milestones=()),
    "ReduceLROnPlateau moves by the loss": dict(schedulers=(ReduceLROnPlateau(),), milestones=()),
    "ChainedScheduler holds others itself": dict(
        schedulers=(ChainedScheduler(schedulers=(LinearLR(),)),), milestones=()
    ),
}


@pytest.mark.parametrize("reason", WRONG)
def test_schedules_that_cannot_follow_one_another_are_refused(reason):
    with pytest.raises(ValueError, match=reason):
        SequentialLR(**WRONG[reason])


def test_each_says_what_becomes_of_the_rate():
    several = SequentialLR(schedulers=(LinearLR(start_factor=0.1), CosineAnnealingLR()), milestones=(5,))
    assert several.in_words(0.1, 20) == (
        "from 0.01 to 0.1 along a straight line, over 5 epochs (5 epochs); then from 0.1 down to 0 over 15 epochs, "
        "along half a cosine: slow, fast, slow (15 epochs)"
    )
    assert (
        InverseSquareRootLR().in_words(7e-4, 10) == "up to 0.0007 in 4,000 steps, half of that after 16,000, and so on"
    )
    for schedule, arguments in ARGUMENTS.items():
        assert SCHEDULERS[schedule](**arguments).in_words(0.1, 20)
