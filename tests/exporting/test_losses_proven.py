"""Every loss: what the exported file answers is what PyTorch answers, probabilities and classes among it."""

import json

import numpy as np
import pytest
from exported import lowered, network, trained

from nnspec.exporting.builder import to_bytes
from nnspec.exporting.verify import prove
from nnspec.objectives import LOSSES
from nnspec.runtime import open_session

ENDS = {
    "NLLLoss": "{LogSoftmax: {dim: 1}}",
    "KLDivLoss": "{LogSoftmax: {dim: 1}}",
    "BCELoss": "Sigmoid",
    "PerceptronLoss": "{Heaviside: 0.0}",
}


@pytest.mark.parametrize(
    ("loss", "shapes"), [(loss, shapes) for loss in LOSSES for shapes in LOSSES[loss].examples if len(shapes) == 3]
)
def test_the_file_answers_as_pytorch_does(loss, shapes, tmp_path):
    features, arguments = int(shapes[2:]), LOSSES[loss].examples[shapes]
    layers = ", ".join([f"{{Linear: {features}}}", *([ENDS[loss]] if loss in ENDS else [])])
    chosen = f"{{loss: {{{loss}: {json.dumps(arguments)}}}}}"
    subject = trained(network(f"[{layers}]", outputs=f"{{y: {chosen}}}"))
    path = tmp_path / "net.onnx"
    path.write_bytes(to_bytes(lowered(subject)))
    proof = prove(open_session(path), subject)
    (found,) = proof.outputs
    assert found.failure is None
    described = LOSSES[loss](**arguments)
    assert (found.other_classes is None) == (described.reads == "values")
    assert (found.max_abs is None) == (described.reads != "values" and not described.probabilistic)


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "FocalLoss"])
def test_classes_may_stand_on_the_last_axis(loss):
    layers, outputs = "[{LSTM: 6}, {Linear: 4}]", f"{{y: {{classes: [a, b, c, d], loss: {{{loss}: {{dim: -1}}}}}}}}"
    subject = trained(network(layers, inputs="{x: [t, 3]}", outputs=outputs))
    session = open_session(to_bytes(lowered(subject)))
    (found,) = prove(session, subject).outputs
    assert found.failure is None
    answers = session.run({"x": np.ones((2, 5, 3), np.float32)})
    assert answers["y_probabilities"].shape == (2, 5, 4)
    np.testing.assert_allclose(answers["y_probabilities"].sum(axis=2), 1, rtol=1e-5)
    names = np.array(["a", "b", "c", "d"])[answers["y_probabilities"].argmax(axis=2)]
    assert answers["y"].tolist() == names.tolist()
