"""Codes of warnings: what is right, and seldom meant. A comment allows one: `# nnspec: allow(idle-bias)`."""

from nnspec.explanations.explanation import Explanation

IMAGE = "inputs: {image: [3, 8, 8]}\n"
SEQUENCE = "inputs: {rows: [T, 8]}\n"

SELDOM = {
    "softmax-loss": Explanation(
        "CrossEntropyLoss takes the softmax itself. A second one squeezes the scores into 0 to 1, so the network can\n"
        "never be sure, and learns slowly. The exported model gives probabilities without it.",
        "layers: [Linear: 10, Softmax]\nloss: CrossEntropyLoss",
        "layers: [Linear: 10]\nloss: CrossEntropyLoss",
    ),
    "sigmoid-loss": Explanation(
        "BCEWithLogitsLoss takes the sigmoid itself. After a second one every probability lies between 0.5 and 0.73:\n"
        '"no" can never be learnt.',
        "layers: [Linear: 1, Sigmoid]\nloss: BCEWithLogitsLoss",
        "layers: [Linear: 1]\nloss: BCEWithLogitsLoss",
    ),
    "log-softmax": Explanation(
        "NLLLoss is -output[target] and nothing more. On raw scores it falls without end as they grow; on\n"
        "probabilities it is no likelihood.",
        "layers: [Linear: 10]\nloss: NLLLoss",
        "layers: [Linear: 10, LogSoftmax]\nloss: NLLLoss",
    ),
    "relu-output": Explanation(
        "After a ReLU a regression never answers below 0, and where it answers 0 no gradient comes back. A\n"
        "standardised target is negative half of the time.",
        "layers: [Linear: 1, ReLU]\nloss: MSELoss",
        "layers: [Linear: 1]\nloss: MSELoss",
    ),
    "dropout-output": Explanation(
        "Dropout as the last layer puts 0 in place of parts of the answer, and the loss punishes the network for it.",
        "layers: [Linear: 10, Dropout: 0.5]\nloss: CrossEntropyLoss",
        "layers: [Dropout: 0.5, Linear: 10]\nloss: CrossEntropyLoss",
    ),
    "idle-bias": Explanation(
        "BatchNorm subtracts the mean of each channel, and with it whatever the bias before it added; BatchNorm's own\n"
        "shift takes that part (Ioffe & Szegedy 2015, 3.2).",
        IMAGE + "layers: [Conv2d: {out_channels: 4, kernel_size: 3}, BatchNorm2d, ReLU]",
        IMAGE + "layers: [Conv2d: {out_channels: 4, kernel_size: 3, bias: false}, BatchNorm2d, ReLU]",
    ),
    "dropout-norm": Explanation(
        "Dropout makes the variance larger in training than in evaluation, so the statistics that BatchNorm keeps\n"
        "are wrong when they are used (Li et al. 2018).",
        "layers: [Linear: 4, ReLU, Dropout: 0.5, BatchNorm1d, Linear: 2]",
        "layers: [Linear: 4, ReLU, BatchNorm1d, Dropout: 0.5, Linear: 2]",
    ),
    "activation-twice": Explanation(
        "With no weights between them two activations are one function. ReLU after ReLU changes nothing.",
        "layers: [Linear: 4, ReLU, ReLU, Linear: 2]",
        "layers: [Linear: 4, ReLU, Linear: 4, ReLU, Linear: 2]",
    ),
    "linear-twice": Explanation(
        "Linear after Linear is one Linear: W2 (W1 x + b1) + b2 has the form W x + b. A narrow first one, as in a\n"
        "linear autoencoder, is meant and gives no warning.",
        "layers: [Linear: 16, Linear: 2]",
        "layers: [Linear: 16, ReLU, Linear: 2]",
    ),
    "idle-dropout": Explanation(
        "The dropout of a recurrent layer acts between its stacked layers: with one layer there is no such place.",
        SEQUENCE + "layers: [LSTM: {hidden_size: 16, dropout: 0.2}, Last, Linear: 2]",
        SEQUENCE + "layers: [LSTM: {hidden_size: 16, dropout: 0.2, num_layers: 2}, Last, Linear: 2]",
    ),
    "huge-tensor": Explanation(
        "One tensor of the network takes more than a tebibyte of memory: several of the largest GPUs together. Mostly\n"
        "it is a slip in a size or a factor. Training refuses a network that its device has no room for.",
        "inputs: {x: [1000000]}\nlayers: [Linear: 1000000]",
        "inputs: {x: [1000000]}\nlayers: [Linear: 1000]",
    ),
    "vanishing": Explanation(
        "On its way back the gradient is multiplied by each activation's slope. A sigmoid's is at most 0.25: six of\n"
        "them leave 0.25^6 = 2.4e-4, and the first layers hardly learn (Hochreiter 1991; Glorot & Bengio 2010).\n"
        "`check` reckons it from the layers; `train` and `doctor` measure it: the first layers' weights get gradients\n"
        "1000 times smaller than others. ReLU with `init: {weight: kaiming_normal_}`, BatchNorm and Residual keep it\n"
        "alive. `nnspec new lessons/vanishing` is a network to see it in.",
        "layers: [Linear: 8, Sigmoid, Linear: 8, Sigmoid, Linear: 8, Sigmoid, Linear: 8, Sigmoid, Linear: 2]",
        "layers: [Linear: 8, ReLU, Linear: 8, ReLU, Linear: 8, ReLU, Linear: 8, ReLU, Linear: 2]",
    ),
    "border": Explanation(
        "The number of windows is rounded down, so the last rows or columns of an image may be looked at by none.\n"
        "Pad, choose another stride, or let a last window reach over the edge.",
        "inputs: {image: [3, 7, 7]}\nlayers: [MaxPool2d: 2]",
        "inputs: {image: [3, 7, 7]}\nlayers: [MaxPool2d: {kernel_size: 2, ceil_mode: true}]",
    ),
    "batch-of-one": Explanation(
        "In training BatchNorm takes mean and variance from the batch. From one example it learns nothing of use, and\n"
        "evaluation, with kept statistics, sees other numbers (Wu & He 2018).",
        "layers: [BatchNorm1d, Linear: 1]\nloss: MSELoss\ntrain: {batch_size: 1}",
        "layers: [BatchNorm1d, Linear: 1]\nloss: MSELoss\ntrain: {batch_size: 32}",
    ),
    "learning-rate": Explanation(
        "Adam moves every weight by about the learning rate in each step, whatever the gradient, so rates that suit\n"
        "SGD throw it off. Usual are 1e-4 to 1 for SGD, and 1e-6 to 3e-2 for Adam, AdamW and RMSprop.",
        "optimizer: {Adam: {lr: 0.5}}",
        "optimizer: {Adam: {lr: 1e-3}}",
    ),
    "idle-rule": Explanation(
        "A rule of `init` fills the parameters whose names match its pattern, as `nnspec compile` shows them\n"
        "(`stage.0.conv1.weight`; `*` stands for any text, dots included). The first rule that matches a parameter\n"
        "wins, and `init` beside a layer wins over rules. The same goes for the groups of `optimizer`: each parameter\n"
        "belongs to the first whose `match` fits.",
        'layers: [Linear: 2]\ninit: [{match: "*.weigth", orthogonal_: {}}]',
        'layers: [Linear: 2]\ninit: [{match: "*.weight", orthogonal_: {}}]',
    ),
    "allow": Explanation(
        "`# nnspec: allow(CODE)` at the end of a line, or alone above it, allows a warning there; above the first key\n"
        "it allows it in the whole file. Only warnings can be allowed, by their own codes.",
        "layers: [Linear: 16, Linear: 2]  # nnspec: allow(linear-twice, linear-thrice)",
        "layers: [Linear: 16, Linear: 2]  # nnspec: allow(linear-twice)",
    ),
}
