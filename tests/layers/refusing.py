"""What a layer says when it refuses its input."""

from typing import Any

import pytest

from nnspec.layers import find
from nnspec.shapes import ShapeError, tensor


def refusal(name: str, arguments: dict[str, Any], *inputs: str) -> tuple[str, str, str]:
    """The field at fault, the message and the help."""
    layer_type = find(name)
    assert layer_type is not None
    layer = layer_type(**arguments)
    with pytest.raises(ShapeError) as caught:
        layer.infer(*map(tensor, inputs))
    return caught.value.field, caught.value.message, caught.value.help
