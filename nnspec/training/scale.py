"""Several processes that train one network, on lightning-fabric. Nothing else here knows of it.

Each takes its share of every batch; gradients are averaged, so all weights stay the same (DDP), or each process keeps a
part of them and of the optimizer's state, block by block (FSDP2, `torch.distributed.fsdp.fully_shard`).
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.model_parallel import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard

from nnspec.diagnostics import SpecError
from nnspec.ranks import Place
from nnspec.training.batches import Batch
from nnspec.training.learner import random_state, set_random_state
from nnspec.training.ranked import own_rows

# What a process meets whose partner has gone.
GONE = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "remote process exited", "gloo", "NCCL")


class Team:
    """This process and those that it trains with."""

    def __init__(self, place: Place, strategy: str, device: torch.device, *, find_unused: bool) -> None:
        self.place, self.strategy = place, strategy
        _quiet()
        made: Any = DDPStrategy(find_unused_parameters=find_unused)
        if strategy == "fsdp":
            made = ModelParallelStrategy(_shard, data_parallel_size=place.size, tensor_parallel_size=1)
        environment = SLURMEnvironment(auto_requeue=False) if place.by == "srun" else TorchElasticEnvironment()
        self.fabric = Fabric(
            accelerator=device.type, devices=place.here, num_nodes=place.nodes, strategy=made, plugins=[environment]
        )
        self.fabric.launch()

    @property
    def device(self) -> torch.device:
        return self.fabric.device

    def arrange(self, net: nn.Module) -> nn.Module:
        """Put a network onto this process's device; what is given is to be called in training.

        On GPUs each BatchNorm takes mean and variance of all shares; on a CPU PyTorch has no such thing.
        """
        if self.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(net)  # type: ignore[no-untyped-call]
        wrapped: nn.Module = self.fabric.setup_module(net)
        return wrapped

    def level(self, net: nn.Module) -> None:
        """Give a network the same buffers in each process: their means, where each normalized over its share."""
        for x in net.buffers():
            x.copy_(self.sum(x.double()) / self.place.size)

    def own(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """This process's share of each batch; `rows` is 0 where it has none, and an example stands in for it."""
        return (own_rows(batch, self.place.rank, self.place.size) for batch in batches)

    def sum(self, x: Tensor) -> Tensor:
        """The sum over all processes; it is the same, bit for bit, on each."""
        total = self.fabric.all_reduce(x, reduce_op="sum")
        assert isinstance(total, Tensor)
        return total

    def agree(self, value: Any) -> Any:
        """What the first process says."""
        return self.fabric.broadcast(value)

    def answers(self, own: Sequence[Tensor]) -> list[Tensor]:
        """The answers of all to batches that were shared, in the order of their examples."""
        every = self.gather([x.cpu() for x in own])
        return [x for batch in zip(*every, strict=True) for x in batch]

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, in their order."""
        values: list[Any] = [None] * self.place.size
        torch.distributed.all_gather_object(values, value)
        return values

    def random_states(self) -> list[list[Tensor]]:
        """The states of torch's random numbers in each process."""
        return self.gather(random_state())

    def go_back(self, states: Sequence[list[Tensor]]) -> None:
        """Put this process's state back, where there is one."""
        if self.place.rank < len(states):
            set_random_state(states[self.place.rank])

    def end(self) -> None:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


@contextmanager
def joined(place: Place, strategy: str, device: torch.device, *, find_unused: bool) -> Iterator[Team]:
    """The team of this process, while it lasts; SpecError where another process of it goes."""
    team = Team(place, strategy, device, find_unused=find_unused)
    try:
        yield team
    except RuntimeError as error:
        if not any(text in str(error) for text in GONE):
            raise
        raise SpecError.of(
            "device", f"another of the {place.size} processes that train together has ended", help="it says why"
        ) from None
    finally:
        team.end()


def _shard(net: nn.Module, mesh: Any) -> nn.Module:
    """Part a network among processes: its blocks, inner ones first, then the rest."""
    blocks = [module for module in net.modules() if type(module).__module__ == type(net).__module__]
    for block in reversed(blocks if _stand_once(net) else blocks[:1]):
        if any(True for _ in block.parameters()):
            fully_shard(block, mesh=mesh["data_parallel"])
    return net


def _stand_once(net: nn.Module) -> bool:
    """Whether no parameter has two names: what blocks share can't be parted with one of them."""
    names = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    return len(names) == sum(1 for _ in net.named_parameters())


def _quiet() -> None:
    """No greeting lines, and no advice on what is none of a user's."""
    import logging

    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning_fabric\..*")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
