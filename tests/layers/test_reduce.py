import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from refusing import refusal

from nnspec.codegen.load import evaluate
from nnspec.layers import find
from nnspec.layers.reduce import CumSum, Mean, Sum, Var
from nnspec.pycode import name
from nnspec.shapes import tensor


def test_a_mean_is_over_axes_of_each_example():
    assert refusal("Mean", dict(dim=[1, 0]), "n 3 4") == (
        "dim",
        "dim 0 is the batch axis",
        "examples must stay apart: choose 1 to 2, or -1 to -2 from the end",
    )


def test_a_mean_names_an_axis_once():
    assert refusal("Mean", dict(dim=[1, -1]), "n 3") == ("dim", "dim [1, -1] names an axis twice", "")


def test_a_mean_needs_real_numbers():
    assert refusal("Mean", dict(dim=1), "int64 n 3") == ("", "needs an input of real numbers (float32), got int64", "")


def test_a_mean_is_written_as_a_person_would():
    assert str(Mean(dim=[2, 3]).forward(name("x"))) == "torch.mean(x, dim=(2, 3))"
    assert str(Mean(dim=1, keepdim=True).forward(name("x"))) == "torch.mean(x, dim=1, keepdim=True)"


def test_a_spread_needs_something_to_divide_by():
    assert refusal("Var", dict(dim=1), "n 1") == (
        "dim",
        "correction 1 leaves nothing to divide by: 1 along dim 1",
        "`correction: 0` divides by the count itself",
    )
    assert refusal("Std", dict(dim=[1, 2], correction=6), "n 2 3")[0] == "correction"
    assert str(Var(dim=1, correction=0).infer(tensor("n 1 4"))) == "(4)"


def test_sums_of_whole_numbers_are_int64_and_need_a_sign():
    assert Sum(dim=1).infer(tensor("int32 n 3 4")) == tensor("int64 n 4")
    assert CumSum(dim=1).infer(tensor("int32 n 3")) == tensor("int64 n 3")
    wanted = ("", "needs an input of real or signed numbers, got bool", "`- Cast: int64` before it")
    for layer in ("Sum", "Max", "ArgMax", "CumSum"):
        assert refusal(layer, dict(dim=1), "bool n 3") == wanted


REDUCTIONS = ("Mean", "Sum", "Max", "Min", "LogSumExp", "Var", "Std", "Norm")
OVER_ONE_AXIS = ("Prod", "ArgMax", "ArgMin")
ALONG = ("CumSum", "Normalize", "Softmax", "LogSoftmax", "Softmin")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_reductions_have_pytorchs_shapes(data):
    """On its meta device, for two lengths of the symbol t, wherever it stands."""
    kind = data.draw(st.sampled_from(REDUCTIONS + OVER_ONE_AXIS + ALONG))
    sizes = data.draw(st.lists(st.sampled_from([2, 3, "t"]), min_size=1, max_size=4))
    axis = st.integers(1, len(sizes)).flatmap(lambda axis: st.sampled_from([axis, axis - len(sizes) - 1]))
    several = st.lists(axis, min_size=1, max_size=3, unique_by=lambda dim: dim % (len(sizes) + 1))
    one = axis if kind in OVER_ONE_AXIS + ALONG else axis | several
    arguments = {"dim": data.draw(one)}
    if kind not in ALONG:
        arguments["keepdim"] = data.draw(st.booleans())
    layer, x = find(kind)(**arguments), tensor("n " + " ".join(map(str, sizes)))
    for lengths in ({"batch": 2, "t": 5}, {"batch": 3, "t": 8}):
        given = torch.empty(x.bind(lengths).shape, device="meta")
        answer = evaluate(layer.forward(name("x")), {"x": given})
        ours = layer.infer(x)
        assert (ours.bind(lengths).shape, f"torch.{ours.dtype}") == (tuple(answer.shape), str(answer.dtype))
