"""Does a module compute what a reference computes? Weights go across; outputs, gradients and statistics are compared.

Tensors are paired in the order of both state dicts, but for those that `moved` names: where the reference's are defined
elsewhere. All are drawn anew first: a fresh ViT answers 0, a fresh EfficientNet 1e-13, and any two such modules agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

TOLERANCE = 1e-9  # of double precision, relative to the largest value


@dataclass(frozen=True)
class Differences:
    """The largest differences, each relative to the largest value of the reference."""

    outputs: float
    trained_outputs: float  # in training mode, where batch statistics count
    gradients: float
    statistics: float  # running means and variances after a step
    stepped_outputs: float  # after one step of gradient descent
    reached: float  # share of the reference's parameters with a gradient: a comparison of nothing proves nothing

    @property
    def largest(self) -> float:
        return max(self.outputs, self.trained_outputs, self.gradients, self.statistics, self.stepped_outputs)


def compare(
    reference: nn.Module, module: nn.Module, inputs: Sequence[Tensor], moved: Mapping[str, str] | None = None
) -> Differences:
    """Every difference of two modules on each of the inputs; the first is what they are trained on for a step."""
    for each in (reference, module):
        each.double()
        _still(each)
    scramble(reference)
    pairs = paired(reference, module, moved or {})
    own, theirs = module.state_dict(), reference.state_dict()
    module.load_state_dict(own | {name: theirs[other].reshape(own[name].shape) for name, other in pairs.items()})
    outputs = max(_outputs(reference.eval(), module.eval(), x.double()) for x in inputs)
    x = inputs[0].double()
    trained = _step(reference.train(), module.train(), x)
    gradients, reached = _gradients(reference, module, pairs)
    statistics = max((_apart(a, b) for a, b in _statistics(reference, module, pairs)), default=0.0)
    for each in (reference, module):
        _descend(each)
    return Differences(outputs, trained, gradients, statistics, _outputs(reference.eval(), module.eval(), x), reached)


def scramble(module: nn.Module, seed: int = 0) -> None:
    """Draw every parameter and running statistic so that nothing is 0, 1 or 1e-6, and answers stay of order one."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            drawn = torch.randn(tensor.shape, generator=random, dtype=torch.float64)
            if name.endswith("running_var"):
                tensor.copy_(0.75 + 0.5 * torch.rand(tensor.shape, generator=random, dtype=torch.float64))
            elif tensor.dim() > 1 and tensor[0].numel() > 1 and tensor.shape[0] > 1:
                tensor.copy_(drawn * (1.5 / tensor[0].numel()) ** 0.5)
            else:
                is_scale = name.endswith(("weight", "layer_scale"))
                tensor.copy_(1 + 0.2 * drawn if is_scale else 0.1 * drawn)


def paired(reference: nn.Module, module: nn.Module, moved: Mapping[str, str]) -> dict[str, str]:
    """The reference's name of each tensor of the module."""
    own, theirs = module.state_dict(), reference.state_dict()
    rest = [name for name in own if name not in moved]
    others = [name for name in theirs if name not in moved.values()]
    found = dict(zip(rest, others, strict=True)) | dict(moved)
    for name, other in found.items():
        sizes = [[size for size in state.shape if size != 1] for state in (own[name], theirs[other])]
        assert sizes[0] == sizes[1], f"{name} {list(own[name].shape)}, {other} {list(theirs[other].shape)}"
    return found


def _still(module: nn.Module) -> None:
    """Nothing at random, also in training."""
    for inner in module.modules():
        if isinstance(inner, nn.Dropout) or type(inner).__name__ == "DropPath":
            inner.p = 0.0


def _apart(a: Tensor, b: Tensor) -> float:
    return float((a - b.reshape(a.shape)).detach().abs().max() / (a.detach().abs().max() + 1e-300))


def _outputs(reference: nn.Module, module: nn.Module, x: Tensor) -> float:
    with torch.no_grad():
        return _apart(reference(x), module(x))


def _step(reference: nn.Module, module: nn.Module, x: Tensor) -> float:
    expected, found = reference(x), module(x)
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for output in (expected, found):
        (output * weights).sum().backward()
    return _apart(expected, found)


def _gradients(reference: nn.Module, module: nn.Module, pairs: Mapping[str, str]) -> tuple[float, float]:
    theirs, own = dict(reference.named_parameters()), dict(module.named_parameters())
    largest = max(float(x.grad.abs().max()) for x in theirs.values() if x.grad is not None)
    apart = 0.0
    for name, parameter in own.items():
        expected = theirs[pairs[name]].grad
        assert expected is not None and parameter.grad is not None, name
        difference = float((expected - parameter.grad.reshape(expected.shape)).abs().max())
        apart = max(apart, difference / max(float(expected.abs().max()), 1e-6 * largest))
    reached = sum(bool(x.grad.abs().max() > 1e-12 * largest) for x in theirs.values())
    return apart, reached / len(theirs)


def _statistics(reference: nn.Module, module: nn.Module, pairs: Mapping[str, str]) -> list[tuple[Tensor, Tensor]]:
    own, theirs = module.state_dict(), reference.state_dict()
    return [(theirs[other], own[name]) for name, other in pairs.items() if "running" in name]


def _descend(module: nn.Module) -> None:
    largest = max(float(x.grad.abs().max()) for x in module.parameters() if x.grad is not None)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.grad is not None:
                parameter -= 1e-2 / largest * parameter.grad
