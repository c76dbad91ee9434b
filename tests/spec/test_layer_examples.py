"""Every example that `nnspec layers NAME` prints is a spec that gives the shapes it says."""

from textwrap import indent

import pytest

from nnspec.graph.network import parse_network
from nnspec.layers import find, known
from nnspec.layers.describe import examples, flow
from nnspec.shapes import Tensor, parse_example

EXAMPLES = [
    pytest.param(parse_example(shapes), entry, id=f"{name} {text}")
    for name in known()
    if (layer := find(name))
    for shapes, (text, entry) in zip(layer.examples, examples(name, layer), strict=True)
]


def spec_of(takes: tuple[Tensor, ...], entry: str) -> str:
    inputs = {
        name: {"shape": [size if isinstance(size, int) else str(size) for size in x.shape[1:]], "dtype": x.dtype}
        for name, x in zip("abcdefgh", takes, strict=False)
    }
    return f"nnspec: 1\ninputs: {flow(inputs)}\nlayers:\n{indent(entry, '  ')}"


@pytest.mark.parametrize(("shapes", "entry"), EXAMPLES)
def test_a_printed_example_gives_the_shapes_it_says(shapes: tuple[tuple[Tensor, ...], tuple[Tensor, ...]], entry: str):
    takes, gives = shapes
    if not all(x.shape[1:] and x.dtype in ("float32", "int64") for x in takes):
        pytest.skip("a spec's inputs have axes, and real or whole numbers")
    (vertex,) = parse_network(spec_of(takes, entry)).graph
    assert vertex.gives == gives
