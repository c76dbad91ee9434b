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
    assert lines[-1] == "nnspec explain CODE says more, with an example."


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
