"""Tables of classes: each name has its class, and only what is asked for is imported."""

import subprocess
import sys

import pytest

from nnspec.objectives import INITIALIZERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULERS

TABLES = {"loss": LOSSES, "metric": METRICS, "optimizer": OPTIMIZERS, "scheduler": SCHEDULERS}


@pytest.mark.parametrize("kind", TABLES)
def test_each_name_is_its_class(kind):
    assert {name: made.__name__ for name, made in TABLES[kind].items()} == {name: name for name in TABLES[kind]}


def test_an_initializer_has_torchs_name():
    assert {name: made.torch_name() for name, made in INITIALIZERS.items()} == {name: name for name in INITIALIZERS}


@pytest.mark.parametrize("table", [*TABLES.values(), INITIALIZERS])
def test_each_has_a_line_of_documentation_and_described_fields(table):
    for made in table.values():
        assert made.__doc__
        assert all(field.description for field in made.model_fields.values()), made


def test_a_family_is_imported_when_one_of_its_classes_is_asked_for():
    code = (
        "import sys; from nnspec.objectives import OPTIMIZERS; OPTIMIZERS['AdamW'];"
        "print([x.rpartition('.')[2] for x in sys.modules if x.startswith('nnspec.objectives.optimizers.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['adam']\n"
