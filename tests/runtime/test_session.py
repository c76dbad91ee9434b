"""Opening a model: files that are none, devices that are not there, inputs that do not fit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from nnspec.diagnostics import SpecError
from nnspec.runtime.session import Session, open_session


def small_model(domain: str = "", op_type: str = "Add") -> onnx.ModelProto:
    """y = x + [1, 2, 3], beside whole numbers that pass through."""
    values = helper.make_tensor("offset", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
    nodes = [
        helper.make_node(op_type, ["x", "offset"], ["y"], name="add", domain=domain),
        helper.make_node("Identity", ["index"], ["same"], name="same"),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("index", TensorProto.INT64, ["batch"]),
    ]
    outputs = [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("same", TensorProto.INT64, ["batch"]),
    ]
    graph = helper.make_graph(nodes, "small", inputs, outputs, [values])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


@pytest.fixture(scope="module")
def session() -> Session:
    return open_session(small_model().SerializeToString(), name="small.onnx")


def message(model: Path | bytes, device: str = "cpu") -> str:
    with pytest.raises(SpecError) as error:
        open_session(model, device, name="m.onnx" if isinstance(model, bytes) else Path(model).name)
    return str(error.value)


def complaint(session: Session, **arrays: object) -> str:
    with pytest.raises(SpecError) as error:
        session.run(arrays)
    return str(error.value)


def test_a_session_says_what_it_takes_and_gives_and_where_it_runs(session: Session):
    assert {name: str(slot) for name, slot in session.inputs.items()} == {
        "x": "float32 (batch, 3)",
        "index": "int64 (batch)",
    }
    assert list(session.outputs) == ["y", "same"]
    assert session.providers == ("CPUExecutionProvider",)
    assert session.described_inputs == {}


def test_numbers_of_other_widths_are_cast(session: Session):
    given = {"x": np.zeros((2, 3)), "index": np.array([3, 4], dtype=np.int32)}
    found = session.run(given)
    assert found["y"].dtype == np.float32
    assert found["y"].tolist() == [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
    assert found["same"].tolist() == [3, 4]
    assert session.run({"x": [[0, 0, 0]], "index": [True]})["same"].tolist() == [1]


ROW = np.zeros((1, 3), np.float32)


def test_inputs_that_do_not_fit_are_told(session: Session):
    assert complaint(session, x=ROW) == (
        "error[data-value]: small.onnx needs the input index\n  help  its inputs are x, index"
    )
    assert complaint(session, x=ROW, index=[0], indx=[0]) == (
        "error[data-value]: small.onnx has no input 'indx'\n  help  did you mean 'index'?"
    )
    assert complaint(session, x=ROW, indx=[0]) == (
        "error[data-value]: small.onnx needs the input index\n  help  'indx' is not one of its inputs: x, index"
    )
    assert complaint(session, x=[["a", "b", "c"]], index=[0]) == (
        "error[data-value]: the input x takes float32, got text"
    )
    assert complaint(session, x=ROW, index=[0.5]) == (
        "error[data-value]: the input index takes int64, got float64\n"
        "  help  whole numbers are indices: round them where they are made, so that nothing is cut off unseen"
    )
    assert complaint(session, x=ROW, index=np.array([2**63], dtype=np.uint64)) == (
        "error[data-value]: the input index takes int64, and a value is out of its range"
    )
    assert complaint(session, x=np.array([[1, None, "a"]], dtype=object), index=[0]) == (
        "error[data-value]: the input x takes float32, got objects of type NoneType, int, str"
    )
    assert complaint(session, x=np.zeros((1, 4)), index=[0]) == (
        "error[data-shape]: the input x takes float32 (batch, 3), got the shape (1, 4)"
    )
    assert complaint(session, x=np.zeros((2, 3)), index=[0]) == (
        "error[data-shape]: the length batch is 2 in the input x and 1 in index\n"
        "  help  it is one length: give every input as much of it"
    )


def test_files_that_are_no_models_are_told(tmp_path: Path):
    whole = small_model().SerializeToString()
    files = {
        "empty.onnx": b"",
        "cut.onnx": whole[:-20],
        "text.onnx": b"nnspec: 1\ninputs: {}\n",
        "none.onnx": b"\x08\x09",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    said = {name: message(tmp_path / name) for name in [*files, "absent.onnx", "."]}
    assert said == {
        "empty.onnx": "error[model-file]: empty.onnx cannot be used: it is empty",
        "cut.onnx": "error[model-file]: cut.onnx cannot be used: it is cut short, or not an ONNX model",
        "text.onnx": "error[model-file]: text.onnx cannot be used: it is not an ONNX model",
        "none.onnx": "error[model-file]: none.onnx cannot be used: it holds no network",
        "absent.onnx": f"error[model-file]: {tmp_path / 'absent.onnx'} cannot be used: there is no such file",
        ".": f"error[model-file]: {tmp_path} cannot be used: it is a folder",
    }


def test_a_device_is_no_model():
    assert message(Path("/dev/zero")) == "error[model-file]: /dev/zero cannot be used: it is not a plain file"


def test_every_cut_of_a_model_is_refused_without_a_crash():
    whole = small_model().SerializeToString()
    for length in range(0, len(whole) - 1, 7):
        assert message(whole[:length]).startswith("error[model-file]: m.onnx cannot be used: ")


def test_foreign_operators_are_refused():
    assert message(small_model(domain="com.example", op_type="Solve").SerializeToString()) == (
        "error[model-file]: m.onnx cannot be used: "
        "its node Solve is from the domain 'com.example', which onnxruntime does not have"
    )
    unknown = message(small_model(op_type="Nonsense").SerializeToString())  # the words are onnxruntime's
    assert unknown.startswith("error[model-file]: m.onnx cannot be used: This is an invalid model.")
    assert unknown.endswith("No Op registered for Nonsense with domain_version of 20")


def test_weights_in_other_files_are_refused():
    model = small_model()
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="../../secret")
    assert message(model.SerializeToString()) == (
        "error[model-file]: m.onnx cannot be used: its weights are kept in other files, which bytes alone do not have"
    )


def test_a_device_that_is_not_there_is_no_silent_processor():
    whole = small_model().SerializeToString()
    assert message(whole, "cdua") == "error[device]: no device is named 'cdua'\n  help  did you mean 'cuda'?"
    assert message(whole, "cuda:x") == (
        "error[device]: no device is named 'cuda:x'\n  help  a number may follow, as in cuda:1"
    )
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        assert message(whole, "cuda:1").startswith(
            "error[device]: onnxruntime has no CUDAExecutionProvider here; it has "
        )
        assert open_session(whole, "auto").providers == ("CPUExecutionProvider",)


TELEMETRY = """
import os, sys
assert "onnxruntime" not in sys.modules
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print("set" if os.environ.get("ORT_DISABLE_TELEMETRY") else "not set")
sys.meta_path.insert(0, Watch())
from nnspec.runtime import predict, session
print(sorted({"torch", "onnx"} & set(sys.modules)))
session.open_session(sys.stdin.buffer.read())
"""


def test_onnxruntime_is_opened_quietly_and_without_torch(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", TELEMETRY],
        input=small_model().SerializeToString(),
        capture_output=True,
        env={"HOME": str(tmp_path), "PATH": ""},
        check=True,
    )
    assert done.stdout.decode().splitlines() == ["set", "[]"]
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []
