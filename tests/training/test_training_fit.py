"""The loop: what it learns, against steps written by hand; what it keeps; when it stops."""

import math

import pytest
import torch
import torch.nn.functional as F
from trainings import Training, copy_of, line_with_noise

from nnspec.graph import parse_network
from nnspec.spec.stopping import EarlyStoppingSection
from nnspec.training.batches import Examples, batch_sizes
from nnspec.training.best import Best
from nnspec.training.interrupt import Stop
from nnspec.training.objective import compile_objective

LINE = """
nnspec: 1
inputs: {x: [4]}
layers: [Linear: 8, Tanh, Linear: 1]
outputs: {y: {loss: MSELoss}}
"""

OPTIMIZERS = {
    "SGD": ("{SGD: {lr: 0.05}}", lambda p: torch.optim.SGD(p, lr=0.05)),
    "SGD with momentum": (
        "{SGD: {lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.01}}",
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    "Adam": ("{Adam: {lr: 0.01}}", lambda p: torch.optim.Adam(p, lr=0.01)),
    "AdamW": ("{AdamW: {lr: 0.01, betas: [0.8, 0.99]}}", lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.99))),
    "RMSprop": ("{RMSprop: {lr: 0.01}}", lambda p: torch.optim.RMSprop(p, lr=0.01)),
}


def test_newtons_steps_are_torchs():
    x, y = line_with_noise()
    text = "optimizer: {LBFGS: {max_iter: 4, line_search_fn: strong_wolfe}}"
    training = Training(f"{LINE}{text}\ntrain: {{epochs: 5, batch_size: full}}", (x, y))
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=4, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        return loss

    wanted = [optimizer.step(closure).item() for _ in range(5)]
    assert [epoch.train_loss for epoch in training.run()] == pytest.approx(wanted, rel=1e-4)
    assert wanted[-1] < 0.2 * wanted[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_full_batch_is_plain_gradient_descent(name):
    text, make = OPTIMIZERS[name]
    x, y = line_with_noise()
    training = Training(f"{LINE}optimizer: {text}\ntrain: {{epochs: 20, batch_size: full}}", (x, y))
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    optimizer = make(net.parameters())
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    epochs = training.run()
    assert [epoch.step for epoch in epochs] == list(range(1, 21))
    assert [epoch.train_loss for epoch in epochs] == pytest.approx(losses, abs=1e-6)
    for ours, theirs in zip(training.net.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


PERCEPTRON = """
nnspec: 1
inputs: {x: [4]}
layers: [Linear: 1, Heaviside]
outputs: {y: {loss: PerceptronLoss}}
optimizer: {SGD: {lr: 0.1}}
train: {epochs: 3, batch_size: 1}
"""


def test_the_perceptron_learns_by_rosenblatts_rule_step_by_step():
    x = line_with_noise(rows=40)[0]
    target = (x[:, :1] > x[:, 1:2]).float()
    training = Training(PERCEPTRON, (x, target))
    layer, mistakes = training.net.linear_1, 0
    weight, bias = layer.weight[0].detach().clone(), layer.bias.detach().clone()

    def step_both(batch):
        nonlocal mistakes
        row, wanted = batch.inputs[0][0], batch.targets[0][0]
        output = float(weight @ row + bias >= 0)
        weight.add_(0.1 * (wanted - output) * row)
        bias.add_(0.1 * (wanted - output))
        loss = training.learner.step(batch)
        assert loss.item() == abs(wanted.item() - output)
        mistakes += loss.item()
        torch.testing.assert_close(layer.weight[0], weight, atol=1e-6, rtol=0)
        torch.testing.assert_close(layer.bias, bias, atol=1e-6, rtol=0)
        return loss

    for _ in range(3):
        training.learner.epoch(training.data, step_both, Stop(), lambda steps: None)
    assert training.learner.steps == 120
    assert 5 < mistakes < 60


def test_several_losses_are_added_by_weight():
    network = """
nnspec: 1
inputs: {x: [4]}
layers:
  - Linear: 3
    name: kind
  - Linear: 1
    name: price
    from: x
outputs:
  kind: {from: kind, loss: CrossEntropyLoss, weight: 0.5}
  plain: {from: price}
  price: {from: price, loss: MSELoss}
optimizer: SGD
"""
    parsed = parse_network(network)
    kind, price = torch.randn(6, 3), torch.randn(6, 1)
    targets = torch.tensor([0, 1, 2, 0, 1, 2]), torch.randn(6, 1)
    loss = compile_objective(parsed.spec)((kind, price, price), targets)
    torch.testing.assert_close(loss, 0.5 * F.cross_entropy(kind, targets[0]) + F.mse_loss(price, targets[1]))


def test_the_same_seed_gives_the_same_weights_and_another_does_not():
    text = f"{LINE.replace('Tanh', 'Tanh, Dropout: 0.3')}optimizer: Adam\ntrain: {{epochs: 3, batch_size: 8}}"
    nets = []
    for seed in (1, 1, 2):
        training = Training(text, line_with_noise(), seed=seed)
        training.run()
        nets.append(copy_of(training.net))
    assert all(nets[0][name].equal(nets[1][name]) for name in nets[0])
    assert not any(nets[0][name].equal(nets[2][name]) for name in nets[0])


def test_the_best_weights_are_kept_not_the_last():
    x, y = line_with_noise(rows=8)
    few, other = (x, y + torch.randn(8, 1, generator=torch.Generator().manual_seed(1))), line_with_noise(seed=2)
    text = f"{LINE}optimizer: {{Adam: {{lr: 0.05}}}}\ntrain: {{epochs: 60, batch_size: full}}"
    training = Training(text, few, other)
    epochs = training.run()
    losses = [epoch.validation_loss for epoch in epochs]
    best = losses.index(min(losses))
    assert 0 < best < 59
    assert training.best.epoch == best + 1
    assert [epoch.number for epoch in epochs if epoch.better][-1] == best + 1
    assert training.judge.measure(training.net, training.validation).loss == pytest.approx(losses[-1])
    training.best.restore()
    assert training.judge.measure(training.net, training.validation).loss == pytest.approx(losses[best])


def test_without_validation_rows_the_last_weights_are_kept():
    training = Training(f"{LINE}optimizer: SGD\ntrain: {{epochs: 3}}", line_with_noise())
    epochs = training.run()
    assert [(epoch.validation_loss, epoch.better) for epoch in epochs] == [(None, True)] * 3
    last = copy_of(training.net)
    training.best.restore()
    assert all(last[name].equal(tensor) for name, tensor in training.net.state_dict().items())


@pytest.mark.parametrize(("stopping", "ends"), [("{patience: 3}", 4), ("{patience: 3, min_delta: 0}", 4)])
def test_training_stops_early_when_nothing_gets_better(stopping, ends):
    text = f"{LINE}optimizer: {{SGD: {{lr: 1e-12}}}}\ntrain: {{epochs: 50, early_stopping: {stopping}}}"
    assert len(Training(text, line_with_noise(), line_with_noise(seed=1)).run()) == ends


def test_a_gain_below_min_delta_is_not_a_gain():
    losses = [1.0, 0.95, 0.9, 0.85, 0.8, 0.79, 0.78, 0.77]
    best = Best(torch.nn.Identity(), EarlyStoppingSection(patience=2, min_delta=0.1))
    tired = []
    for epoch, loss in enumerate(losses, start=1):
        best.offer(epoch, loss, chosen=True)
        tired.append(best.tired)
    assert tired == [False, False, True, False, False, True, True, True]
    assert (best.epoch, best.loss) == (8, 0.77)


SCHEDULES = {
    "{StepLR: {step_size: 2, gamma: 0.1}}": [0.1, 0.1, 0.01, 0.01],
    "CosineAnnealingLR": [0.1 * (1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)],
    "{ReduceLROnPlateau: {patience: 0, factor: 0.5, threshold: 0.9999}}": [0.1, 0.1, 0.05, 0.025],
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_moves_by_epochs(schedule):
    text = f"{LINE}optimizer: {{SGD: {{lr: 0.1}}}}\nscheduler: {schedule}\ntrain: {{epochs: 4, batch_size: 16}}"
    epochs = Training(text, line_with_noise(), line_with_noise(seed=1)).run()
    assert [epoch.lr for epoch in epochs] == pytest.approx(SCHEDULES[schedule])


def test_one_cycle_moves_each_step_and_ends_with_the_training():
    text = f"{LINE}optimizer: Adam\nscheduler: {{OneCycleLR: {{max_lr: 0.1}}}}\ntrain: {{epochs: 5, batch_size: 16}}"
    rates = [epoch.lr for epoch in Training(text, line_with_noise()).run()]
    assert rates[0] > 0.09
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.1 / 25 / 1e4)


def test_a_cycle_shorter_than_the_training_stays_at_its_end():
    cycle = "{OneCycleLR: {max_lr: 0.1, total_steps: 6}}"
    text = f"{LINE}optimizer: Adam\nscheduler: {cycle}\ntrain: {{epochs: 5, batch_size: 16}}"
    rates = [epoch.lr for epoch in Training(text, line_with_noise()).run()]
    assert rates[1:] == pytest.approx([0.1 / 25 / 1e4] * 4)


def test_a_gradient_is_clipped_to_its_largest_norm():
    clipped = "optimizer: {SGD: {lr: 1.0}}\ntrain: {epochs: 1, batch_size: full, clip_grad_norm: 0.01}"
    training = Training(LINE + clipped, line_with_noise())
    before = copy_of(training.net)
    training.run()
    moved = torch.cat([(before[name] - tensor).flatten() for name, tensor in training.net.state_dict().items()])
    assert moved.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_a_last_batch_of_one_joins_the_one_before():
    assert batch_sizes(9, 4) == [4, 5]
    assert batch_sizes(10, 4) == [4, 4, 2]
    assert batch_sizes(3, 1) == [1, 1, 1]
    assert batch_sizes(1, 4) == [1]
    assert batch_sizes(3, 4) == [3]
    text = "nnspec: 1\ninputs: {x: [4]}\nlayers: [BatchNorm1d, Linear: 1]\nloss: MSELoss\noptimizer: SGD\n"
    epochs = Training(f"{text}train: {{epochs: 1, batch_size: 4}}", line_with_noise(rows=9)).run()
    assert epochs[0].step == 2


@pytest.mark.parametrize("chunk_bytes", [1, 400, 10**6])
def test_an_epoch_has_every_example_once_in_a_new_order(monkeypatch, chunk_bytes):
    monkeypatch.setattr("nnspec.training.batches.CHUNK_BYTES", chunk_bytes)
    x = torch.arange(33.0).reshape(33, 1)
    examples = Examples((x,), (x + 100,), torch.device("cpu"))
    order = torch.Generator().manual_seed(0)
    passes = []
    for _ in range(2):
        batches = [batch for chunk in examples.shuffled(8, order) for batch in chunk]
        assert [batch.rows for batch in batches] == [8, 8, 8, 9]
        assert all(batch.targets[0].equal(batch.inputs[0] + 100) for batch in batches)
        passes.append(torch.cat([batch.inputs[0] for batch in batches]).flatten().tolist())
    assert sorted(passes[0]) == sorted(passes[1]) == x.flatten().tolist()
    assert passes[0] != passes[1] != x.flatten().tolist()


def test_examples_that_the_device_has_no_room_for_travel_chunk_by_chunk(monkeypatch):
    x = torch.arange(10.0).reshape(10, 1)
    to = torch.Tensor.to

    def to_a_small_device(tensor, device):
        if len(tensor) == 10:
            raise torch.OutOfMemoryError
        return to(tensor, device)

    monkeypatch.setattr("nnspec.training.batches.CHUNK_BYTES", 40)
    monkeypatch.setattr(torch.Tensor, "to", to_a_small_device)
    examples = Examples((x,), (x,), torch.device("cpu")).to(torch.device("meta"))
    assert (examples.inputs[0].device.type, examples.device.type) == ("cpu", "meta")
    batch = next(examples.in_order(4))
    assert [batch.inputs[0].device.type, batch.targets[0].device.type] == ["meta", "meta"]


@pytest.mark.parametrize("skip", range(6))
def test_an_epoch_goes_on_after_the_batches_that_were_taken(monkeypatch, skip):
    monkeypatch.setattr("nnspec.training.batches.CHUNK_BYTES", 400)
    x = torch.arange(33.0).reshape(33, 1)
    examples = Examples((x,), (x,), torch.device("cpu"))

    def values(skip):
        chunks = examples.shuffled(8, torch.Generator().manual_seed(3), skip)
        return [batch.inputs[0].flatten().tolist() for chunk in chunks for batch in chunk]

    assert values(skip) == values(0)[skip:]


def test_a_stop_ends_the_training_after_the_step_at_hand():
    training = Training(f"{LINE}optimizer: SGD\ntrain: {{epochs: 3, batch_size: 8}}", line_with_noise())
    stop = Stop()
    step = training.learner.step

    def step_and_stop(batch):
        stop.asked = training.learner.steps == 9  # in the second epoch
        return step(batch)

    training.learner.step = step_and_stop
    epochs = training.run(stop)
    assert [epoch.number for epoch in epochs] == [1]
    assert training.learner.steps == 10
    assert training.best.epoch == 1


def test_a_state_put_back_goes_on_as_before():
    text = f"{LINE.replace('Tanh', 'Tanh, Dropout: 0.3')}optimizer: Adam\nscheduler: {{OneCycleLR: {{max_lr: 0.1}}}}\n"
    training = Training(f"{text}train: {{epochs: 4, batch_size: 8}}", line_with_noise())
    learner = training.learner

    def two_epochs():
        return [learner.epoch(training.data, learner.step, Stop(), lambda steps: None) for _ in range(2)]

    two_epochs()
    state = learner.state()
    first = two_epochs(), copy_of(training.net)
    learner.go_back(state)
    second = two_epochs(), copy_of(training.net)
    assert first[0] == second[0]
    assert all(first[1][name].equal(second[1][name]) for name in first[1])


def test_slow_metrics_come_in_the_same_epochs_of_every_run():
    text = (
        "nnspec: 1\ninputs: {x: [4]}\nlayers: [Linear: 2]\noptimizer: Adam\n"
        "outputs: {y: {loss: CrossEntropyLoss, classes: 2, metrics: [F1Score]}}\n"
        "train: {epochs: 30, batch_size: 8}"
    )
    x, y = line_with_noise()
    rows = x, (y[:, 0] > 0).long()
    training = Training(text, rows, rows)
    assert [epoch.number for epoch in training.run() if epoch.metrics] == [1, 14, 27]  # of 8 steps, 100 between
