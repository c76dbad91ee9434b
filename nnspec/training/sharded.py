"""Tensors of which each process holds a part (DTensor), and the same ones whole."""

from typing import Any

from torch import Tensor


def whole(value: Any) -> Any:
    """A value with the tensors in it whole, in main memory where they were parted. All processes have to call this."""
    if isinstance(value, Tensor):
        return value.full_tensor().cpu() if is_parted(value) else value  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(whole, value))
    return value


def parted_like(like: Any, value: Any) -> Any:
    """A whole tensor, parted as another of its shape is; anything else as it stands."""
    if not is_parted(like) or is_parted(value) or getattr(value, "shape", None) != like.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)


def is_parted(value: Any) -> bool:
    """Whether each process holds a part of it."""
    return hasattr(value, "full_tensor")
