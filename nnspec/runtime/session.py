"""An ONNX file opened in onnxruntime: where it really runs, what it takes, and checks of what it is given."""

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

# onnxruntime reads this when it is first imported; a user's own choice stands.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from nnspec.diagnostics import Note, SpecError, did_you_mean
from nnspec.runtime.arrays import Array, Slot, check_lengths, checked_array
from nnspec.runtime.scan import ModelFileError, scan

ORT_VERSION: str = ort.__version__
MAX_BYTES = 2 * 1024**3 - 1  # protobuf's own limit for one file

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
# What `auto` tries, best first.
FASTEST = ("cuda", "rocm", "migraphx", "directml")

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "string",
}

# Each derives from Exception alone, so there is no common class to catch.
ORT_ERRORS = (
    ort_errors.EPFail,
    ort_errors.EngineError,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    RuntimeError,
    ValueError,
)


class Session:
    """An opened model. `run` takes and gives arrays by name."""

    def __init__(self, ort_session: ort.InferenceSession, name: str) -> None:
        self.name = name
        self.inputs = {slot.name: slot for slot in map(_slot, ort_session.get_inputs())}
        self.outputs = {slot.name: slot for slot in map(_slot, ort_session.get_outputs())}
        self.providers: tuple[str, ...] = tuple(ort_session.get_providers())
        self.metadata: dict[str, str] = dict(ort_session.get_modelmeta().custom_metadata_map)
        self._session = ort_session

    @cached_property
    def described_inputs(self) -> dict[str, dict[str, Any]]:
        """Columns, shape and dtype of each input as nnspec wrote them; empty for a file made elsewhere."""
        return self._described("nnspec.inputs")

    @cached_property
    def described_outputs(self) -> dict[str, dict[str, Any]]:
        """What each output means, as nnspec wrote it; empty for a file made elsewhere."""
        return self._described("nnspec.outputs")

    def run(self, arrays: Mapping[str, Any]) -> dict[str, Array]:
        """The file's outputs for one batch of inputs, checked first."""
        feeds = self._checked(arrays)
        try:
            found = self._session.run(None, feeds)
        except ORT_ERRORS as error:
            shapes = [Note("input", f"{name}: {array.dtype} {array.shape}") for name, array in feeds.items()]
            raise SpecError.of(
                "model-file", f"{self.name} cannot run on what it was given: {first_line(error)}", notes=shapes
            ) from error
        return dict(zip(self.outputs, found, strict=True))

    def _described(self, key: str) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self.metadata.get(key, "{}"))
        except json.JSONDecodeError as error:
            raise model_error(self.name, f"its metadata {key} are not JSON") from error
        if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
            raise model_error(self.name, f"its metadata {key} are not what nnspec writes")
        return found

    def _checked(self, arrays: Mapping[str, Any]) -> dict[str, Array]:
        missing = [name for name in self.inputs if name not in arrays]
        unknown = [name for name in arrays if name not in self.inputs]
        if missing or unknown:
            raise self._wrong_names(missing, unknown)
        feeds = {name: checked_array(slot, arrays[name]) for name, slot in self.inputs.items()}
        check_lengths(self.inputs, feeds)
        return feeds

    def _wrong_names(self, missing: Sequence[str], unknown: Sequence[str]) -> SpecError:
        wanted = ", ".join(self.inputs)
        if missing:
            near = did_you_mean(missing[0], unknown) and f"'{unknown[0]}' is not one of its inputs: {wanted}"
            message = f"{self.name} needs the input{'s' * (len(missing) > 1)} {', '.join(missing)}"
            return SpecError.of("data-value", message, help=near or f"its inputs are {wanted}")
        help = did_you_mean(unknown[0], self.inputs) or f"its inputs are {wanted}"
        return SpecError.of("data-value", f"{self.name} has no input '{unknown[0]}'", help=help)


def open_session(model: Path | str | bytes, device: str = "cpu", *, threads: int = 0, name: str = "") -> Session:
    """A model's file, or its bytes, on a device: `cpu`, `cuda`, `cuda:1`, `auto`, … Never on another one silently.

    `threads` 0 leaves the number to onnxruntime.
    """
    title = name or ("the model" if isinstance(model, bytes) else str(model))
    data = model if isinstance(model, bytes) else read_model(Path(model))
    try:
        beside = scan(data, None if isinstance(model, bytes) else Path(model).resolve().parent)
    except ModelFileError as error:
        raise model_error(title, str(error)) from error
    providers = providers_of(device)
    # What stands beside a file is found from its path alone.
    given = str(Path(str(model)).resolve()) if beside else data
    session = Session(_open(given, title, providers, threads), title)
    if session.providers[: len(providers)] != tuple(provider for provider, _ in providers):
        raise SpecError.of(
            "device",
            f"{title} was to run on {device}, but onnxruntime opened it on {_names(session.providers)}",
            help="look at the driver and its libraries; `device: cpu` always runs",
        )
    return session


def providers_of(device: str) -> list[tuple[str, dict[str, Any]]]:
    """onnxruntime's execution providers for a device, the processor last: some nodes run there everywhere."""
    available = ort.get_available_providers()
    if device == "auto":
        device = next((name for name in FASTEST if PROVIDERS[name] in available), "cpu")
    kind, _, index = device.partition(":")
    if kind not in PROVIDERS or (index and not index.isdecimal()):
        known = ["auto", *PROVIDERS]
        help = did_you_mean(kind, known) if kind not in PROVIDERS else "a number may follow, as in cuda:1"
        raise SpecError.of("device", f"no device is named '{device}'", help=help or f"known are {', '.join(known)}")
    if PROVIDERS[kind] not in available:
        raise SpecError.of(
            "device",
            f"onnxruntime has no {PROVIDERS[kind]} here; it has {_names(available)}",
            help="install onnxruntime-gpu in place of onnxruntime, or use cpu" if kind in ("cuda", "tensorrt") else "",
        )
    cpu: tuple[str, dict[str, Any]] = (PROVIDERS["cpu"], {})
    return [cpu] if kind == "cpu" else [(PROVIDERS[kind], {"device_id": int(index)} if index else {}), cpu]


def read_model(path: Path) -> bytes:
    """A model's bytes, or SpecError."""
    try:
        status = path.stat()
        # Asked before opening: to open a FIFO waits for ever, and a device never ends.
        if not stat.S_ISREG(status.st_mode):
            raise model_error(str(path), "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is not a plain file")
        if status.st_size > MAX_BYTES:
            raise model_error(str(path), f"it is larger than {MAX_BYTES / 1024**3:.0f} GiB")
        return path.read_bytes()
    except FileNotFoundError:
        raise model_error(str(path), "there is no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise model_error(str(path), reason.lower()) from None


def model_error(name: str, reason: str) -> SpecError:
    """A model file that cannot be used."""
    return SpecError.of("model-file", f"{name} cannot be used: {reason}")


def first_line(error: BaseException) -> str:
    """The first line of onnxruntime's own message, without its number and kind."""
    text = str(error).strip() or type(error).__name__
    return re.sub(r"^\[ONNXRuntimeError\] : (\d+ : \w+ : )?", "", text.splitlines()[0])[:300]


def _open(
    data: bytes | str, name: str, providers: list[tuple[str, dict[str, Any]]], threads: int
) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4  # fatal only: what goes wrong is raised
    options.intra_op_num_threads = threads
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    try:
        return ort.InferenceSession(data, options, providers=providers, enable_fallback=0)
    except ORT_ERRORS as error:
        raise model_error(name, first_line(error)) from error


def _slot(node: Any) -> Slot:
    shape = tuple(size if isinstance(size, int) else size or None for size in node.shape)
    return Slot(node.name, DTYPES.get(node.type, node.type), shape)


def _names(providers: Sequence[str]) -> str:
    return ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
