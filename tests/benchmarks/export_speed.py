"""Our own lowering against `torch.onnx.export(dynamo=True)`, both warm, one thread; and onnxruntime against torch."""

import logging
import statistics
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import line, paired, seconds

import nnspec
from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.exporting.export import export_run
from nnspec.exporting.lower import lower
from nnspec.graph import Network, parse_network
from nnspec.prepare import Preparation
from nnspec.prepare.fitted import FittedOutput
from nnspec.runs import open_run
from nnspec.runtime.session import open_session

SPECS = Path(__file__).parents[2] / "specs"


class Case:
    """A network, its module and its weights."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.module: Any = load(write(network.graph), "net.py", {}).eval()
        self.weights = {name: value.numpy() for name, value in self.module.state_dict().items()}
        outputs = {name: FittedOutput() for name in network.spec.outputs}
        self.preparation = Preparation(dict.fromkeys(network.spec.inputs, ()), outputs)
        self.inputs = tuple(torch.rand(2, *map(_length, x.shape[1:])) for x in network.graph.inputs.values())

    def lower(self) -> Any:
        return lower(self.network.spec, self.network.graph, self.weights, self.preparation, opset=20)

    def torch_export(self) -> Any:
        batch = torch.export.Dim("batch")
        shapes = tuple({0: batch} for _ in self.inputs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.onnx.export(
                self.module, self.inputs, dynamo=True, dynamic_shapes=shapes, verbose=False, opset_version=20
            )


def _length(dim: Any) -> int:
    return dim if isinstance(dim, int) else 8


def bare(name: str) -> Network:
    """A reference spec without its data: no preparation, no class names."""
    text = (SPECS / f"{name}.yaml").read_text()
    return parse_network(text.replace(", prepare: [{Scale: 16}]", "").replace("    prepare: [Standardize]\n", ""))


def chain(layers: int) -> Network:
    return parse_network("nnspec: 1\ninputs: {x: [8]}\nlayers:\n" + "  - Linear: 8\n  - ReLU\n" * (layers // 2))


def compare_lowering() -> None:
    for name in ("digits", "lstm"):
        case = Case(bare(name))
        ours, theirs, ratio = paired(lambda: seconds(case.lower), lambda: seconds(case.torch_export), rounds=5)  # noqa: B023
        line(f"lower {name} / torch.onnx.export", f"{1000 * ours:.2f} ms", f"{1000 * theirs:.0f} ms", ratio, "<= 0.01")
    long = Case(chain(1000))
    long.lower()
    took = statistics.median(seconds(long.lower) for _ in range(5))
    print(f"{'lower 1,000 layers':<42} {1000 * took:>11.1f} ms{'':>19}wanted <= 500 ms")


def compare_proof(folder: str) -> None:
    network = nnspec.load(SPECS / "digits.yaml", ["train.epochs=1"])
    run = nnspec.train(network, run=Path(folder) / "run")
    opened, case = open_run(run.path), Case(bare("digits"))

    def ours() -> float:
        return seconds(lambda: export_run(opened, Path(folder) / "digits.onnx", None))

    taken, theirs, ratio = paired(ours, lambda: seconds(case.torch_export), rounds=5)
    name = "lower and prove digits / torch.onnx.export"
    line(name, f"{1000 * taken:.0f} ms", f"{1000 * theirs:.0f} ms", ratio, "<= 0.15")


def compare_runtime() -> None:
    for name in ("digits", "lstm"):
        case = Case(bare(name))
        session = open_session(case.lower().SerializeToString(), threads=1)
        rows = [x[:1] for x in case.inputs]
        arrays = {given: x.numpy().astype(np.float32) for given, x in zip(session.inputs, rows, strict=True)}

        def eager(rows: Any = rows, case: Case = case) -> None:
            with torch.inference_mode():
                for _ in range(200):
                    case.module(*rows)

        def ours(session: Any = session, arrays: Any = arrays) -> None:
            for _ in range(200):
                session.run(arrays)

        took, theirs, ratio = paired(lambda: seconds(ours), lambda: seconds(eager), rounds=5)
        name = f"onnxruntime {name} / torch eager, batch 1"
        line(name, f"{5e3 * took:.1f} us", f"{5e3 * theirs:.1f} us", ratio, "< 1")


def main() -> None:
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    compare_lowering()
    compare_runtime()
    with tempfile.TemporaryDirectory() as folder:
        compare_proof(folder)


if __name__ == "__main__":
    main()
