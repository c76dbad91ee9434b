"""Whether a network is its original: with the original's weights, the same answers and the same gradients.

In double precision, with weights that are all far from zero: fresh ones leave many networks answering nearly nothing.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph.network import Network

TOLERANCE = 1e-9
Call = Sequence[Tensor]
Named = list[tuple[str, nn.Parameter]]
Pair = tuple[nn.Parameter, nn.Parameter, bool]  # ours, the original's, and whether that stands transposed


def assert_agreement(
    network: Network,
    reference: nn.Module,
    calls: Sequence[Call],
    *,
    answer: Callable[..., Tensor] | None = None,
    arrange: Callable[[Named], Named] = lambda named: named,
    turned: Callable[[str], bool] = lambda name: False,
    tolerance: float = TOLERANCE,
    scale: float = 1.0,
) -> None:
    """Compare a network whose dropout is 0 with its original on several inputs.

    Parameters are those of one another in the order of both; `arrange` brings the original's into ours, and `turned`
    tells which of them stand transposed there. `answer` calls the original, where it takes more than the inputs.
    `scale` makes all weights smaller, where they would saturate.
    """
    torch.manual_seed(0)
    module, reference = load(write(network.graph), "net.py", {}).double(), reference.double()
    pairs = _pairs(module, arrange(list(reference.named_parameters())), turned)
    with torch.no_grad():
        for ours, theirs, is_turned in pairs:
            theirs.copy_((torch.randn_like(theirs) * 0.4 + 0.2) * scale)
            ours.copy_(theirs.T if is_turned else theirs)
    for mode in (False, True):
        for call in calls:
            module.train(mode)
            reference.train(mode)
            _assert_step(module, answer or reference, call, pairs, tolerance)


def _pairs(module: nn.Module, theirs: Named, turned: Callable[[str], bool]) -> list[Pair]:
    ours = list(module.parameters())
    pairs = [(mine, other, turned(name)) for mine, (name, other) in zip(ours, theirs, strict=True)]
    assert [mine.shape for mine, _, _ in pairs] == [(there.T if turn else there).shape for _, there, turn in pairs]
    return pairs


def _assert_step(
    module: nn.Module, answer: Callable[..., Tensor], call: Call, pairs: Sequence[Pair], tolerance: float
) -> None:
    found, wanted = module(*call), answer(*call)
    assert found.shape == wanted.shape
    assert wanted.std() > 1e-4, "an answer that says nothing proves nothing"
    _assert_close(found, wanted, tolerance)
    weights = torch.randn_like(wanted)
    for result in (found, wanted):
        (result * weights).sum().backward()
    moved = 0
    for ours, theirs, is_turned in pairs:
        if theirs.grad is not None:
            assert ours.grad is not None
            _assert_close(ours.grad, theirs.grad.T if is_turned else theirs.grad, tolerance)
            moved += bool(theirs.grad.abs().max() > 0)
        ours.grad = theirs.grad = None
    assert moved >= 0.9 * len(pairs)


def _assert_close(found: Tensor, wanted: Tensor, tolerance: float) -> None:
    scale = wanted.abs().max().clamp(min=1e-3)
    assert ((found - wanted).abs().max() / scale).item() < tolerance
