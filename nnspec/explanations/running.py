"""Codes of data, training, export and the exported file. Their examples are commands and rows of data."""

from nnspec.explanations.explanation import Explanation


def _shown(text: str, wrong: str, right: str) -> Explanation:
    return Explanation(text, wrong, right, spec=False)


RUNNING = {
    "data-file": _shown(
        "The file is not what its name says: a CSV without a heading, rows of different lengths, an NPZ that is\n"
        "broken or holds Python objects, a name that scikit-learn does not ship.",
        "data: sklearn:digit",
        "data: sklearn:digits",
    ),
    "weights-file": _shown(
        "The weights to start from are not there, are no whole safetensors file, or are another network's. A .pt or\n"
        ".bin file is a pickle, which can run code when it is read: `weights_only` and safetensors cannot. Names are\n"
        "brought together by `map`, and `strict: false` takes what fits.",
        "weights: backbone.pt",
        'weights: {load: backbone.safetensors, map: {"module.": "backbone."}}',
    ),
    "data-value": _shown(
        "A value in the data cannot be used: text where a number belongs, an empty cell, a number too large for\n"
        "float32, a class that is not in `classes`.",
        "age,weight\n42,seventy",
        "age,weight\n42,70",
    ),
    "unknown-column": _shown(
        "An input or an output reads the column of its own name, unless `column:` names another; the data have none\n"
        "of that name.",
        "inputs: {flower: {column: dta, shape: [4]}}",
        "inputs: {flower: {column: data, shape: [4]}}",
    ),
    "data-shape": _shown(
        "What a column holds has another shape than the spec says, or the inputs differ in the number of rows. Shapes\n"
        "leave the batch out.",
        "inputs: {image: {column: image, shape: [1, 28, 28]}}, on images of 8×8",
        "inputs: {image: {column: image, shape: [1, 8, 8]}}",
    ),
    "split": _shown(
        "The rows cannot be divided as asked: a part would be empty, or a class has too few rows to stand in each.",
        "data: {source: ten_rows.csv, split: {validation: 0.01, test: 0.01}}",
        "data: {source: ten_rows.csv, split: {validation: 0.2, test: 0.2}}",
    ),
    "device": _shown(
        "The device or onnxruntime's provider for it is not there. `auto` takes a GPU where there is one.",
        "nnspec train net.yaml --device cuda    # on a machine without a GPU",
        "nnspec train net.yaml --device auto",
    ),
    "not-finite": _shown(
        "The loss or a weight became infinite or NaN, so training stopped. A smaller learning rate, clip_grad_norm,\n"
        "or prepared inputs (Standardize, Scale) help most.",
        "optimizer: {SGD: {lr: 100}}",
        "optimizer: {SGD: {lr: 0.01}}, train: {clip_grad_norm: 1}",
    ),
    "run-folder": _shown(
        "The folder is not a run, lacks a file, or holds one that was changed. `nnspec train` writes runs.",
        "nnspec export runs/digits",
        "nnspec export runs/digits/20261123-211807-b6e82909",
    ),
    "resume": _shown(
        "`nnspec train --resume RUN` goes on as if the training had never ended: on the same data, with the same spec\n"
        "and seed. It may be longer: `--epochs 60`, unless its schedule spans the whole training. For\n"
        "anything else begin a new training, from the weights of this one if you like.",
        "nnspec train --resume runs/digits/20261123-211807-b6e82909 --set train.batch_size=32",
        "nnspec train specs/digits.yaml --set train.batch_size=32",
    ),
    "model-file": _shown(
        "The file is no ONNX model, is broken, or wants something that onnxruntime does not have or nnspec does not\n"
        "let a foreign file do.",
        "nnspec predict weights.safetensors rows.csv",
        "nnspec predict model.onnx rows.csv",
    ),
    "no-onnx": _shown(
        "ONNX, or the opset asked for, cannot express the layer; the message says why. Training is not affected.",
        "- BatchNorm2d: {track_running_stats: false}",
        "- BatchNorm2d",
    ),
    "proof": _shown(
        "onnxruntime and PyTorch answer differently by more than the tolerance, so no file is delivered. Look at the\n"
        "table: a difference just above the bound is rounding, and export.verify widens the bound.",
        "export: {verify: {atol: 1e-12, rtol: 1e-12}}",
        "export: {verify: {atol: 1e-5, rtol: 1e-4}}",
    ),
    "missing-extra": _shown(
        "A package that only this command needs is not installed.",
        "pip install nnspec && nnspec show net.yaml --svg net.svg",
        "pip install 'nnspec[draw]' && nnspec show net.yaml --svg net.svg",
    ),
    "not-trainable": _shown(
        "Training needs `data`, an `optimizer`, and a `loss` for some output; a bare architecture has none.",
        "nnspec: 1\ninputs: {x: [4]}\nlayers: [Linear: 3]",
        "nnspec: 1\ndata: sklearn:iris\ninputs: {x: {column: data, shape: [4]}}\nlayers: [Linear: 3]\n"
        "outputs: {species: {column: target, loss: CrossEntropyLoss}}\noptimizer: Adam",
    ),
}
