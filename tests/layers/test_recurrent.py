import random

import pytest
from refusing import refusal

from nnspec.layers import arity, names_in
from nnspec.layers.cells import LSTMCell
from nnspec.layers.recurrent import GRU, LSTM, RNN
from nnspec.pycode import name
from nnspec.shapes import Tensor, symbol, tensor
from nnspec.testing import check_call


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
    assert (arity(RNN), arity(LSTM), arity(GRU)) == ((1, 2), (1, 3), (1, 2))


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
    x, state = name("x"), name("h")
    assert str(LSTM(hidden_size=4).call([], name("lstm"), x, state, name("c"))) == (
        "lstm(x, (h.transpose(0, 1).contiguous(), c.transpose(0, 1).contiguous()))"
    )
    assert str(GRU(hidden_size=4).call([], name("gru"), x, state)) == "gru(x, h.transpose(0, 1).contiguous())"
    assert str(LSTMCell(hidden_size=4).call([], name("cell"), x, state, name("c"))) == "cell(x, (h, c))"


def test_states_to_begin_with_fit():
    for kind in ("RNN", "LSTM", "GRU"):
        states = ["n 3 4"] * (2 if kind == "LSTM" else 1)
        assert refusal(kind, dict(hidden_size=4, num_layers=2), "n t 3", *states) == (
            "",
            "needs the shape (2, 4) for h_0, got (3, 4)",
            "",
        )
    projected = dict(hidden_size=4, proj_size=2)
    message = "needs the shape (1, 4) for c_0, got (1, 2)"
    assert refusal("LSTM", projected, "n t 3", "n 1 2", "n 1 2") == ("", message, "")
    assert refusal("GRUCell", dict(hidden_size=4), "n 3", "n 3") == ("", "needs the shape (4) for h_0, got (3)", "")


@pytest.mark.parametrize("kind", ["LSTM", "LSTMCell"])
def test_an_lstm_begins_with_both_states_or_none(kind):
    inputs = ("n t 3", "n 1 4") if kind == "LSTM" else ("n 3", "n 4")
    assert refusal(kind, dict(hidden_size=4), *inputs) == (
        "",
        "needs both states to begin with, h_0 and c_0, or none",
        "h_n and c_n of another are both",
    )


def test_a_projection_is_smaller_than_the_state():
    assert refusal("LSTM", dict(hidden_size=4, proj_size=4), "n t 3") == (
        "proj_size",
        "proj_size 4 is not less than the hidden_size 4",
        "",
    )
    assert LSTM(hidden_size=4, proj_size=2).macs(tensor("n 5 3")) == 5 * (4 * 4 * (3 + 2) + 2 * 4)


@pytest.mark.parametrize("seed", range(12))
def test_random_recurrent_nets_with_states_are_pytorchs(seed):
    rng = random.Random(seed)
    kind = rng.choice([RNN, LSTM, GRU])
    arguments = dict(hidden_size=rng.choice([1, 3]), num_layers=rng.choice([1, 2, 3]), bias=rng.random() < 0.5)
    layer = kind(**arguments, bidirectional=rng.random() < 0.5)
    x = Tensor((tensor("n").shape[0], rng.choice([1, 4, symbol("t")]), rng.choice([1, 2])))
    _, *states = layer.infer(x)
    check_call(layer, [x, *(states if rng.random() < 0.7 else [])], opsets=(18, 22))
