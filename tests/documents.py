"""Valid documents: every spec that stands here, and one for each example of a layer."""

from pathlib import Path
from textwrap import indent

from nnspec.layers import find, known
from nnspec.layers.describe import examples, flow
from nnspec.shapes import parse_example

TESTS = Path(__file__).parent
FOLDERS = [TESTS.parent / "specs", TESTS.parent / "examples/iris", *(TESTS / name for name in ("networks", "golden"))]

# Every construct of the language at least once.
STRUCTURES = """
nnspec: 1
name: structures
params: {width: 6, act: Tanh, deep: true, scale: $(2 * width)}
inputs: {x: [8], y: {shape: [8], column: other}, rows: [T, 8]}
imports:
  head: {nnspec: 1, params: {n: 2}, inputs: {x: [6]}, layers: [{Linear: 4}, {Linear: $n, name: last}]}
blocks:
  dense: {params: {n: $in_features, rate: 0.1}, layers: [{Linear: $n}, $act, {Dropout: $rate}]}
  pair:
    inputs: [a, b]
    outputs: [sum, difference]
    layers:
      - {Add: null, from: [a, b], name: sum}
      - {Sub: null, from: [a, b], name: difference}
layers:
  - {Linear: $width, from: x, name: first, init: {weight: {kaiming_normal_: {mode: fan_out}}, bias: zeros_}}
  - {dense: {rate: 0}, repeat: 2, name: stage}
  - {Residual: {body: [{Linear: $scale}, {Linear: $width}], shortcut: [{Linear: 6}], skip: $deep}}
  - {Branches: {paths: [[{Linear: 3}], [], [$act, {dense: 3}]], merge: {Concat: {dim: 1}}}}
  - {Branches: {paths: {repeat: 3, layers: [{Linear: $(4 + index)}, {Linear: 6}]}, merge: Add}, name: experts}
  - {dense: 12, when: $(in_features != width), name: sometimes}
  - {dense: 6, when: $(in_features == 1000), name: never}
  - {Linear: 8, from: x, name: encoder}
  - {share: encoder, from: y, name: again}
  - {pair: null, from: [encoder, again], name: both}
  - {Linear: 6, from: x, tie: {weight: first.weight}, freeze: true, name: tied}
  - {head: 3, from: experts, name: answer}
  - {LSTM: 5, from: rows, name: lstm}
  - {Unsqueeze: 1, from: both.difference}
  - Flatten
  - {Linear: 2, name: other}
outputs:
  main: {from: answer, loss: CrossEntropyLoss, metrics: [Accuracy], classes: [a, b, $$c]}
  side: {from: other, loss: MSELoss, prepare: [Standardize], weight: 0.5, export: false}
  last: {from: lstm.h_n}
  tied: {from: tied}
init: [{match: "encoder.*", zeros_: null}, {match: "*.weight", xavier_uniform_: {gain: 2}}]
optimizer: {AdamW: {lr: 1e-3}}
scheduler: {StepLR: {step_size: 3}}
train: {epochs: 3, batch_size: full, clip_grad_norm: 1}
budget: {params: 500k}
"""


def documents() -> list[str]:
    """Every document."""
    return [*networks(), *(text for kind in sorted(known()) for text in layer_specs(kind))]


def networks() -> list[str]:
    """Every spec that stands here, as text."""
    return [STRUCTURES, *(path.read_text("utf-8") for folder in FOLDERS for path in sorted(folder.glob("*.yaml")))]


def layer_specs(kind: str) -> list[str]:
    """A spec for each example of a layer type that an input of a spec can feed."""
    layer, texts = find(kind), []
    assert layer
    for shapes, (_, entry) in zip(layer.examples, examples(kind, layer), strict=True):
        takes, _ = parse_example(shapes)
        if not all(x.shape[1:] and x.dtype in ("float32", "int64") for x in takes):
            continue
        sizes = [[size if isinstance(size, int) else str(size) for size in x.shape[1:]] for x in takes]
        inputs = {
            name: {"shape": shape, "dtype": x.dtype} for name, shape, x in zip("abcdefgh", sizes, takes, strict=False)
        }
        texts.append(f"nnspec: 1\ninputs: {flow(inputs)}\nlayers:\n{indent(entry, '  ')}")
    return texts
