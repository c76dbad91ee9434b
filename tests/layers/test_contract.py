"""Every built-in layer type, every example: inference, PyTorch and onnxruntime agree."""

import pytest

from nnspec.layers import find
from nnspec.layers.find import FAMILY_OF
from nnspec.testing import check_layer


@pytest.mark.parametrize("name", FAMILY_OF)
def test_a_layer_type_keeps_its_contract(name):
    layer_type = find(name)
    assert layer_type is not None and layer_type.__name__ == name
    assert hasattr(layer_type, "to_onnx")
    check_layer(layer_type)
