"""PyTorch's own samples by value: our text makes the module that PyTorch's class makes, onnxruntime answers as it does.

Weights and running statistics are the same in both, and drawn anew, since fresh ones hide much.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from test_torch_samples import CASES, INFERRED, RECURRENT, Call, left_out, torchs_answer
from torch import nn

from nnspec.codegen.load import defined, evaluate, outputs_of
from nnspec.exporting.builder import GraphBuilder, to_bytes
from nnspec.layers import Layer, find, names_in
from nnspec.layers.layer import NotInOnnx
from nnspec.pycode import name
from nnspec.runtime import open_session
from nnspec.shapes import BATCH, Tensor

NOT_OURS = {*INFERRED, "batch_first", "embed_dim", "d_model"}
# Samples that export refuses, by module: batch norms that keep no running statistics.
NOT_IN_ONNX = {"BatchNorm1d": 1, "BatchNorm2d": 1, "BatchNorm3d": 2}
RANDOM = ("FractionalMaxPool2d", "FractionalMaxPool3d")  # in evaluation too


def calls() -> list[Call]:
    """The samples that the language has, and PyTorch accepts."""
    found = [Call(*json.loads(line)) for line in (CASES / "torch_samples.jsonl").read_text().splitlines()]
    return [call for call in found if not left_out(call) and torchs_answer(call) and call.module not in RANDOM]


def modules() -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in calls():
        found.setdefault(call.module, []).append(call)
    return found


def sides(call: Call) -> tuple[Layer, list[Tensor], nn.Module, list[torch.Tensor]]:
    """Our layer with the tensors that it takes; PyTorch's module, its state drawn anew, with values."""
    arguments = {key: value for key, value in call.arguments.items() if key not in NOT_OURS}
    layer_type = find(call.module)
    assert layer_type is not None
    layer = layer_type(**arguments)
    indices = call.module.startswith("Embedding")
    takes = [Tensor((BATCH, *sizes[1:]), "int64" if indices else "float32") for sizes in call.inputs]
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in call.arguments.items()}
    theirs = getattr(nn, call.module)(**given).eval()
    for key, tensor in theirs.state_dict().items():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5) if key.endswith("var") else tensor.uniform_(-0.5, 0.5)
    if indices:
        return layer, takes, theirs, [torch.randint(call.arguments["num_embeddings"], sizes) for sizes in call.inputs]
    return layer, takes, theirs, [torch.randn(sizes) for sizes in call.inputs]


def ours_and_theirs(call: Call) -> Iterator[tuple[list[Any], list[Any]]]:
    """The answers of our module beside PyTorch's, then those of onnxruntime."""
    layer, takes, theirs, values = sides(call)
    gives = layer.infer(*takes)
    gives = gives if isinstance(gives, tuple) else (gives,)
    codes = {f"x{place}": value for place, value in enumerate(values)}
    made = layer.module(*takes)
    module = evaluate(made, defined(type(layer))).eval() if made else None
    if module:
        module.load_state_dict(theirs.state_dict())
    variables = [name(key) for key in codes]
    code = layer.call(takes, name("module"), *variables) if module else layer.code(takes, *variables)
    with torch.no_grad():
        wanted = (
            outputs_of(layer, theirs(*values), len(gives)) if call.module in RECURRENT else _listed(theirs(*values))
        )
        yield outputs_of(layer, evaluate(code, {"module": module, **codes}), len(gives)), wanted
    yield _onnx(layer, takes, gives, module, values), wanted


def _onnx(layer: Layer, takes: list[Tensor], gives: tuple[Tensor, ...], module: Any, values: list[Any]) -> list[Any]:
    state = module.state_dict() if module else {}
    builder = GraphBuilder({f"layer.{key}": tensor.numpy() for key, tensor in state.items()})
    inputs = [builder.input(f"x{place}", x) for place, x in enumerate(takes)]
    scope = builder.scope("layer", "layer")
    names = names_in(layer.target(len(gives)))
    for place, (result, x) in enumerate(
        zip(scope.finish(layer.to_onnx(scope, *inputs), gives, names), gives, strict=True)
    ):
        builder.output(result, f"y{place}", x)
    session = open_session(to_bytes(builder.model("layer")), threads=1)
    answers = session.run({f"x{place}": value.numpy() for place, value in enumerate(values)})
    return [torch.from_numpy(answers[f"y{place}"]) for place in range(len(gives))]


def _listed(value: Any) -> list[torch.Tensor]:
    return list(value) if isinstance(value, tuple) else [value]


@pytest.mark.parametrize("module", modules())
def test_a_module_and_its_onnx_give_pytorchs_values(module):
    torch.manual_seed(0)
    refused = 0
    for call in modules()[module]:
        try:
            for ours, theirs in ours_and_theirs(call):
                assert len(ours) == len(theirs), call
                for one, other in zip(ours, theirs, strict=True):
                    assert np.allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-5, equal_nan=True), call
        except NotInOnnx:
            refused += 1
    assert refused == NOT_IN_ONNX.get(module, 0)
