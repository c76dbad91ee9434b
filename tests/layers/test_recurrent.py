import pytest
from refusing import refusal

from nnspec.layers import arity, names_in
from nnspec.layers.recurrent import GRU, LSTM, RNN
from nnspec.pycode import name
from nnspec.shapes import tensor


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_recurrent_nets_need_a_sequence_of_vectors(kind):
    assert refusal(kind, dict(hidden_size=4), "n 4") == (
        "",
        "needs an input of 2 axes beside the batch, got 1: (4)",
        "",
    )
    assert refusal(kind, dict(hidden_size=4), "n t f") == (
        "",
        "needs a last axis of fixed size, got f: weights cannot depend on a length",
        "",
    )
    assert refusal(kind, dict(hidden_size=4), "int64 n t 3") == (
        "",
        "needs an input of real numbers (float32), got int64",
        "",
    )


def test_outputs_have_pytorchs_names():
    assert (names_in(RNN.returns), names_in(LSTM.returns), names_in(GRU.returns)) == (
        ("output", "h_n"),
        ("output", "h_n", "c_n"),
        ("output", "h_n"),
    )
    assert arity(LSTM) == (1, 1)


def test_states_are_handed_on_batch_first():
    value = name("h_n")
    assert str(LSTM(hidden_size=4).adapt("h_n", value)) == "h_n.transpose(0, 1)"
    assert str(LSTM(hidden_size=4).adapt("output", value)) == "h_n"


def test_every_gate_of_every_layer_and_direction_multiplies_at_every_step():
    x = tensor("n t 3")
    both_ways = dict(hidden_size=4, num_layers=2, bidirectional=True)
    weights = 2 * (4 * (3 + 4)) + 2 * (4 * (8 + 4))
    assert [str(kind(**both_ways).macs(x)) for kind in (RNN, GRU, LSTM)] == [
        f"{weights * gates} * t" for gates in (1, 3, 4)
    ]


def test_the_module_is_written_as_a_person_would():
    lstm = LSTM(hidden_size=4, num_layers=2, dropout=0.1)
    assert str(lstm.module(tensor("n t 3"))) == "nn.LSTM(3, 4, num_layers=2, dropout=0.1, batch_first=True)"
