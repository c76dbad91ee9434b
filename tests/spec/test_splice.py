"""Values put into a spec's text: all that stands around them stays."""

import pytest

from nnspec.spec.splice import splice

TEXT = """# a net
params: {classes: 10, name: a}  # two
data:
  source: "a b"   # where
train: {epochs: 3}
layers: [Linear: $classes]
"""


@pytest.mark.parametrize(
    ("setting", "before", "after"),
    [
        ("params.classes=5", "classes: 10", "classes: 5"),
        ("classes=5", "classes: 10", "classes: 5"),
        ("name=b", "name: a", "name: b"),
        ("params.name=b, c", "name: a", 'name: "b, c"'),
        ("data.source=x.csv", '"a b"', "x.csv"),
        ("train={epochs: 5}", "{epochs: 3}", "{epochs: 5}"),
        ("layers[0].Linear=[1, 2]", "Linear: $classes", "Linear: [1, 2]"),
        ("train.epochs=", "epochs: 3", "epochs: "),
    ],
)
def test_only_the_value_changes(setting, before, after):
    found = splice(TEXT, "net.yaml", [setting])
    assert found == TEXT.replace(before, after)


def test_settings_follow_one_another():
    assert "{epochs: 9}" in splice(TEXT, "net.yaml", ["train={epochs: 5}", "train.epochs=9"])
