"""`nnspec steps`: what there is, and one explained."""

import pytest

from nnspec.cli.main import main
from nnspec.prepare import known


def test_every_step_is_listed_with_a_line(capsys):
    assert main(["steps"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == known()
    assert max(map(len, lines)) <= 100


LOG1P = """\
Log1p: The logarithm of 1 + x, for numbers that reach over several powers of ten.

  (...) -> (...)

  Of numbers above -1; a number of at most -1 in the training rows is refused.

takes:          real numbers (float32)
missing values: left as they are: a step after it has to fill them in
a target:       may be prepared with it: the exported file gives it back in its own units

examples, their shapes without the batch
  (4) -> (4)
    - Log1p
  (2, h, w) -> (2, h, w)
    - Log1p
"""


@pytest.mark.parametrize("command", ["steps", "layers"])
def test_a_step_is_explained_from_its_class(command, capsys):
    assert main([command, "Log1p"]) == 0
    assert capsys.readouterr().out == LOG1P


def test_a_step_outside_of_the_file_says_so(capsys):
    main(["steps", "Timestamp"])
    said = "in ONNX:        stays outside: it is applied before the file sees a row, as the file's metadata say\n"
    assert said in capsys.readouterr().out


def test_a_misspelt_step_is_suggested(capsys):
    assert main(["steps", "Standardise"]) == 1
    expected = "error[unknown-step]: no step is named 'Standardise'\n  help  did you mean 'Standardize'?\n"
    assert capsys.readouterr().err == expected
