import numpy as np
import torch
from refusing import refusal

from nnspec.exporting.builder import GraphBuilder, check_model, to_bytes
from nnspec.layers.pool import MaxPool2d
from nnspec.layers.unpool import MaxUnpool2d
from nnspec.runtime import open_session
from nnspec.shapes import tensor


def test_places_are_whole_numbers_for_each_element():
    for indices, given in (("n 3 4 4", "(3, 4, 4)"), ("int64 n 3 4 3", "int64 (3, 4, 3)")):
        assert refusal("MaxUnpool2d", dict(kernel_size=2), "n 3 4 4", indices) == (
            "",
            f"needs a place for each element, int64 (3, 4, 4), got {given}",
            "`return_indices: true` of a MaxPool gives them: `from: [NAME, NAME.indices]`",
        )


def test_the_size_is_one_that_was_pooled_to_this():
    assert refusal("MaxUnpool2d", dict(kernel_size=2, output_size=[10, 8]), "n 3 4 4", "int64 n 3 4 4") == (
        "output_size",
        "output_size [10, 8] is not one that was pooled to this input: without it, 8×8 comes out",
        "each axis may differ by less than its stride, 2×2",
    )


def test_padding_must_leave_something():
    assert refusal("MaxUnpool1d", dict(kernel_size=2, padding=1), "n 3 1", "int64 n 3 1") == (
        "padding",
        "padding 1 leaves nothing of its output: 0",
        "",
    )


def test_maxima_go_back_to_their_places_in_the_exported_file():
    graph = GraphBuilder()
    image, pool = graph.input("image", tensor("n 2 h w")), MaxPool2d(kernel_size=2, return_indices=True)
    scope = graph.scope("pool")
    maxima, places = scope.finish(pool.to_onnx(scope, image), pool.infer(tensor("n 2 h w")), ("output", "indices"))
    scope, unpool = graph.scope("unpool"), MaxUnpool2d(kernel_size=2)
    result = unpool.infer(maxima.tensor, places.tensor)
    graph.output(*scope.finish(unpool.to_onnx(scope, maxima, places), [result]), "back")
    model = graph.model("there and back")
    check_model(model)
    x = torch.randn(3, 2, 6, 8, generator=torch.Generator().manual_seed(0))
    given = open_session(to_bytes(model), threads=1).run({"image": x.numpy()})["back"]
    wanted = torch.nn.functional.max_unpool2d(*torch.nn.functional.max_pool2d(x, 2, return_indices=True), 2)
    assert np.array_equal(given, wanted.numpy())
