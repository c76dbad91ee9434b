"""What may be said of a step: accumulation, averaged weights, limits of the gradient; each as torch does it by hand."""

import pytest
import torch
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from trainings import Training, copy_of, line_with_noise, trained, two_kinds

from nnspec.codegen.load import state_of
from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.training.compiled.step import CompiledStep
from nnspec.training.evaluate import Judge
from nnspec.training.objective import compile_objective
from nnspec.training.population import Population

NET = """
nnspec: 1
inputs: {x: [4]}
layers: [Linear: 8, NORM Tanh, Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
"""
PLAIN, NORMED = NET.replace("NORM ", ""), NET.replace("NORM ", "BatchNorm1d, ")


def close(ours, theirs, atol=1e-6):
    return all(torch.allclose(tensor, theirs[name], atol=atol) for name, tensor in ours.items())


def by_hand(training, size, before_step=lambda net: None, after_step=lambda net: None, epochs=3):
    """The loop as everybody writes it, over the same batches."""
    net, order = training.net, torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for batch in [batch for chunk in training.data.shuffled(size, order) for batch in chunk]:
            optimizer.zero_grad()
            mse_loss(net(*batch.inputs), batch.targets[0]).backward()
            before_step(net)
            optimizer.step()
            after_step(net)
    return copy_of(net)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("rows", [64, 70, 77])
def test_accumulated_batches_are_one_batch_so_many_times_as_large(rows, compiled):
    ours = Training(f"{PLAIN}train: {{epochs: 3, batch_size: 8, accumulate: 4}}", line_with_noise(rows))
    if compiled:
        ours.learner.update = CompiledStep(ours.learner.plain)
    ours.run()
    assert ours.learner.steps == 3 * -(-rows // 32)
    assert close(copy_of(ours.net), by_hand(Training(PLAIN, line_with_noise(rows)), 32))


def test_accumulation_is_backward_part_by_part():
    """With BatchNorm each part counts for itself, so it is not the same as the large batch."""
    ours, theirs = (
        Training(f"{NORMED}train: {{epochs: 1, batch_size: 8, accumulate: 4}}", line_with_noise()) for _ in range(2)
    )
    ours.run()
    net, order = theirs.net, torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for batch in [batch for chunk in theirs.data.shuffled(32, order) for batch in chunk]:
        optimizer.zero_grad()
        for inputs, targets in zip(batch.inputs[0].split(8), batch.targets[0].split(8), strict=True):
            (mse_loss(net(inputs), targets) / 4).backward()
        optimizer.step()
    assert close(copy_of(ours.net), copy_of(net))


def test_mixed_examples_are_parted_with_their_batch(tmp_path):
    augment = "inputs.point={columns: [a, b], augment: [{MixUp: 0.4}]}"
    network = two_kinds(tmp_path, "train.batch_size=8", "train.accumulate=2", augment, "train.epochs=2")
    _, result = trained(network, tmp_path / "run")
    assert (result.epochs, result.steps) == (2, 16)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_average_is_torchs(compiled):
    ours, theirs = (
        Training(f"{NORMED}train: {{epochs: 3, batch_size: 16, ema: 0.9}}", line_with_noise()) for _ in range(2)
    )
    if compiled:
        ours.learner.update = CompiledStep(ours.learner.plain)
    ours.run()
    averaged = AveragedModel(theirs.net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    weights = by_hand(theirs, 16, after_step=averaged.update_parameters)
    counted = "batchnorm1d_1.num_batches_tracked"
    wanted = {name: x for name, x in averaged.module.state_dict().items() if name != counted}
    assert close(copy_of(ours.net), weights)
    assert close({name: ours.best.weights[name] for name in wanted}, wanted)
    assert ours.best.weights[counted] == weights[counted] == 12


def test_the_averaged_weights_are_what_is_validated_and_kept():
    held_out = line_with_noise(32, seed=1)
    training = Training(f"{PLAIN}train: {{epochs: 4, batch_size: 16, ema: 0.8}}", line_with_noise(), held_out)
    epochs = training.run()
    training.best.restore()
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    assert mse_loss(training.net(held_out[0]), held_out[1]).item() == pytest.approx(best.validation_loss, rel=1e-6)
    assert close(state_of(training.net), training.best.weights, atol=0)


def test_a_run_exports_the_averaged_weights(tmp_path):
    network = two_kinds(tmp_path, "train.ema=0.9", "train.epochs=3")
    run, result = trained(network, tmp_path / "run")
    losses = [line["validation_loss"] for line in run.metrics()]
    assert result.parts["validation"].loss == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("norm", [None, 0.05])
def test_values_of_the_gradient_are_limited_before_its_norm(norm, compiled):
    limits = "clip_grad_value: 0.02" + (f", clip_grad_norm: {norm}" if norm else "")
    ours = Training(f"{PLAIN}train: {{epochs: 3, batch_size: 16, {limits}}}", line_with_noise())
    if compiled:
        ours.learner.update = CompiledStep(ours.learner.plain)
    ours.run()

    def clip(net):
        clip_grad_value_(net.parameters(), 0.02)
        if norm:
            clip_grad_norm_(net.parameters(), norm)

    assert close(copy_of(ours.net), by_hand(Training(PLAIN, line_with_noise()), 16, before_step=clip))


@pytest.mark.parametrize(
    ("key", "value", "carets"),
    [("accumulate", "2", "^"), ("clip_grad_value", "0.5", "^^^"), ("ema", "0.9", "^^^")],
)
def test_a_population_says_what_its_step_does_not_know(key, value, carets):
    network = parse_network(f"{PLAIN.strip()}\ntrain: {{{key}: {value}}}\n")
    judge = Judge(network.spec, network.graph, compile_objective(network.spec), {})
    with pytest.raises(SpecError) as caught:
        Population([network, network], judge, 4, torch.device("cpu"), None)
    line = f"train: {{{key}: {value}}}"
    assert str(caught.value) == (
        f"spec.yaml:6:{len(key) + 11}: error[not-trainable]: a population knows no `train: {{{key}: ...}}`\n"
        f"    6 | {line}\n"
        f"      | {' ' * (len(key) + 10)}{carets}\n"
        "  help  leave --population out: the trials then run one by one"
    )
