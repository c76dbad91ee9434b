"""Optimizers: torch's own arguments, and the memory that torch's own keep."""

import inspect

import pytest
import torch

from nnspec.codegen.load import evaluate
from nnspec.objectives import OPTIMIZERS
from nnspec.pycode import name

ENGINES = {"params", "maximize", "foreach", "capturable", "differentiable", "fused"}
CHANGED = {
    "SGD": {"momentum": 0.9},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adam": {"amsgrad": True},
    "AdamW": {"amsgrad": True},
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_arguments_and_defaults_are_torchs(optimizer):
    torchs = inspect.signature(getattr(torch.optim, optimizer)).parameters
    ours = OPTIMIZERS[optimizer].model_fields
    expected = {name: given.default for name, given in torchs.items() if name not in ENGINES}
    assert {name: field.default for name, field in ours.items() if name != "adamw"} == expected


def test_every_optimizer_of_torch_is_here_or_has_a_reason():
    every = {name for name in vars(torch.optim) if name[0].isupper()} - {"Optimizer"}
    assert every == OPTIMIZERS.keys() | OPTIMIZERS.absent.keys()


# LBFGS keeps more from step to step, up to what it is said to keep.
@pytest.mark.parametrize("optimizer", [optimizer for optimizer in OPTIMIZERS if optimizer != "LBFGS"])
@pytest.mark.parametrize("changed", [False, True])
def test_a_parameter_costs_what_torch_keeps_for_it(optimizer, changed):
    described = OPTIMIZERS[optimizer](**(CHANGED.get(optimizer, {}) if changed else {}))
    shapes = [(5, 3)] if optimizer == "Muon" else [(5, 3), (7,), (2, 3, 4)]
    for shape in shapes:
        parameter = torch.nn.Parameter(torch.ones(shape))
        made = evaluate(described.code(name("parameters")), {"parameters": [parameter]})
        parameter.grad = torch.ones(shape)
        made.step()
        kept = sum(value.numel() for value in made.state[parameter].values() if torch.is_tensor(value) and value.ndim)
        assert described.kept(shape) == kept


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_says_what_a_step_does(optimizer):
    words = OPTIMIZERS[optimizer]().in_words()
    assert words.startswith("each step, ")
    assert f"{OPTIMIZERS[optimizer]().lr:g}" in words


def test_a_nesterov_step_needs_a_momentum():
    with pytest.raises(ValueError, match="nesterov needs a momentum, and no dampening"):
        OPTIMIZERS["SGD"](nesterov=True)


def test_newtons_steps_keep_no_more_than_is_said():
    described = OPTIMIZERS["LBFGS"](history_size=3)
    parameter = torch.nn.Parameter(torch.ones(4))
    made = evaluate(described.code(name("parameters")), {"parameters": [parameter]})

    def closure():
        made.zero_grad()
        loss = (parameter**4 * torch.arange(1, 5)).sum()
        loss.backward()
        return loss

    for _ in range(3):
        made.step(closure)
    state = made.state[parameter]
    kept = [*state["old_dirs"], *state["old_stps"], state["d"], state["prev_flat_grad"]]
    assert sum(tensor.numel() for tensor in kept) == described.kept((4,)) == 32
