"""The compiled step: bit by bit what the plain one does, for every kind of network, or a reason why not."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from trainings import Training, line_with_noise

from nnspec.training.batches import Batch
from nnspec.training.compiled.program import UncompilableError
from nnspec.training.compiled.step import MOST_SHAPES, CompiledStep
from nnspec.training.interrupt import Stop

MLP = "inputs: {x: [4]}\nlayers: [Linear: 8, ReLU, Linear: 1]\nloss: MSELoss\n"
IMAGES = """
inputs: {x: [2, 8, 8]}
layers:
  - Conv2d: {out_channels: 8, kernel_size: 3, padding: same, bias: false}
  - BatchNorm2d
  - ReLU
  - MaxPool2d: 2
  - Dropout: 0.3
  - Conv2d: {out_channels: 8, kernel_size: 3}
  - LeakyReLU
  - Flatten
  - Linear: 3
loss: CrossEntropyLoss
"""
SEQUENCES = "inputs: {x: [6, 5]}\nlayers: [%s, Last, Linear: 3]\nloss: CrossEntropyLoss\n"
NETWORKS = {
    "sigmoids": MLP.replace("ReLU", "Sigmoid"),
    "images": IMAGES,
    "LSTM": SEQUENCES % "LSTM: 7",
    "GRU": SEQUENCES % "GRU: {hidden_size: 7, num_layers: 2, dropout: 0.2}",
    "attention": SEQUENCES % "Linear: 8, TransformerEncoderLayer: {nhead: 2, dim_feedforward: 16}",
    "frozen": MLP.replace("[Linear: 8", "[{Linear: 8, freeze: true}"),
    "shared": "inputs: {x: [4]}\nlayers: [{Linear: 4, name: a}, Tanh, share: a, Linear: 1]\nloss: MSELoss\n",
    "unused": "inputs: {x: [4]}\nlayers: [Linear: 4, Heaviside, Linear: 1]\nloss: MSELoss\n",
}
OPTIMIZERS = [
    "SGD",
    "{SGD: {lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.01}}",
    "{AdamW: {amsgrad: true}}",
    "{Adam: {weight_decay: 0.1, decoupled_weight_decay: true}}",
    "RMSprop",
    "Muon",
]


def examples(text: str) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    if "MSELoss" in text:
        return line_with_noise(44)
    shape = [2, 8, 8] if "Conv2d" in text else [6, 5]
    return torch.randn(44, *shape, generator=random), torch.randint(0, 3, (44,), generator=random)


def both(text: str) -> tuple[Training, Training]:
    """The same training twice, one of them compiled."""
    plain, compiled = Training(text, examples(text)), Training(text, examples(text))
    compiled.learner.update = CompiledStep(compiled.learner.plain)
    return plain, compiled


def assert_same(text: str) -> None:
    """Three epochs, whose last batches are smaller, give the same losses and weights to the last bit."""
    losses = []
    trainings = both(f"nnspec: 1\n{text}train: {{batch_size: 8, epochs: 3}}")
    for training in trainings:
        torch.manual_seed(1)
        losses.append([epoch.train_loss for epoch in training.run()])
    assert losses[0] == losses[1]
    plain, compiled = (training.net.state_dict() for training in trainings)
    assert [name for name in plain if not plain[name].equal(compiled[name])] == []
    assert len(trainings[1].learner.update.ready) == 2


@pytest.mark.parametrize("network", NETWORKS)
def test_a_compiled_step_does_what_the_plain_one_does(network):
    assert_same(f"{NETWORKS[network]}optimizer: Adam\n")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_moves_the_same(optimizer):
    layers = MLP.replace("Linear: 8, ReLU", "Linear: 8, ReLU, Linear: 8, Tanh")
    assert_same(f"{layers}optimizer: {optimizer}\n")


@pytest.mark.parametrize("schedule", ["{OneCycleLR: {max_lr: 0.1}}", "{StepLR: {step_size: 1}}"])
def test_a_schedule_reaches_a_compiled_step(schedule):
    assert_same(f"{MLP}optimizer: Adam\nscheduler: {schedule}\n")


def test_a_gradient_is_clipped_in_a_compiled_step():
    text = (
        f"nnspec: 1\n{MLP}optimizer: {{SGD: {{lr: 1.0}}}}\ntrain: {{epochs: 1, batch_size: 44, clip_grad_norm: 0.01}}"
    )
    plain, compiled = both(text)
    plain.run(), compiled.run()
    for ours, theirs in zip(compiled.net.parameters(), plain.net.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=0)


def test_a_step_in_bfloat16_is_compiled_as_it_is_and_stays_near():
    losses = []
    for bf16, wrap in ((False, lambda plain: plain), (True, lambda plain: plain), (True, CompiledStep)):
        training = Training(f"nnspec: 1\n{IMAGES}optimizer: Adam\ntrain: {{epochs: 3}}", examples(IMAGES))
        training.learner.plain = replace(training.learner.plain, bf16=bf16)
        training.learner.update = wrap(training.learner.plain)
        torch.manual_seed(1)
        losses.append([epoch.train_loss for epoch in training.run()])
    exact, plain, compiled = losses
    assert plain == compiled != exact
    assert compiled == pytest.approx(exact, rel=0.05)


def test_several_outputs_are_added_by_weight_in_a_compiled_step():
    text = """nnspec: 1
inputs: {x: [4]}
layers: [{Linear: 8, name: body}, {Linear: 1, name: one}, {Linear: 1, name: two, from: body}]
outputs: {one: {from: one, loss: MSELoss, weight: 0.25}, two: {from: two, loss: L1Loss}}
optimizer: Adam
"""
    x, y = line_with_noise(16)
    losses = []
    for wrap in (lambda plain: plain, CompiledStep):
        training = Training(text, (x, y))
        data = type(training.data)((x,), (y, y + 1), training.data.device)
        training.learner.update = wrap(training.learner.plain)
        losses.append([training.learner.epoch(data, training.learner.step, Stop(), lambda n: None) for _ in range(3)])
    assert losses[0] == losses[1]


def test_a_state_put_back_is_where_a_compiled_step_goes_on():
    _, training = both(f"nnspec: 1\n{IMAGES}optimizer: Adam\ntrain: {{batch_size: 8}}")
    learner = training.learner

    def epoch() -> float | None:
        return learner.epoch(training.data, learner.step, Stop(), lambda steps: None)

    start = learner.state()
    first = [epoch() for _ in range(3)]
    learner.go_back(start)
    assert [epoch() for _ in range(3)] == first


def test_batches_of_many_shapes_take_the_plain_step_in_the_end():
    _, training = both(f"nnspec: 1\n{MLP}optimizer: SGD\n")
    x, y = line_with_noise(20)
    for rows in range(1, 15):
        training.learner.step(Batch(rows, (x[:rows],), (y[:rows],)))
    assert len(training.learner.update.ready) == MOST_SHAPES


def test_a_network_that_looks_at_its_numbers_is_not_compiled():
    text = f"nnspec: 1\n{IMAGES.replace('BatchNorm2d', 'BatchNorm2d: {momentum: null}')}optimizer: Adam\n"
    _, training = both(text)
    with pytest.raises(UncompilableError) as caught:
        training.run()
    assert str(caught.value) == "aten._local_scalar_dense.default looks at a number"


def test_lbfgs_is_not_compiled():
    with pytest.raises(UncompilableError) as caught:
        both(f"nnspec: 1\n{MLP}optimizer: LBFGS\n")
    assert str(caught.value) == "LBFGS evaluates the loss as often as it likes"
