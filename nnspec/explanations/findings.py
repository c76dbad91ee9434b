"""Codes of what `train` and `doctor` find by looking at layers, losses and data. Their networks stand in specs/lessons.

Their examples are parts of specs that are right by themselves: only a training, or the data, shows the fault.
"""

from nnspec.explanations.explanation import Explanation


def _shown(text: str, wrong: str, right: str) -> Explanation:
    return Explanation(text, wrong, right, spec=False)


FINDINGS = {
    "exploding": _shown(
        "On its way back through a sequence the gradient is multiplied by the recurrent weights once a step: 1.5\n"
        "over 50 steps is 1.5^50 = 6·10⁸. One such step throws the weights off. Limiting the gradient's norm keeps\n"
        "its direction and makes it short (Pascanu, Mikolov & Bengio 2013); LSTM and GRU hardly multiply at all.",
        "layers: [RNN: {hidden_size: 64, nonlinearity: relu}, Last, Linear: 10]",
        "the same with train: {clip_grad_norm: 1}",
    ),
    "dead-units": _shown(
        "A ReLU gives 0 for everything below 0, and its slope there is 0. A unit that is below 0 for every example\n"
        "gets no gradient and stays so: dead. A step that was too long, or biases far below 0, bring it there\n"
        "(Maas, Hannun & Ng 2013).",
        "- Linear: 32\n  init: {bias: {constant_: -4}}\n- ReLU",
        "- Linear: 32\n- ReLU",
    ),
    "saturated": _shown(
        "A sigmoid is flat where its input is beyond ±5, a tanh beyond ±3: the slope there is nearly 0, and so is\n"
        "the gradient that passes. Large inputs or large weights bring it there (LeCun et al. 1998).",
        "inputs: {x: [30]}, whose numbers go up to 1000, and layers: [Linear: 64, Tanh, Linear: 2]",
        "inputs: {x: {shape: [30], prepare: [Standardize]}}",
    ),
    "no-gradient": _shown(
        "The loss does not depend on these parameters, so they stay as they began. A branch leads nowhere that has\n"
        "a loss, or a step function (Heaviside), whose slope is 0 everywhere, stands between.",
        "layers: [Linear: 8, Heaviside, Linear: 2]",
        "layers: [Linear: 8, Sigmoid, Linear: 2]",
    ),
    "rate-too-high": _shown(
        "A step of gradient descent goes as far as the learning rate times the gradient. Too far, it lands higher\n"
        "up on the other side of the valley: the loss swings, or grows until it is no number. For a bowl of\n"
        "curvature c every rate above 2 / c diverges (LeCun et al. 1998).",
        "optimizer: {SGD: {lr: 10}}",
        "optimizer: {SGD: {lr: 0.1}}",
    ),
    "rate-too-low": _shown(
        "Steps that move the weights by less than some 3·10⁻⁴ of their norm need thousands of them to learn\n"
        "anything. About 10⁻³ is usual. Multiply the rate by 10 as long as the loss still falls smoothly.",
        "optimizer: {Adam: {lr: 1e-6}}",
        "optimizer: {Adam: {lr: 1e-3}}",
    ),
    "no-progress": _shown(
        "The loss is where the best constant answer would be: ln(10) = 2.303 for ten classes of one size, the\n"
        "target's variance for MSELoss. Either the inputs tell nothing of the target (rows shuffled, the wrong\n"
        "column), or nothing gets through the network.",
        "outputs: {y: {column: id, loss: MSELoss}}",
        "outputs: {y: {column: price, loss: MSELoss}}",
    ),
    "plateau": _shown(
        "The loss fell a little and then stays, well above what it should reach. The network may be too small, the\n"
        "inputs may tell no more, or the steps have become too short or too long to get further down.",
        "layers: [Linear: 1], where the answer is no straight line",
        "layers: [Linear: 32, ReLU, Linear: 1]",
    ),
    "overfitting": _shown(
        "The network learns the training rows by heart: their loss falls, and that of rows that it has not seen\n"
        "rises. nnspec keeps the weights of the best epoch. More rows help most, then fewer units, Dropout,\n"
        "weight_decay.",
        "layers: [Linear: 1000, ReLU, Linear: 1000, ReLU, Linear: 1], on 200 rows",
        "layers: [Linear: 16, ReLU, Dropout: 0.3, Linear: 1], optimizer: {AdamW: {weight_decay: 0.1}}",
    ),
    "leaking-split": _shown(
        "A row that is trained on and tested on is answered from memory, so the test says nothing of new rows.\n"
        "Copies, oversampling before the split, and several rows of one patient are how it comes about.",
        "data: {source: rows_with_copies.csv}",
        "data: {source: rows_with_copies.csv, split: {group: patient}}",
    ),
    "giveaway": _shown(
        "One column sorts all rows into their classes, or is the target but for a factor. In real data that is\n"
        "mostly a column made from the answer, or known only after it: a discharge letter, a row number of sorted\n"
        "files.",
        "inputs: {x: {columns: [age, weight, outcome_code]}}",
        "inputs: {x: {columns: [age, weight]}}",
    ),
    "unscaled-inputs": _shown(
        "The gradient of a weight is in proportion to its input: a column of thousands pulls thousands of times\n"
        "harder than one of units, and no learning rate suits both (LeCun et al., Efficient BackProp, 1998, 4.3).",
        "inputs: {x: {columns: [age, income]}}",
        "inputs: {x: {columns: [age, income], prepare: [Standardize]}}",
    ),
    "loss-scale": _shown(
        "MSELoss of a target of some 150 ± 77 begins near 150² + 77² = 28,000, with gradients as large, and the\n"
        "last bias has to walk to 150 first. `prepare` of an output makes it 0 ± 1; the exported model answers in\n"
        "the data's own units all the same.",
        "outputs: {price: {loss: MSELoss}}",
        "outputs: {price: {prepare: [Standardize], loss: MSELoss}}",
    ),
    "imbalance": _shown(
        "Where 95 % of the rows are healthy, always saying healthy is right for 95 %: accuracy does not show that\n"
        "nothing was learnt. Weights in the loss make each class count alike; F1Score and Recall show it.",
        "outputs: {ill: {loss: CrossEntropyLoss, metrics: [Accuracy]}}",
        "outputs: {ill: {loss: {CrossEntropyLoss: {weight: [0.53, 10]}}, metrics: [F1Score]}}",
    ),
    "start-loss": _shown(
        "Before any training a network should do about as badly as one that knows nothing: ln(10) = 2.303 for ten\n"
        "classes. Far above, its answers are large and wrong: the weights begin too large, or the inputs are\n"
        "unprepared.",
        "layers: [{Linear: 10, init: {weight: {normal_: {std: 10}}}}]",
        "layers: [{Linear: 10, init: {weight: xavier_normal_}}]",
    ),
    "cannot-fit": _shown(
        "A network that learns can learn eight examples by heart in a hundred steps. One that can't has a fault\n"
        "that no amount of data mends: a rate that is wrong, a gradient that does not arrive, an answer that it\n"
        "cannot give.",
        "layers: [Linear: 8, Sigmoid, Linear: 1, ReLU], for targets below 0",
        "layers: [Linear: 8, Sigmoid, Linear: 1]",
    ),
}
