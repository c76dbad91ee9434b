import pytest
import torch
from refusing import refusal

from nnspec.codegen.load import evaluate
from nnspec.layers.activation import GELU, LeakyReLU
from nnspec.layers.combine import Concat
from nnspec.layers.piecewise import Heaviside
from nnspec.layers.softmax import GLU, Softmax
from nnspec.pycode import name
from nnspec.shapes import tensor


@pytest.mark.parametrize("activation", ["Sigmoid", "Tanh", "ReLU", "LeakyReLU", "GELU", "Softmax", "Heaviside"])
def test_activations_need_real_numbers(activation):
    assert refusal(activation, {}, "int64 n 4") == ("", "needs an input of real numbers (float32), got int64", "")


def test_softmax_keeps_examples_apart():
    assert refusal("Softmax", dict(dim=0), "n 4") == (
        "dim",
        "dim 0 is the batch axis",
        "examples must stay apart: choose 1 or -1",
    )
    assert refusal("LogSoftmax", dict(dim=-3), "n 4 5") == (
        "dim",
        "dim -3 is the batch axis",
        "examples must stay apart: choose 1 to 2, or -1 to -2 from the end",
    )
    assert refusal("Softmax", {}, "n") == ("", "needs an input of at least 1 axis beside the batch, got 0: ()", "")


def test_softmax_needs_an_axis_that_is_there():
    assert refusal("Softmax", dict(dim=2), "n 4") == (
        "dim",
        "dim 2 is not an axis of its input, which has 2 axes with the batch",
        "axes count from the batch: 1 or -1",
    )


def test_functions_are_written_with_what_differs_from_pytorchs_defaults():
    x = name("x")
    assert str(LeakyReLU(negative_slope=0.2).forward(x)) == "F.leaky_relu(x, negative_slope=0.2)"
    assert str(GELU().forward(x)) == "F.gelu(x)"
    assert str(GELU(approximate="tanh").forward(x)) == 'F.gelu(x, approximate="tanh")'
    assert str(Softmax().forward(x)) == "F.softmax(x, dim=-1)"


@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
def test_a_step_is_exact_and_its_gradient_is_the_identitys(at_zero):
    x = torch.tensor([-1e30, -1e-30, -0.0, 0.0, 1e-30, 2.0, 1e30], requires_grad=True)
    y = evaluate(Heaviside(values=at_zero).forward(name("x")), {"x": x})
    assert y.tolist() == [0.0, 0.0, at_zero, at_zero, 1.0, 1.0, 1.0]
    (y * torch.arange(7.0)).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("layer", "arguments", "field", "message", "help"),
    [
        (
            "PReLU",
            dict(num_parameters=3),
            "num_parameters",
            "num_parameters 3 is not the number of its input's channels, 4",
            "one factor for all is 1; one for each channel is 4",
        ),
        (
            "RReLU",
            dict(lower=0.5, upper=0.25),
            "lower",
            "lower 0.5 is above upper 0.25",
            "factors are drawn from lower to upper",
        ),
        (
            "CELU",
            dict(alpha=0),
            "alpha",
            "alpha is 0, and elements are divided by it",
            "a small one comes close to ReLU",
        ),
        ("Softplus", dict(beta=0), "beta", "beta is 0, and the result is divided by it", "1 is the plain softplus"),
        (
            "Hardtanh",
            dict(min_val=1),
            "min_val",
            "min_val 1 is not below max_val 1",
            "elements are clipped to what lies between",
        ),
        ("Clamp", {}, "", "needs min or max, or both", "as in `Clamp: {min: 0}`"),
        ("Clamp", dict(min=2, max=1), "min", "min 2 is above max 1", ""),
    ],
)
def test_arguments_that_do_not_go_together_are_told(layer, arguments, field, message, help):
    assert refusal(layer, arguments, "n 4") == (field, message, help)


@pytest.mark.parametrize(("size", "shape"), [("5", "n 5"), ("t", "n t")])
def test_what_is_gated_can_be_halved(size, shape):
    assert refusal("GLU", {}, shape) == (
        "dim",
        f"needs an axis that can be halved, got {size} along dim -1",
        "the layer before gives twice what is wanted: the second half gates the first",
    )


def test_a_length_that_is_twice_another_can_be_halved():
    twice = Concat().infer(tensor("n t"), tensor("n t"))
    assert GLU().infer(twice) == tensor("n t")
