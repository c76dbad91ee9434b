"""A number that is not finite stops the training, and the message names the layer, the epoch and the step."""

import pytest
import torch
from trainings import Training, copy_of, line_with_noise

from nnspec.diagnostics import SpecError

TWO_LAYERS = """nnspec: 1
inputs: {x: [4]}
layers:
  - Linear: 8
  - Linear: 1
outputs: {y: {loss: MSELoss}}
optimizer: {SGD: {lr: 0.001}}
train: {epochs: 5, batch_size: 32}
"""


def refusal(training: Training) -> str:
    with pytest.raises(SpecError) as error:
        training.run()
    return str(error.value)


def test_a_layer_that_gives_what_is_no_number_is_named():
    text = TWO_LAYERS.replace("lr: 0.001", "lr: 1e8")
    message = refusal(Training(text, line_with_noise()))
    numbers = [word for word in message.split() if "e+" in word and word != "1e+08,"]
    for number in numbers:
        message = message.replace(number, "LARGE", 1)
    assert message == (
        "spec.yaml:5:5: error[not-finite]: Linear linear_2 gives nan in epoch 2, step 3\n"
        "    5 |   - Linear: 1\n"
        "      |     ^^^^^^\n"
        "  input  numbers up to LARGE from linear_1, spec.yaml:4\n"
        "  loss   LARGE in the step before\n"
        "  help   lower the learning rate, which is 1e+08, or limit the gradient with `train: {clip_grad_norm: 1}`"
    )


def test_a_loss_beyond_float32_names_its_output():
    x, y = line_with_noise()
    assert refusal(Training(TWO_LAYERS, (x, y + 3e19))) == (
        "spec.yaml:6:11: error[not-finite]: MSELoss of y is inf in epoch 1, step 1\n"
        "    6 | outputs: {y: {loss: MSELoss}}\n"
        "      |           ^\n"
        "  input   numbers up to 0.643 from linear_2, spec.yaml:5\n"
        "  target  numbers up to 3e+19\n"
        "  help    lower the learning rate, which is 0.001, or limit the gradient with `train: {clip_grad_norm: 1}`"
    )


def test_a_gradient_beyond_float32_names_the_layer_that_it_goes_through():
    x, y = line_with_noise()
    training = Training(TWO_LAYERS.replace("MSELoss", "L1Loss"), (torch.full_like(x, 1e20), y))
    with torch.no_grad():
        training.net.linear_1.weight.zero_()
        training.net.linear_2.weight.fill_(1e22)
    assert refusal(training) == (
        "spec.yaml:4:5: error[not-finite]: the gradient of Linear linear_1 is not finite in epoch 1, step 1\n"
        "    4 |   - Linear: 8\n"
        "      |     ^^^^^^\n"
        "  input  numbers up to 1e+20 from x, spec.yaml:2\n"
        "  help   lower the learning rate, which is 0.001, or limit the gradient with `train: {clip_grad_norm: 1}`"
    )


def test_weights_that_a_step_takes_beyond_float32_are_named():
    text = TWO_LAYERS.replace("MSELoss", "L1Loss").replace("lr: 0.001", "lr: 1e38")
    x, y = line_with_noise()
    assert refusal(Training(text, (1e3 * x, y))) == (
        "spec.yaml:4:5: error[not-finite]: the step took the weight of Linear linear_1 beyond float32 "
        "in epoch 1, step 1\n"
        "    4 |   - Linear: 8\n"
        "      |     ^^^^^^\n"
        "  help  lower the learning rate, which is 1e+38, or limit the gradient with `train: {clip_grad_norm: 1}`"
    )


def test_an_input_that_holds_what_is_no_number_is_named():
    x, y = line_with_noise()
    x[5, 2] = float("nan")
    assert refusal(Training(TWO_LAYERS.replace("32", "full"), (x, y))) == (
        "spec.yaml:2:10: error[not-finite]: the input x holds nan in epoch 1, step 1\n"
        "    2 | inputs: {x: [4]}\n"
        "      |          ^\n"
        "  help  look at the raw rows and the steps that prepare them"
    )


def test_a_fault_on_the_validation_rows_alone_is_told_as_such():
    x, y = line_with_noise(seed=1)
    assert refusal(Training(TWO_LAYERS, line_with_noise(), (x, y + 1e25))) == (
        "spec.yaml:6:11: error[not-finite]: MSELoss of y is inf on the validation rows after epoch 1\n"
        "    6 | outputs: {y: {loss: MSELoss}}\n"
        "      |           ^\n"
        "  input   numbers up to 0.677 from linear_2, spec.yaml:5\n"
        "  target  numbers up to 1e+25\n"
        "  help    lower the learning rate, which is 0.001, or limit the gradient with `train: {clip_grad_norm: 1}`"
    )


@pytest.mark.parametrize(
    "layers",
    ["[LSTM: 4, Last, Linear: 1]", "[Conv1d: {out_channels: 4, kernel_size: 2}, Flatten, Dropout: 0.5, Linear: 1]"],
)
def test_the_broken_step_is_found_in_any_network(layers):
    text = (
        f"nnspec: 1\ninputs: {{x: [3, 4]}}\nlayers: {layers}\noutputs: {{y: {{loss: MSELoss}}}}\n"
        "optimizer: {SGD: {lr: 1e12}}\ntrain: {epochs: 20, batch_size: 16}\n"
    )
    x, y = torch.randn(64, 3, 4, generator=torch.Generator().manual_seed(0)), line_with_noise()[1]
    message = refusal(Training(text, (x, y)))
    assert "error[not-finite]: " in message
    assert " in the step before\n" in message


def test_the_weights_are_those_before_the_broken_step():
    training = Training(TWO_LAYERS.replace("lr: 0.001", "lr: 1e8"), line_with_noise())
    refusal(training)
    assert all(tensor.isfinite().all() for tensor in copy_of(training.net).values())
    assert training.best.epoch == 1
