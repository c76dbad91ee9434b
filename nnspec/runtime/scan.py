"""A look at an ONNX file before onnxruntime sees it: is it whole, of a sensible size, and by itself.

Reads protobuf's wire format, just deep enough for the few fields that matter: a file can be refused in milliseconds
that onnxruntime would load for a minute, or that would have it read files beside the model.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_NODES = 200_000  # onnxruntime needs more than 25 s to load 300,000
MAX_DIGITS = 40  # of a place in a file
MAX_DEPTH = 20  # of graphs within nodes
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_FUNCTIONS = 7, 25
_GRAPH_NODES, _GRAPH_TENSORS, _GRAPH_SPARSE = 1, 5, 15
_NODE_TYPE, _NODE_ATTRIBUTES, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = (5, 10), (6, 11)
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_FUNCTION_NODES = 7

Wire = int | memoryview  # what a field holds: a number, or bytes


class ModelFileError(Exception):
    """Why a file is refused."""


@dataclass(slots=True)
class _Scan:
    folder: Path | None  # where files beside the model may stand
    nodes: int = 0
    domains: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)  # of the files that hold weights

    def model(self, data: memoryview) -> None:
        graphs = 0
        for number, value in _fields(data):
            if number == _MODEL_GRAPH:
                graphs += 1
                self.graph(_message(value), 0)
            if number == _MODEL_FUNCTIONS:
                for inner, node in _fields(_message(value)):
                    if inner == _FUNCTION_NODES:
                        self.node(_message(node), 0)
        if graphs != 1:
            raise ModelFileError("it holds no network")

    def graph(self, data: memoryview, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ModelFileError(f"its graphs are nested more than {MAX_DEPTH} deep")
        for number, value in _fields(data):
            if number == _GRAPH_NODES:
                self.node(_message(value), depth)
            if number == _GRAPH_TENSORS:
                self.tensor(_message(value))
            if number == _GRAPH_SPARSE:
                raise ModelFileError("it holds sparse tensors, which nnspec does not run")

    def node(self, data: memoryview, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ModelFileError(f"it has more than {MAX_NODES:,} nodes")
        domain = op_type = ""
        for number, value in _fields(data):
            if number == _NODE_ATTRIBUTES:
                self.attribute(_message(value), depth)
            if number == _NODE_TYPE:
                op_type = _text(value)
            if number == _NODE_DOMAIN:
                domain = _text(value)
        if domain not in DOMAINS:
            raise ModelFileError(f"its node {op_type} is from the domain '{domain}', which onnxruntime does not have")

    def attribute(self, data: memoryview, depth: int) -> None:
        for number, value in _fields(data):
            if number in _ATTRIBUTE_TENSORS:
                self.tensor(_message(value))
            if number in _ATTRIBUTE_GRAPHS:
                self.graph(_message(value), depth + 1)

    def tensor(self, data: memoryview) -> None:
        external, place = False, dict[str, str]()
        for number, value in _fields(data):
            external |= number == _TENSOR_LOCATION and bool(value)
            if number == _TENSOR_EXTERNAL:
                entry = dict(_fields(_message(value)))
                key, value = (entry.get(field, memoryview(b"")) for field in (_ENTRY_KEY, _ENTRY_VALUE))
                place[_text(key)] = _text(value)
        if external or place:
            self.beside(place)

    def beside(self, place: dict[str, str]) -> None:
        """Refuse weights that stand anywhere but in a plain file of this folder, or beyond its end."""
        if self.folder is None:
            raise ModelFileError("its weights are kept in other files, which bytes alone do not have")
        name = place.get("location", "")
        if name not in self.sizes:
            self.sizes[name] = _size_beside(self.folder, name)
        offset, length = (place.get(key, "0") for key in ("offset", "length"))
        whole = offset.isdecimal() and length.isdecimal() and len(offset + length) < MAX_DIGITS
        if not whole or int(offset) + int(length) > self.sizes[name]:
            raise ModelFileError(f"its weights do not stand in {name}, which is another model's or cut short")


def scan(data: bytes, folder: Path | None = None) -> bool:
    """Refuse, as ModelFileError, bytes that are no ONNX model or one that should not be loaded.

    Returns:
        Whether its weights stand in files beside it, which must be plain files of `folder`.
    """
    if not data:
        raise ModelFileError("it is empty")
    found = _Scan(folder)
    found.model(memoryview(data))
    return bool(found.sizes)


def _size_beside(folder: Path, name: str) -> int:
    """The size of a plain file of a folder, which no link leads to or from."""
    if not name or name in (".", "..") or set(name) & set("/\\:\0"):
        raise ModelFileError("its weights are kept in another folder, which nnspec does not open")
    try:
        found = (folder / name).lstat()
    except OSError:
        raise ModelFileError(f"the file with its weights, {name}, does not stand beside it") from None
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise ModelFileError(f"the file with its weights, {name}, is a link or no plain file")
    return found.st_size


def _fields(data: memoryview) -> Iterator[tuple[int, Wire]]:
    """Field numbers and values of one message."""
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if not number:
            raise ModelFileError("it is not an ONNX model")
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        length, position = _length(data, position, kind)
        if position + length > end:
            raise ModelFileError("it is cut short, or not an ONNX model")
        yield number, data[position : position + length]
        position += length


def _length(data: memoryview, position: int, kind: int) -> tuple[int, int]:
    if kind == _BYTES:
        return _varint(data, position)
    if kind not in (_FIXED32, _FIXED64):
        raise ModelFileError("it is not an ONNX model")
    return (4 if kind == _FIXED32 else 8), position


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
    raise ModelFileError("it is cut short, or not an ONNX model")


def _message(value: Wire) -> memoryview:
    if isinstance(value, int):
        raise ModelFileError("it is not an ONNX model")
    return value


def _text(value: Wire) -> str:
    return bytes(_message(value)).decode("utf-8", "replace")
