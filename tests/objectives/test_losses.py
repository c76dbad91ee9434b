"""Losses: value and gradient are those of torch's own class; what torch lacks is compared with its formula."""

import inspect

import pytest
import torch
from torch import nn

from nnspec.codegen.load import evaluate
from nnspec.objectives import LOSSES
from nnspec.pycode import name
from nnspec.shapes import ShapeError, Tensor, bind, parse_example

EXAMPLES = [(loss, shapes) for loss in LOSSES for shapes in LOSSES[loss].examples]
LENGTHS = {"n": 6, "t": 5, "h": 3, "w": 4}
SIGNED = {"SoftMarginLoss", "HingeEmbeddingLoss"}
OURS = {"FocalLoss", "DiceLoss", "PerceptronLoss", "Minimize"}
REDUCED = {"reduce", "size_average", "reduction"}


def _sized(text):
    ((x,), _) = parse_example(f"{text} -> {text}")
    return x, tuple(bind(size, LENGTHS) if not isinstance(size, int) else size for size in (LENGTHS["n"], *x.shape[1:]))


def _output(loss, shape, axis=1):
    scores = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    if loss in ("NLLLoss", "KLDivLoss"):
        scores = scores.log_softmax(axis)
    if loss in ("BCELoss", "PerceptronLoss"):
        scores = scores.sigmoid()
    if loss in ("HingeEmbeddingLoss", "PoissonNLLLoss"):
        scores = scores.abs()
    return scores.requires_grad_()


def _target(loss, described, shape):
    generator = torch.Generator().manual_seed(1)
    if described.reads == "classes":
        axis = described.class_axis % len(shape)
        return torch.randint(0, shape[axis], (*shape[:axis], *shape[axis + 1 :]), generator=generator)
    if described.reads == "binary":
        return torch.randint(0, 2, shape, generator=generator).float()
    values = torch.randn(shape, generator=generator)
    if loss == "KLDivLoss":
        return values.log_softmax(1) if described.log_target else values.softmax(1)
    return values.abs().mul(3).round() if loss == "PoissonNLLLoss" else values


def _ours(described, output, target):
    value = evaluate(described.code(name("output"), name("target")), {"output": output, "target": target})
    return value, *torch.autograd.grad(value, output)


def _assert_equal(ours, theirs):
    for mine, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, wanted)


@pytest.mark.parametrize(("loss", "shapes"), [example for example in EXAMPLES if example[0] not in OURS])
def test_value_and_gradient_are_torchs(loss, shapes):
    arguments = LOSSES[loss].examples[shapes]
    described = LOSSES[loss](**arguments)
    _, shape = _sized(shapes)
    output, target = _output(loss, shape, described.class_axis), _target(loss, described, shape)
    arguments = {key: value for key, value in arguments.items() if key != "dim"}  # which torch's have not
    weights = {key: torch.tensor(value) for key, value in arguments.items() if key in ("weight", "pos_weight")}
    reduction = {"reduction": "batchmean"} if loss == "KLDivLoss" else {}
    made = getattr(nn, loss)(**{**arguments, **weights, **reduction})
    given = output if described.class_axis == 1 else output.movedim(described.class_axis, 1)
    value = made(given, target * 2 - 1 if loss in SIGNED else target)
    _assert_equal(_ours(described, output, target), (value, *torch.autograd.grad(value, output)))


@pytest.mark.parametrize(("loss", "shapes"), EXAMPLES)
def test_the_loss_is_the_mean_of_each_places(loss, shapes):
    described = LOSSES[loss](**LOSSES[loss].examples[shapes])
    _, shape = _sized(shapes)
    output, target = _output(loss, shape, described.class_axis), _target(loss, described, shape)
    each = evaluate(described.each(name("output"), name("target")), {"output": output, "target": target})
    weights = torch.tensor(described.class_weights)[target] if described.class_weights else torch.ones(each.shape)
    if described.compares:
        assert each.shape == (target.shape[:1] if described.by_example else target.shape)
    (value, *gradients) = _ours(described, output, target)
    mean = (each * weights / weights.mean()).mean()
    _assert_equal((mean, *torch.autograd.grad(mean, output)), (value, *gradients))


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss not in OURS])
def test_arguments_and_defaults_are_torchs(loss):
    torchs = inspect.signature(getattr(nn, loss)).parameters
    for field, info in LOSSES[loss].model_fields.items():
        if field in ("dim", "ignore_index") and LOSSES[loss].reads == "classes":
            continue  # torch has the classes on axis 1, and leaves labels of -100 out without being asked to
        assert info.default == torchs[field].default, field
    left = torchs.keys() - LOSSES[loss].model_fields.keys() - REDUCED
    # A weight for each number of a batch is no weight of a spec's; rows without a class are left out of the data.
    assert left <= {"weight", "ignore_index"}


@pytest.mark.parametrize(("loss", "shapes"), EXAMPLES)
def test_the_target_fits_the_output(loss, shapes):
    described = LOSSES[loss](**LOSSES[loss].examples[shapes])
    x, _ = _sized(shapes)
    axis = described.class_axis % x.rank
    without = Tensor((*x.shape[:axis], *x.shape[axis + 1 :]), "int64")
    wanted = without if described.reads == "classes" else x
    assert described.target(x) == (wanted if described.compares else Tensor((x.shape[0],)))
    assert described.takes
    described.chance(x)


def test_every_loss_of_torch_is_here_or_has_a_reason():
    every = {loss for loss in dir(nn) if loss.endswith("Loss")}
    assert every == (LOSSES.keys() | LOSSES.absent.keys()) - OURS - {"ContrastiveLoss", "InfoNCE", "GaussianKL"}


@pytest.mark.parametrize("shapes", LOSSES["FocalLoss"].examples)
def test_focal_loss_is_its_formula(shapes):
    described = LOSSES["FocalLoss"](**LOSSES["FocalLoss"].examples[shapes])
    _, shape = _sized(shapes)
    output, target = _output("FocalLoss", shape), _target("FocalLoss", described, shape)
    axis = described.class_axis
    likely = output.softmax(axis).gather(axis, target.unsqueeze(axis)).squeeze(axis)
    weights = torch.tensor(described.weight or [1.0] * shape[axis])[target]
    value = (weights * (1 - likely) ** described.gamma * -likely.log()).sum() / weights.sum()
    _assert_equal(_ours(described, output, target), (value, *torch.autograd.grad(value, output)))


@pytest.mark.parametrize("shapes", LOSSES["DiceLoss"].examples)
def test_dice_loss_is_its_formula(shapes):
    described = LOSSES["DiceLoss"](**LOSSES["DiceLoss"].examples[shapes])
    _, shape = _sized(shapes)
    output, target = _output("DiceLoss", shape), _target("DiceLoss", described, shape)
    parts = []
    for p, y in zip(output.sigmoid(), target, strict=True):
        parts.append(1 - (2 * (p * y).sum() + described.smooth) / ((p**2).sum() + (y**2).sum() + described.smooth))
    value = sum(parts) / len(parts)
    _assert_equal(_ours(described, output, target), (value, *torch.autograd.grad(value, output)))


@pytest.mark.parametrize(
    ("loss", "arguments", "shapes", "reason"),
    [
        ("CrossEntropyLoss", dict(weight=[1.0, 2.0]), "n 3", "weight has 2 numbers, and there are 3 classes"),
        ("BCEWithLogitsLoss", dict(pos_weight=[1.0, 2.0]), "n 3", "pos_weight has 2 numbers, and the last axis 3"),
        ("MultiLabelSoftMarginLoss", dict(weight=[1.0, 2.0]), "n 3", "weight has 2 numbers, and there are 3 labels"),
    ],
)
def test_weights_that_are_too_few_are_refused(loss, arguments, shapes, reason):
    with pytest.raises(ShapeError, match=reason):
        LOSSES[loss](**arguments).target(_sized(shapes)[0])


def test_classes_on_a_length_say_where_they_may_stand():
    with pytest.raises(ShapeError) as caught:
        LOSSES["CrossEntropyLoss"]().target(_sized("n t 5")[0])
    assert caught.value.message == "needs classes on axis 1, and that is a length: (t, 5)"
    assert caught.value.help == "`dim: -1` says that they stand on the last axis"
