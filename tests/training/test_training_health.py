"""Looks at a training: what they say in whole, and that they change nothing."""

import pytest
import torch
from trainings import Training, copy_of, line_with_noise, trained, two_kinds

from nnspec.diagnostics import Diagnostic, render
from nnspec.runs import Run, create
from nnspec.training.fit import fit
from nnspec.training.forms import settle
from nnspec.training.health.chance import chance
from nnspec.training.health.layers import diagnose_layers
from nnspec.training.health.look import drawn, look
from nnspec.training.health.monitor import Monitor
from nnspec.training.health.words import number
from nnspec.training.interrupt import Stop

DROPPED = """nnspec: 1
inputs: {x: [4]}
layers: [Linear: 8, BatchNorm1d, ReLU, Dropout: 0.5, Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: {Adam: {lr: 0.01}}
scheduler: {OneCycleLR: {max_lr: 0.01}}
train: {epochs: 5, batch_size: 16}
"""


def deep(activation: str, start: str = "") -> str:
    layers = "\n".join(f"  - Linear: 8\n    name: fc{index}{start}\n  - {activation}" for index in range(1, 11))
    return (
        f"nnspec: 1\ninputs: {{x: [4]}}\nlayers:\n{layers}\n  - Linear: 1\noutputs: {{y: {{loss: MSELoss}}}}\n"
        "optimizer: {SGD: {lr: 0.01}}\ntrain: {epochs: 2, batch_size: 32}\n"
    )


def findings(text: str) -> list[Diagnostic]:
    training = Training(text, line_with_noise())
    training.run()
    spec, graph = training.judge.spec, training.judge.graph
    seen = look(training.learner, training.judge, drawn(training.data, 32), 2)
    return list(diagnose_layers(spec, graph, seen))


def test_vanishing_gradients_are_told_with_the_line_the_reason_and_the_way_out():
    (found,) = findings(deep("Sigmoid"))
    lines = render(found).splitlines()
    head, *_ = lines[0].partition(" gets gradients ")
    assert head == "spec.yaml:4:5: warning[vanishing]: fc1"
    assert lines[0].endswith(" times smaller than linear_1: vanishing")
    assert lines[1:3] == ["    4 |   - Linear: 8", "      |     ^^^^^^"]
    assert lines[5:] == [
        "  why       Sigmoid ×10: each multiplies by at most 1/4",
        "  help      ReLU with `init: {weight: kaiming_normal_}`, a BatchNorm after each layer, "
        "or Residual around them",
    ]


def test_dead_units_are_told_whole():
    (found,) = findings(deep("ReLU", "\n    init: {bias: {constant_: -9}}"))
    others = ", ".join(f"relu_{index} (100%)" for index in range(2, 7))
    assert render(found) == (
        "spec.yaml:7:5: warning[dead-units]: 100% of the units of ReLU relu_1 are 0 for every example: dead\n"
        "    7 |   - ReLU\n"
        "      |     ^^^^\n"
        f"  also  {others} and 4 more\n"
        "  why   below 0 a ReLU is flat: no gradient comes back, and the weights before it do not move again\n"
        "  help  a smaller learning rate, biases that start at 0, prepared inputs; or LeakyReLU, which is flat nowhere"
    )


def test_a_deep_network_that_is_begun_well_is_not_accused():
    assert findings(deep("ReLU", "\n    init: {weight: kaiming_normal_}")) == []


def watched(training: Training, run: Run) -> None:
    """Train with a look after every chunk of steps and after every epoch, far more often than it would."""
    monitor = Monitor(training.learner, training.judge, training.data, run, lambda text: None)
    epochs = fit(
        training.learner,
        training.judge,
        training.data,
        training.validation,
        training.best,
        Stop(),
        lambda steps: monitor._look(),
    )
    for _ in monitor.followed(epochs):
        monitor._look()


@pytest.mark.parametrize("compiled", ["off", "step", "auto"])
@pytest.mark.parametrize("augment", ["", ", augment: [{GaussianNoise: 0.1}]", ", augment: [{MixUp: 0.4}]"])
def test_looks_leave_a_training_bit_for_bit_as_it_was(compiled, augment, tmp_path, monkeypatch):
    if "MixUp" in augment and compiled != "off":
        pytest.skip("a step with mixed examples is plain")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = DROPPED.replace("x: [4]", f"x: {{shape: [4]{augment}}}")
    data = line_with_noise()
    trainings = []
    for name in ("plain", "watched"):
        training = Training(text, data, validation=data)
        settle(training.learner, compiled, 10_000, (name,), lambda choice: None)
        torch.manual_seed(1)  # of the dropout and the noise
        run = create(tmp_path, name, {})
        training.run() if name == "plain" else watched(training, run)
        trainings.append(training)
    assert len(run.health()) >= 10
    before, after = (copy_of(training.net) for training in trainings)
    assert all(torch.equal(before[name], after[name]) for name in before)
    states = [training.learner.state() for training in trainings]
    assert repr(states[0]["optimizer"]) == repr(states[1]["optimizer"])
    assert torch.equal(states[0]["order"], states[1]["order"])
    assert torch.equal(states[0]["random"][0], states[1]["random"][0])


def test_a_look_measures_what_autograd_gives():
    training = Training(DROPPED.replace("Dropout: 0.5", "Identity"), line_with_noise())
    batch = drawn(training.data, 16)
    seen = look(training.learner, training.judge, batch, 0).by_name["linear_2"]
    training.net.train()
    training.judge.objective(training.net(*batch.inputs), batch.targets).backward()
    norm = torch.cat([p.grad.flatten() for p in training.net.linear_2.parameters()]).norm()
    assert seen.gradient is not None
    assert abs(seen.gradient - float(norm)) <= 1e-5 * float(norm)


def test_chance_is_the_loss_of_the_best_constant_answer():
    training = Training(DROPPED, line_with_noise())
    variance = float(training.data.targets[0].var(correction=0))
    found = chance(training.judge.spec, training.judge.graph, training.data)
    assert found is not None
    assert abs(found - variance) <= 1e-4 * variance


def test_a_run_keeps_looks_and_findings(tmp_path):
    run, result = trained(two_kinds(tmp_path, "train.epochs=40"), tmp_path / "run")  # 320 steps, on which a look is due
    assert [line["layers"][0]["name"] for line in run.health()] == ["linear_1"] * len(run.health())
    assert run.health()[-1]["layers"][0]["update_to_weight"] > 0
    assert (run.findings(), result.findings) == ([], ())


def test_numbers_read_as_people_write_them():
    assert [number(x) for x in (0.0, 0.0512, 3, 250.4, 31_000, 2e-7, 1e6)] == [
        "0",
        "0.051",
        "3",
        "250",
        "3.1·10⁴",
        "2·10⁻⁷",
        "10⁶",
    ]
