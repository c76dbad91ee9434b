"""NPZ and NPY files -> named columns: arrays whose first axis counts the rows. Nothing in them is ever unpickled."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text
from nnspec.tables.table import Array, Table

MAX_ARRAY_BYTES = 8 * 10**9  # unpacked: a small zip can hold terabytes


def read_npz(path: Path, name: str) -> Table:
    broken = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
    span = Span(Text(name))
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if unpacked > MAX_ARRAY_BYTES:
                message = f"the file unpacks to {unpacked:,} bytes, more than the {MAX_ARRAY_BYTES:,} that nnspec reads"
                raise SpecError.of("limit", message, span)
            columns = {member.filename.removesuffix(".npy"): _read_array(archive, member, span) for member in members}
    except broken as error:
        message = f"the file is cut short or is not an NPZ file: {error}"
        raise SpecError.of("data-file", message, span, help="write it with numpy.savez(FILE, x=..., y=...)") from None
    if len(columns) < len(members):
        raise SpecError.of("data-file", "two arrays of the file have one name", span)
    _check_lengths(columns, span)
    return Table(name, columns)


def map_npy(path: Path, name: str) -> Table:
    """The array of an NPY file as one column with the file's name. It stays on the disk until rows are asked for."""
    column, span = path.stem, Span(Text(name))
    try:
        with path.open("rb") as file:
            shape, fortran_order, dtype = _read_header(file, column)
            _check_array_type(column, dtype, shape, span)
            start = file.tell()
        _check_size(column, dtype, shape, path.stat().st_size - start)
    except (EOFError, ValueError) as error:
        message = f"the file is cut short or is not an NPY file: {error}"
        raise SpecError.of("data-file", message, span, help="write it with numpy.save(FILE, x)") from None
    if not shape[0]:
        raise SpecError.of("data-file", f"'{column}' has no rows", span)
    array = np.memmap(path, dtype, "r", start, shape, "F" if fortran_order else "C")
    return Table(name, {column: array})


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, span: Span) -> Array:
    column = member.filename.removesuffix(".npy")
    with archive.open(member) as file:
        shape, fortran_order, dtype = _read_header(file, column)
        _check_array_type(column, dtype, shape, span)
        data = file.read()
    _check_size(column, dtype, shape, len(data))
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape, order="F" if fortran_order else "C").astype(dtype.newbyteorder("="), copy=False)


def _read_header(file: IO[bytes], column: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in headers:
        raise ValueError(f"'{column}' is written in version {version} of NumPy's format")
    return headers[version](file)


def _check_size(column: str, dtype: np.dtype[Any], shape: tuple[int, ...], size: int) -> None:
    # The header's own claim decides how much is allocated, so it must agree with what is there.
    if dtype.itemsize * int(np.prod(shape, dtype=object)) != size:
        raise ValueError(f"'{column}' has {size:,} bytes, other than its shape {shape} says")


def _check_array_type(column: str, dtype: np.dtype[Any], shape: tuple[int, ...], span: Span) -> None:
    if dtype.hasobject:
        raise SpecError.of(
            "data-file",
            f"'{column}' holds Python objects (a pickle), which can run code when read",
            span,
            help="store numbers or text: array.astype(float), array.astype(str)",
        )
    if dtype.kind not in "biufU":
        message = f"'{column}' holds {dtype}, where numbers or text are needed"
        raise SpecError.of("data-file", message, span, help="store it with array.astype(float) or array.astype(str)")
    if not shape:
        raise SpecError.of("data-file", f"'{column}' is a single value, not one for each row", span)


def _check_lengths(columns: Mapping[str, Array], span: Span) -> None:
    if not columns:
        raise SpecError.of("data-file", "the file holds no arrays", span)
    (first, array), *others = columns.items()
    if not len(array):
        raise SpecError.of("data-file", f"'{first}' has no rows", span)
    for name, other in others:
        if len(other) != len(array):
            message = f"'{first}' has {len(array):,} rows, '{name}' has {len(other):,}"
            raise SpecError.of("data-file", message, span, help="the first axis counts the examples in every array")
