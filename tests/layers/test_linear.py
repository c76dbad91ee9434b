from refusing import refusal

from nnspec.layers.linear import Linear
from nnspec.shapes import bind, tensor


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
