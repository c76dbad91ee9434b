"""The optimizers: made without torch's compiler, equal to torch's own, and put back by name."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from trainings import Training, copy_of, line_with_noise

from nnspec.training.interrupt import Stop
from nnspec.training.optimizer import put_back, state_of
from nnspec.training.unguarded import unguarded

LINE = """
nnspec: 1
inputs: {x: [4]}
layers: [Linear: 8, Tanh, Linear: 1]
outputs: {y: {loss: MSELoss}}
"""
KINDS = "SGD ASGD Rprop Adam AdamW Adamax NAdam RAdam RMSprop Adagrad Adadelta Adafactor".split()


def one_epoch(training):
    return training.learner.epoch(training.data, training.learner.step, Stop(), lambda steps: None)


@pytest.mark.parametrize("kind", [*KINDS, "LBFGS", "Muon"])
def test_a_state_by_name_put_back_goes_on_as_before(kind):
    training = Training(f"{LINE}optimizer: {kind}\ntrain: {{batch_size: 8}}", line_with_noise())
    one_epoch(training)
    kept, weights, order = (
        state_of(training.learner.optimizer),
        copy_of(training.net),
        training.learner.order.get_state(),
    )
    assert set(kept["parameters"]) <= set(weights)
    first = one_epoch(training), copy_of(training.net)
    put_back(training.learner.optimizer, kept)
    training.net.load_state_dict(weights)
    training.learner.order.set_state(order)
    second = one_epoch(training), copy_of(training.net)
    assert first[0] == second[0]
    assert all(first[1][name].equal(second[1][name]) for name in first[1])


@pytest.mark.parametrize("kind", KINDS)
def test_an_optimizer_below_its_guards_is_torchs(kind):
    ours, theirs = (torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4)) for _ in range(2))
    optimizers = unguarded(getattr(torch.optim, kind))([ours]), getattr(torch.optim, kind)([theirs])
    for number in range(3):
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = torch.full((3, 4), 0.5 - number)
            optimizer.step()
    assert ours.equal(theirs)


def test_a_training_does_not_import_torchs_compiler():
    program = """
import sys
from trainings import Training, line_with_noise
text = "{nnspec: 1, inputs: {x: [4]}, layers: [Linear: 4, Linear: 1], loss: MSELoss, optimizer: KIND, SCHEDULE}"
schedules = ["scheduler: {OneCycleLR: {max_lr: 0.1}}", "scheduler: CosineAnnealingLR", "scheduler: ReduceLROnPlateau"]
for kind in ("Adam", "SGD", "Muon", "LBFGS"):
    for schedule in schedules[kind != "Adam":]:
        Training(text.replace("KIND", kind).replace("SCHEDULE", schedule), line_with_noise()).run()
sys.exit("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
