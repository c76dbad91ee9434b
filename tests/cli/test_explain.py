"""`nnspec explain`, as a user types it."""

from nnspec.cli.main import main
from nnspec.diagnostics import CODES


def test_a_code_is_explained_with_a_wrong_and_a_right_example(capsys):
    assert main(["explain", "linear-twice"]) == 0
    assert capsys.readouterr().out == (
        "linear-twice: two Linear layers that are one\n"
        "\n"
        "Linear after Linear is one Linear: W2 (W1 x + b1) + b2 has the form W x + b. A narrow first one, as in a\n"
        "linear autoencoder, is meant and gives no warning.\n"
        "\n"
        "wrong  layers: [Linear: 16, Linear: 2]\n"
        "right  layers: [Linear: 16, ReLU, Linear: 2]\n"
    )


def test_every_code_is_explained(capsys):
    for code in CODES:
        assert main(["explain", code]) == 0
        assert capsys.readouterr().out.startswith(f"{code}: {CODES[code]}\n\n")


def test_without_a_code_all_are_listed(capsys):
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(CODES)]] == list(CODES)
    assert lines[-1] == "nnspec explain CODE says more, with an example; nnspec explain SPEC explains a network."


def test_an_unknown_code_is_one_error(capsys):
    assert main(["explain", "shapes"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "command line:1:9: error[unknown-code]: no error or warning has the code 'shapes'\n"
        "    1 | explain shapes\n"
        "      |         ^^^^^^\n"
        "  help  did you mean 'shape'?\n"
    )


NET = """nnspec: 1
inputs: {x: [8]}
layers: [Linear: 4, Tanh, Linear: 2]
outputs: {y: {loss: MSELoss}}
optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
scheduler: {StepLR: {step_size: 5}}
"""
NET_EXPLAINED = """net

x  input of 8

linear_1  Linear(4)
  4 weighted sums of all 8 numbers, plus an offset each: every input number has a weight of its own in each.
  out_features 4  size of the last axis of the output
  shape           8 → 4
  parameters      weight 4·8 + bias 4 = 36
  MACs            32 multiplications, each with an addition, for one example
  sees            all of x

tanh_1  Tanh
  The hyperbolic tangent of each element.
  shape  4 → 4
  sees   all of x

linear_2  Linear(2)
  2 weighted sums of all 4 numbers, plus an offset each: every input number has a weight of its own in each.
  shape       4 → 2
  parameters  weight 2·4 + bias 2 = 10
  MACs        8 multiplications, each with an addition, for one example
  sees        all of x

loss of y: MSELoss
  Mean squared error. mean (output - target)²; torch.nn.MSELoss.
  compares         linear_2 (2) with the column y
  takes            real numbers, in the units of the target after its preparation
  knowing nothing  the target's variance where it answers with its mean: 1 for a standardized target; training
                   has to get below it

SGD: Stochastic gradient descent, with momentum where asked (Robbins & Monro 1951; Sutskever 2013).
  Each step, v = 0.9 · v + gradient and weight = weight - 0.1 · v: the way keeps its direction.

StepLR: Multiplies the learning rate by gamma every step_size epochs.
  0.1, times 0.1 after every 5 epochs: 0.01 then, and so on.
"""


def test_a_spec_is_explained_from_its_inputs_to_its_learning_rate(tmp_path, capsys):
    (tmp_path / "net.yaml").write_text(NET)
    assert main(["explain", str(tmp_path / "net.yaml")]) == 0
    assert capsys.readouterr().out == NET_EXPLAINED


def test_a_value_set_is_what_is_explained(tmp_path, capsys):
    (tmp_path / "net.yaml").write_text(NET)
    settings = ["--set", "layers[2].Linear=5", "--layer", "linear_2"]
    assert main(["explain", str(tmp_path / "net.yaml"), *settings]) == 0
    assert capsys.readouterr().out.startswith("linear_2  Linear(5)\n  5 weighted sums of all 4 numbers, plus an offset")


def test_a_spec_that_is_not_there_is_a_file_and_no_code(tmp_path, capsys):
    assert main(["explain", str(tmp_path / "net.yaml")]) == 1
    assert "error[file]: no such file" in capsys.readouterr().err


def test_a_layer_of_a_code_is_a_mistake_of_usage(capsys):
    assert main(["explain", "shape", "--layer", "conv2d_1"]) == 2
    assert capsys.readouterr().err == (
        "nnspec explain: --layer and --set go with a SPEC\n  help  nnspec explain --help\n"
    )
