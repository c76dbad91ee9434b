"""A population learns what its networks would learn alone."""

from pathlib import Path

import pytest
import torch

from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.graph import load_network, parse_network
from nnspec.spec.compose import read_document
from nnspec.spec.search import find_searches
from nnspec.training import train_spec
from nnspec.training.evaluate import Judge
from nnspec.training.interrupt import Stop
from nnspec.training.objective import compile_objective
from nnspec.training.population import Masked, Population
from nnspec.tuning import Tuned
from nnspec.tuning.goal import find_goal
from nnspec.tuning.population import Round, check_alike

SPEC = """\
nnspec: 1
data: {source: sklearn:iris, split: {validation: 0.3, test: 0.1, stratify: true}}
inputs: {flower: {column: data, shape: [4], prepare: [Standardize]}}
layers: [Linear: {out_features: 8, bias: false}, BatchNorm1d, Tanh, Linear: 3]
outputs: {species: {column: target, loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: {ADAM: {lr: {$search: {log: [1.0e-3, 1.0e-1]}}}}
train: {epochs: 6, batch_size: 16, seed: {$search: {int: [0, 9]}}EXTRA}
"""
COSINE, STEPS = "scheduler: CosineAnnealingLR\n", "scheduler: {StepLR: {step_size: 2}}\n"
KINDS = {
    "Adam with a decay": ("Adam: {weight_decay: 0.01, ", "", ""),
    "Adam that keeps its largest": ("Adam: {amsgrad: true, ", "", COSINE),
    "AdamW, clipped": ("AdamW: {", ", clip_grad_norm: 0.5", "scheduler: {OneCycleLR: {max_lr: 0.01}}\n"),
    "descent with momentum": ("SGD: {momentum: 0.9, weight_decay: 0.01, ", "", STEPS),
    "descent that looks ahead": ("SGD: {momentum: 0.9, nesterov: true, ", "", COSINE),
    "plain descent, stopped early": ("SGD: {", ", early_stopping: {patience: 1}", ""),
}


def tuned(text: str, folder: Path) -> Tuned:
    path = folder / "net.yaml"
    path.write_text(text)
    root = read_document(path)
    return Tuned(root, find_searches(root), path, find_goal(load_network(path).spec, "loss"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_network_learns_what_it_would_alone(kind: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    optimizer, extra, schedule = KINDS[kind]
    text = SPEC.replace("ADAM: {", optimizer).replace("EXTRA", extra) + schedule
    what = tuned(text, tmp_path)
    values = [{"optimizer": 3e-3, "seed": 1}, {"optimizer": 3e-2, "seed": 2}, {"optimizer": 3e-3, "seed": 2}]
    rate, seed = (search.name for search in what.searches)
    networks = [what.network({rate: value["optimizer"], seed: value["seed"]}) for value in values]
    members = Round(what).members(networks, Stop())
    assert members
    for network, member in zip(networks, members, strict=True):
        _, result = train_spec(network.spec, network.graph, tmp_path)
        alone = result.parts["validation"]
        assert member.epoch == result.best_epoch
        assert member.measured.loss == pytest.approx(alone.loss, rel=1e-4, abs=1e-5)
        assert member.measured.metrics == alone.metrics


def test_a_dropout_of_a_population_drops_its_own_share():
    torch.manual_seed(0)
    x = torch.ones(3, 20_000)
    for p in (0.0, 0.3, 1.0):
        masked = Masked(p)
        y = masked(x)
        assert float((y == 0).float().mean()) == pytest.approx(p, abs=0.01)
        assert y[y != 0].unique().tolist() == pytest.approx([1 / (1 - p)] if p < 1 else [])
        assert torch.equal(masked.eval()(x), x)


def test_the_command_trains_rounds_of_a_population(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC.replace("ADAM", "Adam").replace("EXTRA", ""))
    assert main(["tune", "net.yaml", "--trials", "5", "--population", "3", "--study", "study"]) == 0
    printed = capsys.readouterr().out
    assert [f"trial {number}/5" in printed for number in range(1, 6)] == [True] * 5
    assert "nnspec train net-best.yaml" in printed


def test_a_search_that_changes_the_network_is_refused(tmp_path: Path):
    text = SPEC.replace("ADAM", "Adam").replace("EXTRA", "").replace("features: 8", "features: {$search: [8, 16]}")
    with pytest.raises(SpecError) as caught:
        check_alike(tuned(text, tmp_path))
    found = caught.value.diagnostics[0]
    assert (found.message, found.help) == (
        "layers[0].Linear.out_features changes more than the numbers that a population's networks may differ in",
        "those are lr, weight_decay, the p of Dropout and train.seed; leave --population out",
    )
    assert found.span
    assert found.span.line == 4


def test_dropout_and_the_rate_may_differ(tmp_path: Path):
    text = SPEC.replace("ADAM", "Adam").replace("EXTRA", "")
    check_alike(tuned(text.replace("Tanh,", "Tanh, Dropout: {$search: {uniform: [0, 0.5]}},"), tmp_path))


@pytest.mark.parametrize(("optimizer", "name"), [("Rprop", "Rprop"), ("[SGD]", "groups of parameters")])
def test_an_optimizer_without_a_stacked_form_is_told(optimizer: str, name: str):
    head = "nnspec: 1\ninputs: {x: [4]}\nlayers: [Linear: 2]\noutputs: {y: {loss: MSELoss}}\n"
    network = parse_network(f"{head}optimizer: {optimizer}\n")
    judge = Judge(network.spec, network.graph, compile_objective(network.spec), {})
    with pytest.raises(SpecError) as caught:
        Population([network, network], judge, 4, torch.device("cpu"), None)
    assert str(caught.value) == (
        f"spec.yaml:5:12: error[not-trainable]: a population is trained by SGD, Adam, AdamW, not by {name}\n"
        f"    5 | optimizer: {optimizer}\n"
        "      |            ^^^^^\n"
        "  help  leave --population out: the trials then run one by one"
    )


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("accumulate: 2", "accumulate"),
        ("ema: 0.9", "ema"),
        ("steps: 5", "steps"),
        ("clip_grad_value: 1", "clip_grad_value"),
    ],
)
def test_what_only_one_network_does_is_refused(more: str, key: str, tmp_path: Path):
    text = SPEC.replace("ADAM", "Adam").replace("EXTRA", f", {more}")
    with pytest.raises(SpecError) as caught:
        check_alike(tuned(text, tmp_path))
    found = caught.value.diagnostics[0]
    assert (found.message, found.help) == (
        f"a population is trained without `{key}`",
        "leave --population out: the trials then run one by one",
    )
