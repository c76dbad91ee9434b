"""The reference networks for images and texts at full size: each goes into an ONNX file that is proven."""

from pathlib import Path

import pytest
import torch

import nnspec
from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.exporting.beside import is_large, written_aside
from nnspec.exporting.builder import check_file, to_bytes
from nnspec.exporting.cases import Examples
from nnspec.exporting.lower import lower
from nnspec.exporting.verify import Trained, prove
from nnspec.prepare import Preparation
from nnspec.runtime import open_session
from nnspec.templates import templates

SPECS = Path(__file__).parents[2] / "specs"
# Batches of 1, 2 and 7 and one row more. Sums of thousands of terms differ by the order in which they are added up.
VERIFY = "export={verify: {examples: 1, atol: 1e-3, rtol: 1e-3}}"
NAMES = [template.name for template in templates() if "/" in template.name]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_network_of_full_size_is_proven(name, tmp_path):
    network = nnspec.load(SPECS / f"{name}.yaml", [VERIFY])
    torch.manual_seed(0)
    module = load(write(network.graph), "net.py", {}).eval()
    subject = Trained(network.spec, network.graph, module, Preparation({}, {}), Examples())
    weights = {title: tensor.numpy() for title, tensor in module.state_dict().items()}
    model = lower(network.spec, network.graph, weights, subject.preparation, opset=20)
    if not is_large(model):
        assert prove(open_session(to_bytes(model)), subject).proven
        return
    with written_aside(model, tmp_path / "net.onnx") as aside:
        check_file(aside)
        assert prove(open_session(aside), subject).proven
