"""Every loss: what the exported file answers is what PyTorch answers, probabilities and classes among it."""

import json

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
