"""A compiled step whose kernels a GPU goes through by itself (CUDA graphs)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from nnspec.training.batches import Batch
from nnspec.training.compiled.program import UncompilableError
from nnspec.training.compiled.script import Run
from nnspec.training.compiled.step import CompiledStep

WARM = 3  # runs beside the stream that is captured, which take the memory and choose the kernels


class GraphedStep:
    """Programs as CUDA graphs, each for batches of one shape; the optimizer's kernel follows them."""

    def __init__(self, step: CompiledStep) -> None:
        if next(step.plain.net.parameters()).device.type != "cuda":
            raise UncompilableError("CUDA graphs need an NVIDIA GPU")
        step.through = captured
        self.step = step

    def anew(self) -> "GraphedStep":
        """The same for the parameters that are trained from here on."""
        return GraphedStep(self.step.anew())

    def __call__(self, batch: Batch) -> Tensor:
        """One step down the gradient."""
        return self.step(batch)


def captured(run: Run, batch: Sequence[Tensor], held: Sequence[Tensor]) -> Run:
    """The same program as one launch. What it gives stays where it is, and changes with the next call.

    The runs that go before move running means and random numbers: both are put back.
    """
    inputs = [x.clone() for x in batch]
    kept, random = [x.clone() for x in held], torch.cuda.get_rng_state()
    beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(WARM):
            run(*inputs, *held)
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = run(*inputs, *held)
    for x, before in zip(held, kept, strict=True):
        x.copy_(before)
    torch.cuda.set_rng_state(random)

    def launch(*tensors: Tensor) -> tuple[Tensor, ...]:
        for here, x in zip(inputs, tensors[: len(inputs)], strict=True):
            here.copy_(x)
        graph.replay()
        loss, *gradients = results
        return loss.clone(), *gradients  # the losses of several steps are looked at together

    return launch
