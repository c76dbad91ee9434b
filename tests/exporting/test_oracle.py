"""torch's own exporter as an oracle: its file and ours give the same answers, and ours takes a fraction of its time."""

import io
import time
import warnings

import numpy as np
import pytest
import torch
from exported import golden, lowered, trained

from nnspec.codegen.load import evaluate
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.verify import Trained
from nnspec.pycode import name as code_name
from nnspec.runtime import open_session

pytestmark = pytest.mark.slow

SIZES = {"batch": 3, "T": 6}
OTHER_SIZES = {"batch": 5, "T": 9}


def rows(subject: Trained, sizes: dict[str, int]) -> list[torch.Tensor]:
    torch.manual_seed(1)
    shapes = [(x.bind(sizes).shape, x.is_float) for x in subject.graph.inputs.values()]
    return [torch.randn(shape) if is_float else torch.randint(0, 5, shape) for shape, is_float in shapes]


def torchs_own(subject: Trained) -> bytes:
    # Exporting a second recurrent net with a dynamic length fails while the first one's decomposition is cached.
    for operator in (torch.ops.aten.lstm.input, torch.ops.aten.gru.input):
        operator._dispatch_cache.clear()
    names = [str(size) for x in subject.graph.inputs.values() for size in x.shape if not isinstance(size, int)]
    dims = {name: torch.export.Dim(name) for name in names}
    dynamic = tuple(
        {axis: dims[str(size)] for axis, size in enumerate(x.shape) if not isinstance(size, int)}
        for x in subject.graph.inputs.values()
    )
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own insides
        program = torch.onnx.export(
            subject.module, tuple(rows(subject, SIZES)), dynamo=True, dynamic_shapes=dynamic, verbose=False
        )
        program.save(file)
    return file.getvalue()


def answered(subject: Trained, results: list[np.ndarray]) -> dict[str, np.ndarray]:
    found = {}
    for output, result in zip(subject.spec.outputs.values(), results, strict=True):
        if output.loss and output.loss.probabilistic:
            answer = evaluate(output.loss.answer(code_name("y")), {"y": torch.from_numpy(result)})
            found[f"{output.name}_probabilities"] = answer.numpy()
        else:
            found[output.name] = result
    return found


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm", "residual", "two_towers"])
def test_torchs_exporter_agrees_and_takes_far_longer(name):
    subject = trained(golden(name))
    torchs_own(subject)  # the first export loads what the others share
    start = time.perf_counter()
    theirs = open_session(torchs_own(subject))
    middle = time.perf_counter()
    ours = open_session(to_bytes(lowered(subject)))
    end = time.perf_counter()
    given = dict(zip(subject.graph.inputs, rows(subject, OTHER_SIZES), strict=True))
    wanted = theirs.run({name: given[name].numpy() for name in theirs.inputs})
    found = ours.run({name: given[name].numpy() for name in ours.inputs})
    for output, values in answered(subject, list(wanted.values())).items():
        np.testing.assert_allclose(found[output], values, rtol=1e-4, atol=1e-5)
    assert end - middle < (middle - start) / 20  # both with opening the session
