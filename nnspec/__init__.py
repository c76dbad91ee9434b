"""nnspec: neural networks from a declarative spec.

A spec flows through stages, and the folders of this package are the stages:

    source, spec    text -> a checked document, every value with its place
    graph           document -> layers with every shape inferred
    codegen         graph -> readable PyTorch source, and the module from that very text
    data, training  rows -> a run folder with weights, preparation and metrics
    exporting       run -> an ONNX file that takes raw inputs, proven against PyTorch
    runtime         ONNX file -> answers, through onnxruntime alone
    evaluating      run or ONNX file, and rows -> losses, metrics, classes, slices

Six verbs walk them:

    network = nnspec.load("specs/digits.yaml")
    print(nnspec.compile(network))
    run = nnspec.train(network)
    nnspec.export(run)
    print(nnspec.evaluate(run).outputs["digit"].metrics)
    nnspec.predict(run.path / "model.onnx", "rows.csv")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnspec.diagnostics import SpecError as SpecError
    from nnspec.verbs import compile as compile
    from nnspec.verbs import evaluate as evaluate
    from nnspec.verbs import export as export
    from nnspec.verbs import load as load
    from nnspec.verbs import predict as predict
    from nnspec.verbs import train as train

__version__ = "0.1.0"
__all__ = ["SpecError", "__version__", "compile", "evaluate", "export", "load", "predict", "train"]

# Loaded on first use: `import nnspec` costs nothing.
_HOMES = {
    "SpecError": "diagnostics",
    "compile": "verbs",
    "evaluate": "verbs",
    "export": "verbs",
    "load": "verbs",
    "predict": "verbs",
    "train": "verbs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nnspec' has no attribute '{name}'")
    return getattr(import_module(f"nnspec.{_HOMES[name]}"), name)
