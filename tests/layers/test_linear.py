import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from refusing import refusal

from nnspec.layers.linear import Bilinear, Linear, MatMul
from nnspec.shapes import ShapeError, bind, tensor


def test_a_linear_layer_needs_features_of_fixed_size():
    assert refusal("Linear", dict(out_features=3), "n") == (
        "",
        "needs an input of at least 1 axis beside the batch, got 0: ()",
        "",
    )
    assert refusal("Linear", dict(out_features=3), "n 4 t") == (
        "",
        "needs a last axis of fixed size, got t: weights cannot depend on a length",
        "",
    )


def test_a_linear_layer_needs_real_numbers():
    assert refusal("Linear", dict(out_features=3), "int64 n 4") == (
        "",
        "needs an input of real numbers (float32), got int64",
        "",
    )


def test_a_linear_layer_multiplies_at_every_position():
    macs = Linear(out_features=5).macs(tensor("n t u 4"))
    assert str(macs) == "20 * t * u"
    assert bind(macs, {"t": 2, "u": 3}) == 120


def test_the_module_is_written_as_a_person_would():
    x = tensor("n 4")
    assert str(Linear(out_features=5).module(x)) == "nn.Linear(4, 5)"
    assert str(Linear(out_features=5, bias=False).module(x)) == "nn.Linear(4, 5, bias=False)"


def test_matrices_agree_in_the_axis_between_them():
    assert refusal("MatMul", {}, "n 3 4", "n 5 4") == (
        "",
        "needs a last axis of the first input as long as the last but one of the second, "
        "got 4 and 5: (3, 4) and (5, 4)",
        "`Transpose: {dim0: -2, dim1: -1}` swaps the axes of one",
    )
    assert refusal("MatMul", {}, "n 2 3 4", "n 5 4 6") == (
        "",
        "needs inputs that agree in the axes before the last two, got (2, 3, 4) and (5, 4, 6)",
        "of each pair the sizes are equal, or one of them is 1",
    )


def test_a_product_keeps_examples_apart():
    vectors = ("", "needs two matrices for each example, got (4) and (4, 5)")
    assert refusal("MatMul", {}, "n 4", "n 4 5")[:2] == vectors
    assert refusal("MatMul", {}, "n 2 3 4", "n 4 5") == (
        "",
        "needs inputs of as many axes, got (2, 3, 4) and (4, 5)",
        "`Unsqueeze` gives an axis of size 1 to one of them",
    )


def test_a_product_counts_its_multiplications():
    assert MatMul().macs(tensor("n 2 t 4"), tensor("n 2 4 t")) == tensor("t").shape[0] * tensor("t").shape[0] * 8
    assert Bilinear(out_features=5).macs(tensor("n 3"), tensor("n 4")) == 5 * (3 + 1) * 4


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_products_have_pytorchs_shapes_or_its_refusals(data):
    """Of matrices for each example: on the meta device, for two lengths of t, which is never taken for 1."""
    size = st.sampled_from([1, 2, 3, "t"])
    axes = data.draw(st.integers(0, 2))
    left, right = (data.draw(st.lists(size, min_size=axes + 2, max_size=axes + 2)) for _ in range(2))
    x, y = (tensor("n " + " ".join(map(str, sizes))) for sizes in (left, right))
    for lengths in ({"batch": 2, "t": 5}, {"batch": 3, "t": 7}):
        try:
            shape = torch.matmul(*(torch.empty(z.bind(lengths).shape, device="meta") for z in (x, y))).shape
        except RuntimeError:
            shape = None
        try:
            ours = MatMul().infer(x, y).bind(lengths).shape
        except ShapeError:
            ours = None
        assert ours == (None if shape is None else tuple(shape))


def test_a_form_in_two_inputs_needs_them_alike_but_for_their_features():
    assert refusal("Bilinear", dict(out_features=2), "n 3 4", "n 2 4") == (
        "",
        "needs inputs that differ in their last axis only, got (3, 4) and (2, 4)",
        "",
    )
