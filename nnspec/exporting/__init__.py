"""From a run to an ONNX file that takes raw inputs and gives answers, proven against the trained module."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnspec.exporting.beside import size_of as size_of
    from nnspec.exporting.export import export_run as export_run
    from nnspec.exporting.export import verify_model as verify_model
    from nnspec.exporting.proof import Proof as Proof
    from nnspec.exporting.proof import render as render

__all__ = ["Proof", "export_run", "render", "size_of", "verify_model"]

# Loaded on first use: the builder and the lowering need no torch.
_HOMES = {"Proof": "proof", "export_run": "export", "render": "proof", "size_of": "beside", "verify_model": "export"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nnspec.exporting' has no attribute '{name}'")
    return getattr(import_module(f"nnspec.exporting.{_HOMES[name]}"), name)
