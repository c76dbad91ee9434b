"""The public verbs: each takes what the one before gives, or the file it left."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnspec.graph.network import Network, load_network

if TYPE_CHECKING:
    from nnspec.evaluating import Evaluation
    from nnspec.exporting import Proof
    from nnspec.runs import Run
    from nnspec.runtime import Predictions
    from nnspec.training import Progress

Spec = Network | Path | str


def load(
    spec: Path | str,
    overrides: Iterable[str] = (),
    *,
    allow_path: Iterable[Path | str] = (),
    max_layers: int | None = None,
) -> Network:
    """Read and check a spec file.

    Args:
        spec: a YAML or JSON file.
        overrides: `key=value` texts, as `--set` takes them: `["train.epochs=5"]`.
        allow_path: folders that the spec may read from, beside its own and those below it.
        max_layers: most layers of the network, with each block and repeat written out; 100,000 unless given.

    Returns:
        The network: `.spec` (what the file says), `.graph` (layers with every shape), `.warnings`.

    Raises:
        SpecError: every mistake in the file, each with its place and the way out.
    """
    return load_network(spec, overrides, allow_path=allow_path, max_layers=max_layers)


def compile(spec: Spec, *, allow_path: Iterable[Path | str] = (), max_layers: int | None = None) -> str:
    """The network as standalone PyTorch source: one `nn.Module`, shapes in comments. Imports no torch itself.

    Args:
        spec: a spec file, or what `load` gave.
        allow_path: as in `load`, for a spec file.
        max_layers: as in `load`, for a spec file.
    """
    from nnspec.codegen.write import write

    network = _network(spec, allow_path, max_layers)
    return write(network.graph, description=network.spec.description, origin=network.spec.root.span.text.name).text


def train(
    spec: Spec,
    *,
    run: Path | str | None = None,
    seed: int | None = None,
    device: str | None = None,
    memory: str | None = None,
    progress: "Progress | None" = None,
    allow_path: Iterable[Path | str] = (),
    max_layers: int | None = None,
) -> "Run":
    """Train a network on its data, keep its best weights, and evaluate it on the test part.

    Args:
        spec: a spec file, or what `load` gave.
        run: the run folder; `runs/NAME/TIME-HASH` unless given.
        seed: seed of the weights and of the order of examples; the spec's unless given.
        device: `cpu`, `cuda`, `cuda:1`, `mps` or `auto`; the spec's unless given.
        memory: what it may take (`4GB`); half of the machine's unless given. Data that need more are streamed.
        progress: told of each epoch; silent unless given.
        allow_path: as in `load`, for a spec file.
        max_layers: as in `load`, for a spec file.

    Returns:
        The run, whose files are all that later stages need.
    """
    from nnspec.training import train_spec

    network = _network(spec, allow_path, max_layers)
    done, _ = train_spec(
        network.spec,
        network.graph,
        network.folder,
        allowed=network.allowed,
        run_dir=run,
        seed=seed,
        device=device,
        memory=memory,
        progress=progress,
    )
    return done


def export(
    run: "Run | Path | str",
    output: Path | str | None = None,
    *,
    opset: int | None = None,
    prepare: bool | None = None,
) -> "Proof":
    """Write a run's ONNX file, which takes raw inputs and gives answers, and prove it against the trained module.

    Args:
        run: a run folder.
        output: the file; `model.onnx` in the run unless given.
        opset: version of ONNX's operators, 18 to 28; the spec's unless given.
        prepare: False for the bare network: prepared arrays in, its own numbers out; as the spec says unless given.

    Returns:
        The proof: differences and metrics of PyTorch and onnxruntime. The file stands only if it holds.

    Raises:
        SpecError: ONNX cannot express a layer, or the file does not equal the module.
    """
    from nnspec.exporting import export_run
    from nnspec.runs import Run, open_run

    opened = run if isinstance(run, Run) else open_run(Path(run))
    _, proof = export_run(opened, Path(output) if output else None, opset, prepare=prepare)
    return proof


def evaluate(
    model: "Run | Path | str", data: str | None = None, *, by: str | None = None, device: str = "cpu"
) -> "Evaluation":
    """How well a run (in PyTorch) or an ONNX file (in onnxruntime) does on rows.

    Args:
        model: a run folder, or an ONNX file that nnspec exported.
        data: a file with the raw columns and the targets, or `sklearn:NAME`; a run's kept test rows unless given.
        by: a column; the rows of each of its values are measured alone too.
        device: of onnxruntime: `cpu` or `cuda`.

    Returns:
        Each output's loss, metrics with intervals, precision and recall by class, confusion; and the slices.
    """
    from nnspec.evaluating import evaluate as measure
    from nnspec.runs import Run

    return measure(model.path if isinstance(model, Run) else model, data, by=by, device=device)


def predict(model: Path | str, data: Path | str | Mapping[str, Any], *, device: str = "cpu") -> "Predictions":
    """Answers of an ONNX file for rows of raw data, through onnxruntime alone.

    Args:
        model: an ONNX file.
        data: a CSV, TSV, JSON lines, NPZ, Parquet or Feather file with the raw columns, or arrays by input name
            (rows first).
        device: `cpu` or `cuda`; a GPU that is not there is an error.
    """
    from nnspec.runtime import predict as run_model

    return run_model(model, data, device=device)


def _network(spec: Spec, allow_path: Iterable[Path | str], max_layers: int | None) -> Network:
    return spec if isinstance(spec, Network) else load_network(spec, allow_path=allow_path, max_layers=max_layers)
