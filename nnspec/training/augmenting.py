"""A batch as the network is to learn from it: its examples changed at random, as the spec's `augment` says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from nnspec.augment import Augmentation
from nnspec.augment.augmentation import Mixing
from nnspec.diagnostics import Note, SpecError
from nnspec.graph import Graph
from nnspec.spec.spec import Input, Spec
from nnspec.training.batches import Batch
from nnspec.training.objective import learnt


@dataclass(frozen=True, slots=True)
class Augmenter:
    """What changes a batch: the augmentations of each input, in the network's order."""

    inputs: tuple[tuple[Augmentation, ...], ...]

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Batch:
        """The batch, changed."""
        for place, augmentations in enumerate(self.inputs):
            for augmentation in augmentations:
                batch = _changed(batch, place, augmentation)
        return batch


def make_augmenter(spec: Spec) -> Augmenter | None:
    """The spec's augmenter; None where nothing is to be changed."""
    chains = tuple(given.augmentations for given in spec.inputs.values())
    return Augmenter(chains) if any(chains) else None


def mixes(spec: Spec) -> bool:
    """Whether examples are mixed, so that a step learns two targets at once."""
    return any(isinstance(one, Mixing) for given in spec.inputs.values() for one in given.augmentations)


def check_augmentations(spec: Spec, graph: Graph) -> None:
    """Refuse what would change an example and leave its target behind."""
    for given in spec.inputs.values():
        for index, augmentation in enumerate(given.augmentations):
            if augmentation.moves:
                _refuse_places(spec, graph, given, index)
        mixing = [index for index, one in enumerate(given.augmentations) if isinstance(one, Mixing)]
        if mixing and len(spec.inputs) > 1:
            others = " and ".join(name for name in spec.inputs if name != given.name)
            message = f"{_name(given, mixing[0])} mixes the examples of {given.name}, and {others} would stay apart"
            raise _refused(spec, given, mixing[0], message, "mix a network of one input only")
        if len(mixing) > 1:
            message = f"{_name(given, mixing[1])} would mix examples that {_name(given, mixing[0])} mixed already"
            raise _refused(spec, given, mixing[1], message, "keep one of them")


def _changed(batch: Batch, place: int, augmentation: Augmentation) -> Batch:
    x = batch.inputs[place]
    if not isinstance(augmentation, Mixing):
        return replace(batch, inputs=_with(batch.inputs, place, augmentation.apply(torch, x)))
    order = torch.randperm(batch.rows, device=x.device)
    mixed, share = augmentation.mix(torch, x, x[order])
    targets = tuple(target[order] for target in batch.targets)
    return replace(batch, inputs=_with(batch.inputs, place, mixed), mixed=(targets, share))


def _with(tensors: Sequence[torch.Tensor], place: int, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return (*tensors[:place], x, *tensors[place + 1 :])


def _refuse_places(spec: Spec, graph: Graph, given: Input, index: int) -> None:
    """Refuse to move an image whose target says something of each of its places."""
    for output in learnt(spec):
        assert output.loss
        target = output.loss.target(graph.output_tensors[output.name])
        if output.loss.compares and target.rank > 2:
            what = _name(given, index)
            message = f"{what} moves what {given.name} shows, and the target of {output.name} would stay where it is"
            raise _refused(spec, given, index, message, "change what stays in its place: ColorJitter, GaussianNoise")


def _name(given: Input, index: int) -> str:
    return type(given.augmentations[index]).__name__


def _refused(spec: Spec, given: Input, index: int, message: str, help: str) -> SpecError:
    span = spec.root.span_of(["inputs", given.name, "augment", index])
    return SpecError.of("not-trainable", message, span, notes=[Note("input", str(given.tensor), given.span)], help=help)
