"""Codes of what a spec says: its document, its names, its shapes."""

from nnspec.explanations.explanation import Explanation

WRITING = {
    "version": Explanation(
        "A spec begins with the version of the language it is written in, so that it means the same in ten years.",
        "nnspec: 2",
        "nnspec: 1",
    ),
    "unknown-key": Explanation(
        "The key does not belong there: it is misspelt, stands one level too high or too low, or is inferred\n"
        "(`in_features` and `in_channels` follow from the input). Nothing is ignored without a word.",
        "layers: [Linear: {in_features: 8, out_features: 2}]",
        "layers: [Linear: {out_features: 2}]",
    ),
    "missing-key": Explanation(
        "An argument without a default has to be given.",
        "inputs: {image: [1, 8, 8]}\nlayers: [Conv2d: {out_channels: 4}]",
        "inputs: {image: [1, 8, 8]}\nlayers: [Conv2d: {out_channels: 4, kernel_size: 3}]",
    ),
    "wrong-type": Explanation(
        "A value of another type than the one expected: text where a number belongs, 5.5 where a whole number\n"
        "belongs. Nothing is converted in silence. In YAML 1.2 `no` and `yes` are text, `false` and `true` are not.",
        'layers: [Linear: "2"]',
        "layers: [Linear: 2]",
    ),
    "wrong-value": Explanation(
        "The type is right and the value is out of its range, or two settings contradict one another.",
        "layers: [Dropout: 1.5, Linear: 2]",
        "layers: [Dropout: 0.5, Linear: 2]",
    ),
    "unknown-layer": Explanation(
        "Layer types have PyTorch's names, capitals included. `nnspec layers` lists them; a package of your own adds\n"
        "others.",
        "layers: [Linear: 8, Relu, Linear: 2]",
        "layers: [Linear: 8, ReLU, Linear: 2]",
    ),
    "unknown-loss": Explanation(
        "Losses have PyTorch's names: the classes of torch.nn that end in Loss.",
        "loss: CrossEntropy",
        "loss: CrossEntropyLoss",
    ),
    "unknown-metric": Explanation(
        "Metrics have torchmetrics' names.",
        "outputs: {y: {loss: CrossEntropyLoss, metrics: [accurracy]}}",
        "outputs: {y: {loss: CrossEntropyLoss, metrics: [Accuracy]}}",
    ),
    "unknown-optimizer": Explanation(
        "Optimizers have the names of torch.optim.",
        "optimizer: {Adaam: {lr: 1e-3}}",
        "optimizer: {Adam: {lr: 1e-3}}",
    ),
    "unknown-scheduler": Explanation(
        "Schedules have the names of torch.optim.lr_scheduler.",
        "optimizer: Adam\nscheduler: Cosine",
        "optimizer: Adam\nscheduler: CosineAnnealingLR",
    ),
    "unknown-initializer": Explanation(
        "Initializers have torch.nn.init's names, the underscore at the end included.",
        "layers: [{Linear: 2, init: {weight: orthogonal}}]",
        "layers: [{Linear: 2, init: {weight: orthogonal_}}]",
    ),
    "unknown-step": Explanation(
        "A step prepares an input or a target, and becomes part of the exported file.",
        "inputs: {x: {shape: [8], prepare: [Standardise]}}",
        "inputs: {x: {shape: [8], prepare: [Standardize]}}",
    ),
    "unknown-augmentation": Explanation(
        "An augmentation changes an input's examples at random while the network learns; what is exported knows none.",
        "inputs: {x: {shape: [3, 8, 8], augment: [RandomFlip]}}",
        "inputs: {x: {shape: [3, 8, 8], augment: [RandomHorizontalFlip]}}",
    ),
    "layer-entry": Explanation(
        "An entry of `layers` is a layer type, or one with its arguments as its value; `name` and `from` stand\n"
        "beside the type. One entry is one layer.",
        "layers: [{type: Linear, out_features: 2}]",
        "layers: [{Linear: {out_features: 2}, name: head}]",
    ),
    "expression": Explanation(
        "A text with $name or $(...) is computed; this one cannot be read, or its value cannot be computed.",
        "$(2 * (3 + 1)",
        "$(2 * (3 + 1))",
        spec=False,
    ),
    "unknown-parameter": Explanation(
        "$name stands for a parameter, and no parameter in reach has this name.",
        "params: {width: 64}, and then - Linear: $widht",
        "params: {width: 64}, and then - Linear: $width",
        spec=False,
    ),
    "bad-name": Explanation(
        "Names become attributes and arguments of the generated Python class: letters, digits and underscores, no\n"
        "word of Python, and no name that nn.Module has for itself.",
        "layers: [{Linear: 2, name: forward}]",
        "layers: [{Linear: 2, name: head}]",
    ),
    "block-cycle": Explanation(
        "A block that uses itself, by way of others too, would never end. `repeat` beside an entry writes it several\n"
        "times in a row.",
        "blocks: {a: [b], b: [Linear: 4, ReLU, a]}\nlayers: [a]",
        "blocks: {a: [{b: null, repeat: 3}], b: [Linear: 4, ReLU]}\nlayers: [a]",
    ),
    "file-cycle": Explanation(
        "A file that imports or extends itself, by way of others too, would never end. The notes show by which way it\n"
        "was reached.",
        "b.yaml with `imports: {a: ./a.yaml}`, and a.yaml with `extends: ./b.yaml`",
        "b.yaml and a.yaml that both import ./shared.yaml",
        spec=False,
    ),
    "path": Explanation(
        "A spec reads files of its own folder and of those below it, whatever `..` and links say, so that one from\n"
        "elsewhere reads nothing of yours. `--allow-path DIR` lets it read from another folder.",
        "nnspec check nets/net.yaml, which has `imports: {resnet: ../resnet.yaml}`",
        "nnspec check nets/net.yaml --allow-path .",
        spec=False,
    ),
    "duplicate-name": Explanation(
        "A name stands for one thing: give one of the two another name, or leave it out.",
        "layers: [{Linear: 8, name: head}, ReLU, {Linear: 2, name: head}]",
        "layers: [{Linear: 8, name: body}, ReLU, {Linear: 2, name: head}]",
    ),
    "unknown-name": Explanation(
        "`from` names a layer or an input above it, or one output of a layer (`lstm.h_n`).",
        "layers: [{Linear: 8, name: a}, {ReLU: null, from: b}]",
        "layers: [{Linear: 8, name: a}, {ReLU: null, from: a}]",
    ),
    "later-name": Explanation(
        "A layer takes only what stands above it, so a network has no cycles and its order is the order of the text.\n"
        "Recurrent layers (RNN, LSTM, GRU) remember by themselves.",
        "layers: [{ReLU: null, from: a}, {Linear: 2, name: a, from: x}]",
        "layers: [{Linear: 2, name: a, from: x}, {ReLU: null, from: a}]",
    ),
    "unused-layer": Explanation(
        "The layer's output reaches no output of the network: it is never trained and is left out of the exported\n"
        "file. Take it somewhere with `from:`, or remove it.",
        "layers: [{Linear: 4, name: a}, {Linear: 2, from: x}]",
        "layers: [{Linear: 4, name: a}, ReLU, {Linear: 2}]",
    ),
    "shape": Explanation(
        "The layer does not fit what comes in. The message names the input's shape, without the batch, and the layer\n"
        "that gives it; `nnspec show` has every shape of a network.",
        "inputs: {image: [1, 8, 8]}\nlayers: [Conv2d: {out_channels: 4, kernel_size: 9}]",
        "inputs: {image: [1, 8, 8]}\nlayers: [Conv2d: {out_channels: 4, kernel_size: 3}]",
    ),
    "input-count": Explanation(
        "A layer takes the one before it unless `from` names others. Add, Mul and Concat take two or more.",
        "layers: [{Linear: 8, name: a}, Add]",
        "layers: [{Linear: 8, name: a}, {Add: null, from: [x, a]}]",
    ),
    "loss-shape": Explanation(
        "The loss does not fit the shape it reads. CrossEntropyLoss and NLLLoss want a score for each class on\n"
        "axis 1; BCEWithLogitsLoss wants one score for yes or no.",
        "layers: [Linear: 1]\nloss: CrossEntropyLoss",
        "layers: [Linear: 1]\nloss: BCEWithLogitsLoss",
    ),
    "budget": Explanation(
        "`budget:` says what the exported network may cost at most: parameters, multiply-accumulates for one example,\n"
        "memory of inference on one example, and the size of the ONNX file. A check goes by what follows from the\n"
        "shapes and tells what spends most; a length known only when the model runs counts as 128. An export measures\n"
        "its file.",
        "layers: [Linear: 1000, ReLU, Linear: 1]\nbudget: {params: 2k, macs: 10k, memory: 64KiB}",
        "layers: [Linear: 100, ReLU, Linear: 1]\nbudget: {params: 2k, macs: 10k, memory: 64KiB}",
    ),
    "metric-fit": Explanation(
        "The metric measures something other than what the loss learns: Accuracy goes with classes, R2Score with\n"
        "numbers.",
        "outputs: {y: {loss: MSELoss, metrics: [Accuracy]}}",
        "outputs: {y: {loss: MSELoss, metrics: [R2Score]}}",
    ),
}
