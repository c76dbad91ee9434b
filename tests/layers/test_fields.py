"""Fields take what they say and nothing that looks like it."""

import pytest
from pydantic import ValidationError

from nnspec.layers import find

REFUSED = [
    ("Linear", dict(out_features=True)),
    ("Linear", dict(out_features=5.5)),
    ("Linear", dict(out_features=5.0)),
    ("Linear", dict(out_features="5")),
    ("Linear", dict(out_features=0)),
    ("Linear", dict(out_features=3, bias=1)),
    ("Linear", dict(out_features=3, in_features=4)),
    ("Linear", dict()),
    ("LeakyReLU", dict(negative_slope=True)),
    ("LeakyReLU", dict(negative_slope="0.1")),
    ("LeakyReLU", dict(negative_slope=float("nan"))),
    ("GELU", dict(approximate="erf")),
    ("Softmax", dict(dim=1.0)),
    ("Conv1d", dict(out_channels=4, kernel_size=[3, 3])),
    ("Conv2d", dict(out_channels=4)),
    ("Conv2d", dict(out_channels=4, kernel_size=[3])),
    ("Conv2d", dict(out_channels=4, kernel_size=3, stride=0)),
    ("Conv2d", dict(out_channels=4, kernel_size=3, padding=-1)),
    ("Conv2d", dict(out_channels=4, kernel_size=3, padding="SAME")),
    ("Conv2d", dict(out_channels=4, kernel_size=3, padding_mode="constant")),
    ("Conv2d", dict(out_channels=4, kernel_size=3, groups=0)),
    ("Conv3d", dict(out_channels=4, kernel_size=[3, 3])),
    ("CausalConv1d", dict(out_channels=4, kernel_size=3, padding=1)),
    ("ConvTranspose2d", dict(out_channels=4, kernel_size=3, padding="same")),
    ("ConvTranspose3d", dict(out_channels=4, kernel_size=3, output_padding=[1, 1])),
    ("Fold", dict(kernel_size=2)),
    ("Unfold", dict(kernel_size=[2, 2, 2])),
    ("BatchNorm2d", dict(eps=0.0)),
    ("BatchNorm2d", dict(momentum=1.5)),
    ("LayerNorm", dict(normalized_shape=[])),
    ("MaxPool2d", dict(kernel_size=[2, 2, 2])),
    ("AvgPool2d", dict(kernel_size=2, divisor_override=0)),
    ("AdaptiveAvgPool2d", dict(output_size=0)),
    ("AdaptiveAvgPool2d", dict(output_size=None)),
    ("AdaptiveAvgPool2d", dict(output_size=[1, None, 1])),
    ("Dropout", dict(p=1.5)),
    ("Dropout", dict(p=True)),
    ("Embedding", dict(num_embeddings=5)),
    ("Embedding", dict(num_embeddings=5, embedding_dim=2, padding_idx=True)),
    ("RNN", dict(hidden_size=4, nonlinearity="gelu")),
    ("LSTM", dict(hidden_size=4, proj_size=-1)),
    ("TransformerEncoder", dict(nhead=1, num_layers=10**9)),
    ("Mean", dict()),
    ("Mean", dict(dim=[])),
    ("Heaviside", dict(values=float("inf"))),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED, ids=[f"{name} {given}" for name, given in REFUSED])
def test_a_value_of_another_kind_is_refused(name, arguments):
    layer_type = find(name)
    with pytest.raises(ValidationError):
        layer_type(**arguments)


def test_lists_become_tuples_and_whole_numbers_pass_for_real_ones():
    assert find("Conv2d")(out_channels=4, kernel_size=[3, 2]).kernel_size == (3, 2)
    assert find("LeakyReLU")(negative_slope=1).negative_slope == 1.0
    assert find("Dropout")(p=1).p == 1.0
