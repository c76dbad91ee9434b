"""What the data and the losses tell, in whole."""

from pathlib import Path

import pytest
from trainings import CPU

from nnspec.data import load_examples
from nnspec.diagnostics import render
from nnspec.graph import load_network, parse_network
from nnspec.training.fit import Epoch
from nnspec.training.health.curves import Course, diagnose_course
from nnspec.training.health.data import diagnose_data
from nnspec.training.train import feed_of

ROOT = Path(__file__).parents[2]

SPEC = """nnspec: 1
inputs: {x: [4]}
layers: [Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: {SGD: {lr: 0.01}}
train: {epochs: 20, batch_size: 32}
"""


def of_data(name: str) -> str:
    """What the examples of a lesson tell."""
    network = load_network(Path("specs", "lessons", f"{name}.yaml"))
    spec, graph = network.spec, network.graph
    data = load_examples(spec, network.folder, graph.output_tensors, graph.lookups)
    return "\n".join(map(render, diagnose_data(spec, graph, data, feed_of(spec, graph, data, "train", CPU))))


def of_losses(
    train: list[float], validation: list[float] | None = None, *, update: float | None = 1e-3, ended: bool = False
) -> str:
    """What losses tell of a network where knowing nothing gives 1."""
    held_out = validation or [None] * len(train)
    epochs = [
        Epoch(number, number, loss, other, 0.01, 1.0, 100.0, {}, True)
        for number, (loss, other) in enumerate(zip(train, held_out, strict=True), start=1)
    ]
    course = Course(parse_network(SPEC).spec, epochs, 1.0, update, frozenset(), ended)
    return "\n".join(map(render, diagnose_course(course)))


def lines(*text: str) -> str:
    return "\n".join(text)


SHOWN_RATE = ("    5 | optimizer: {SGD: {lr: 0.01}}", "      |                       ^^^^")
SHOWN_OPTIMIZER = ("    5 | optimizer: {SGD: {lr: 0.01}}", "      |            ^^^^^^^^^^^^^^^^^")
USUAL = ("  rate  0.01", "  step  one moves the weights by 0.001 of their norm; about 10⁻³ is usual")
SHORT = ("  rate  0.01", "  step  one moves the weights by 10⁻⁵ of their norm; about 10⁻³ is usual")
SMALLER = "  help  a rate 10 times smaller: 0.001"
LARGER = "  help  a rate 10 to 100 times larger: 0.1 to 1"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "leaking_split",
            [
                "specs/lessons/leaking_split.yaml:9:3: warning[leaking-split]: "
                "484 of the 569 test rows are in the training rows too: leaking split",
                "    9 |   train: sklearn:breast_cancer",
                "      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
                "  first  row 1 of sklearn:breast_cancer",
                "  help   take copies out before the split; rows that belong together (one patient, one picture "
                "and its",
                "         changed copies) stay together with `split: {group: COLUMN}`",
            ],
        ),
        (
            "unscaled_inputs",
            [
                "specs/lessons/unscaled_inputs.yaml:12:3: warning[unscaled-inputs]: "
                "the columns of wine differ 2200 times in spread (standard deviation): unscaled",
                "   12 |   wine: {column: data, shape: [13]}",
                "      |   ^^^^",
                "  largest   column wine[12] with 290",
                "  smallest  column wine[7] with 0.13",
                "  help      `prepare: [Standardize]`, which is fitted on the training rows alone and part of the "
                "exported model;",
                "            for images `prepare: [{Scale: 255}]`",
            ],
        ),
        (
            "loss_scale",
            [
                "specs/lessons/loss_scale.yaml:23:3: warning[loss-scale]: "
                "the targets of progression are 150 ± 79, and about 0 ± 1 is wanted: MSELoss is in their units",
                "   23 |   progression: {column: target, loss: MSELoss, metrics: [R2Score]}",
                "      |   ^^^^^^^^^^^",
                "  help  `prepare: [Standardize]` below progression; "
                "the exported model still answers in the data's own units",
            ],
        ),
        (
            "imbalance",
            [
                "specs/lessons/imbalance.yaml:21:3: warning[imbalance]: "
                "95% of the training rows of diagnosis are benign: always saying so is right 95% of the time",
                "   21 |   diagnosis: {column: diagnosis, loss: CrossEntropyLoss, metrics: [Accuracy]}",
                "      |   ^^^^^^^^^",
                "  rows  214 of benign",
                "  rows  12 of malignant",
                "  help  `loss: {CrossEntropyLoss: {weight: [0.53, 9.4]}}` counts each class alike;",
                "        judge by F1Score or Recall in place of Accuracy; `split: {stratify: true}`",
            ],
        ),
        ("vanishing", []),
    ],
)
def test_what_examples_tell_is_told_whole(name, told, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert of_data(name) == lines(*told)


def test_a_loss_that_rises_is_diverging():
    assert of_losses([1.0, 2.0, 4.0]) == lines(
        "spec.yaml:5:23: warning[rate-too-high]: the loss rose from 1 to 4 in 3 epochs: diverging",
        *SHOWN_RATE,
        *USUAL,
        SMALLER,
    )


def test_a_loss_that_swings_has_too_high_a_rate():
    assert of_losses([0.9, 0.5, 0.9, 0.4, 0.8, 0.4, 0.7]) == lines(
        "spec.yaml:5:23: warning[rate-too-high]: "
        "the loss swings: it rose 3 times by more than 30% in the last 7 epochs, between 0.4 and 0.9",
        *SHOWN_RATE,
        *USUAL,
        SMALLER,
    )


def test_a_loss_above_chance_that_jumps_overshoots():
    assert of_losses([0.99, 1.3, 0.98, 1.25, 1.3]) == lines(
        "spec.yaml:5:23: warning[rate-too-high]: "
        "after 5 epochs the loss stays above the 1 of knowing nothing, up to 1.3: each step overshoots",
        *SHOWN_RATE,
        *USUAL,
        SMALLER,
    )


def test_a_loss_that_stays_at_chance_is_no_progress_and_with_short_steps_too_low_a_rate():
    stays = "after 6 epochs the loss is 1, and knowing nothing gives 1"
    assert of_losses([1.0] * 6) == lines(
        f"spec.yaml:5:12: warning[no-progress]: {stays}: nothing is learnt",
        *SHOWN_OPTIMIZER,
        *USUAL,
        "  help  look whether the inputs tell anything of the target; `nnspec doctor` looks at the layers",
    )
    assert of_losses([1.0] * 6, update=1e-5) == lines(
        f"spec.yaml:5:23: warning[rate-too-low]: {stays}: its steps are too short", *SHOWN_RATE, *SHORT, LARGER
    )


def test_a_loss_that_falls_in_a_straight_line_to_the_end_has_too_low_a_rate():
    falling = [1 - 0.02 * epoch for epoch in range(20)]
    assert of_losses(falling, update=1e-5, ended=True) == lines(
        "spec.yaml:5:23: warning[rate-too-low]: "
        "the loss still falls as steadily as at the start, and is 0.62 after the last epoch: its steps are too short",
        *SHOWN_RATE,
        *SHORT,
        LARGER,
    )
    assert of_losses(falling, update=1e-5) == ""


def test_a_loss_that_stays_high_after_a_little_is_a_plateau():
    assert of_losses([0.9] + [0.85] * 20) == lines(
        "spec.yaml:5:12: warning[plateau]: for 10 epochs the loss has stayed at 0.85; knowing nothing gives 1",
        *SHOWN_OPTIMIZER,
        *USUAL,
        "  help  more units or layers; a higher rate, or one that goes down by a schedule; or inputs that tell more",
    )


def test_a_validation_loss_that_rises_while_the_other_falls_is_overfitting():
    training = [1 / epoch for epoch in range(1, 13)]
    assert of_losses(training, [0.6, 0.5, *(0.4 + 0.05 * epoch for epoch in range(10))]) == lines(
        "spec.yaml:6:8: warning[overfitting]: since epoch 3 the validation loss rises, from 0.4 to 0.8, "
        "while the training loss falls, to 0.091: overfitting",
        "    6 | train: {epochs: 20, batch_size: 32}",
        "      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "  gap   8.8 times in epoch 12",
        "  kept  the weights of epoch 3",
        "  help  more rows, fewer units, Dropout or weight_decay; `early_stopping: {patience: 5}` saves the time",
    )
    assert of_losses(training, [1.1 * loss for loss in training], ended=True) == ""


@pytest.mark.parametrize("optimizer", ["SGD", "[{match: '*.bias', SGD: {lr: 0.1}}, {SGD: {lr: 0.01}}]"])
def test_the_place_of_a_rate_that_stands_elsewhere_is_the_optimizer(optimizer):
    spec = parse_network(SPEC.replace("{SGD: {lr: 0.01}}", optimizer)).spec
    epochs = [Epoch(number, number, float(number), None, 0.01, 1.0, 100.0, {}, True) for number in range(1, 5)]
    (found,) = diagnose_course(Course(spec, epochs, 1.0, None, frozenset(), False))
    assert found.span
    assert (found.code, found.span.line) == ("rate-too-high", 5)
