"""What is found before a training: the batch size by time and memory, the learning rate by a range test."""

import json
import math

import pytest
import torch
from torch.nn.functional import mse_loss
from trainings import CPU, Training, line_with_noise, trained, two_kinds

from nnspec.data import load_examples
from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.graph.explain import explain
from nnspec.runs import LR_RANGE
from nnspec.spec.resolve import resolve
from nnspec.training.automatic import settled
from nnspec.training.evaluate import Judge
from nnspec.training.largest import choose_batch_size, most_rows
from nnspec.training.objective import compile_objective
from nnspec.training.population import Population
from nnspec.training.progress import Silent
from nnspec.training.rate import choose_rate
from nnspec.training.resume import network_of_run, resume_run

NET = """
nnspec: 1
inputs: {x: [4]}
layers: [Linear: 8, Tanh, Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: {SGD: {lr: 0.1}}
train: {batch_size: 16}
"""


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def tell(self, text: str) -> None:
        self.lines.append(text)


def test_the_range_test_is_a_loop_whose_rate_grows():
    ours, theirs = (Training(NET, line_with_noise(2000)) for _ in range(2))
    curve = choose_rate(ours.learner, ours.data, ours.network.spec.optimizer)
    optimizer, order, losses = torch.optim.SGD(theirs.net.parameters()), torch.Generator().manual_seed(0), []
    batches = [batch for chunk in theirs.data.shuffled(16, order) for batch in chunk]
    for step, batch in enumerate(batches[: len(curve.lr)]):
        (group,) = optimizer.param_groups
        group["lr"] = 1e-4 * (10.0 / 1e-4) ** (step / 99)
        assert group["lr"] == pytest.approx(curve.lr[step])
        optimizer.zero_grad()
        loss = mse_loss(theirs.net(*batch.inputs), batch.targets[0])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == pytest.approx(curve.loss, rel=1e-4)
    mean, smoothed = 0.0, []
    for step, loss in enumerate(losses):
        mean = 0.9 * mean + 0.1 * loss
        smoothed.append(mean / (1 - 0.9 ** (step + 1)))
    assert smoothed == pytest.approx(curve.smoothed, rel=1e-4)
    lowest = curve.lr[smoothed.index(min(smoothed))]
    assert curve.chosen == float(f"{lowest / 10:.1e}")
    assert curve.in_words() == (
        f"lr: auto takes {curve.chosen:g}, a tenth of {lowest:.2g}, where the loss was lowest "
        f"({len(curve.lr)} steps from 0.0001 to {curve.lr[-1]:.2g})"
    )


def test_the_range_test_ends_where_the_loss_breaks_out():
    curve = choose_rate(*(lambda t: (t.learner, t.data, t.network.spec.optimizer))(Training(NET, line_with_noise())))
    assert len(curve.lr) < 100
    assert all(map(math.isfinite, curve.loss))


def test_a_loss_that_falls_at_no_rate_leaves_the_optimizers_own():
    x = torch.zeros(64, 4)
    training = Training(NET.replace("Linear: 1]", "Linear: {out_features: 1, bias: false}]"), (x, x[:, :1]))
    with torch.no_grad():
        for parameter in training.net.parameters():
            parameter.zero_()
    curve = choose_rate(training.learner, training.data, training.network.spec.optimizer)
    assert (curve.chosen, curve.reason) == (
        0.1,
        "the optimizer's own, since the loss fell at no rate (100 steps from 0.0001 to 10)",
    )


def chosen_size(folder, *overrides, rows=4000):
    network = two_kinds(folder, "train.batch_size=auto", *overrides)
    spec, graph = network.spec, network.graph
    data = load_examples(spec, network.folder, graph.output_tensors, graph.lookups)
    training = Training(NET, line_with_noise(rows))
    most, why = most_rows(spec, graph, data, training.data, CPU)
    return most, why, choose_batch_size(training.learner, graph, data, training.data, most, why)


def test_the_batch_grows_while_that_saves_time_and_an_epoch_keeps_steps(tmp_path):
    most, why, tried = chosen_size(tmp_path)
    assert (most, why) == (4000 // 16, "an epoch keeps 16 steps")
    assert list(tried.example_us) == [32, 64, 128][: len(tried.example_us)]
    assert tried.size in tried.example_us
    saved = "twice as many save less than a tenth of the time"
    assert tried.reason == (saved if len(tried.example_us) > 1 and tried.size != max(tried.example_us) else why)


def test_accumulated_batches_count_together_and_a_cpu_has_its_bound(tmp_path):
    assert chosen_size(tmp_path, "train.accumulate=4")[:2] == (62, "an epoch keeps 16 steps")
    assert chosen_size(tmp_path, rows=32_000)[:2] == (1024, "no more than 1024 are tried on a CPU")


def test_few_rows_are_one_batch(tmp_path):
    _, _, tried = chosen_size(tmp_path, rows=20)
    assert (tried.size, tried.reason) == (20, "an epoch keeps 16 steps")


def test_a_run_trains_with_what_it_found_as_if_it_had_been_said(tmp_path):
    asked = "train.batch_size=auto", "optimizer={Adam: {lr: auto}}", "train.epochs=3", "train.compile=off"
    heard = Heard()
    run, _ = trained(two_kinds(tmp_path, *asked), tmp_path / "run", heard)
    chosen = run.record()["chosen"]
    assert list(chosen) == ["batch_size", "lr"]
    assert [line.partition(" takes ")[0] for line in heard.lines[:2]] == ["batch_size: auto", "lr: auto"]
    assert json.loads(run.file(LR_RANGE).read_text())["chosen"] == chosen["lr"]
    assert (run.spec()["train"]["batch_size"], run.spec()["optimizer"]["Adam"]["lr"]) == ("auto", "auto")
    said = f"train.batch_size={chosen['batch_size']}", f"optimizer={{Adam: {{lr: {chosen['lr']}}}}}"
    other, _ = trained(two_kinds(tmp_path, *said, *asked[2:]), tmp_path / "other")
    assert [line["train_loss"] for line in run.metrics()] == [line["train_loss"] for line in other.metrics()]


def test_a_training_that_goes_on_takes_what_it_had_found(tmp_path):
    asked = "train.batch_size=auto", "optimizer={Adam: {lr: auto}}", "train.compile=off"
    run, _ = trained(two_kinds(tmp_path, *asked, "train.epochs=2"), tmp_path / "run")
    run.write_record({**run.record(), "spec": str(tmp_path / "kinds.yaml"), "chosen": {"batch_size": 60, "lr": 1e-3}})
    heard = Heard()
    resume_run(network_of_run(run, ["train.epochs=3"]), run, progress=heard)
    assert [line for line in heard.lines if "auto takes" in line] == []
    last = run.metrics()[-1]
    assert last["step"] - run.metrics()[-2]["step"] == 2  # 120 rows


def test_the_long_form_says_auto_again():
    text = NET.replace("lr: 0.1", "lr: auto, momentum: 0.9").replace("16", "auto")
    spec = parse_network(text).spec
    document = resolve(spec)
    assert document["optimizer"]["SGD"] == {
        "lr": "auto",
        "momentum": 0.9,
        "dampening": 0.0,
        "weight_decay": 0.0,
        "nesterov": False,
    }
    again = parse_network(json.dumps(document)).spec
    assert (again.lr_auto, again.optimizer, again.train) == (True, spec.optimizer, spec.train)
    assert parse_network(NET.replace("{lr: 0.1}", "auto")).spec.lr_auto
    assert settled(spec, {"lr": 0.5, "batch_size": 8}).optimizer.lr == 0.5
    assert "Its learning rate is found by a range test before the training; 0.001 stands for it here." in " ".join(
        explain(parse_network(text)).split()
    )


@pytest.mark.parametrize(("old", "new"), [("lr: 0.1", "lr: auto"), ("batch_size: 16", "batch_size: auto")])
def test_a_population_finds_nothing(old, new):
    network = parse_network(NET.replace(old, new))
    judge = Judge(network.spec, network.graph, compile_objective(network.spec), {})
    with pytest.raises(SpecError, match=f"a population knows no `{new}`"):
        Population([network, network], judge, 4, CPU, None)
