"""cryoSPARC's .cs datasets: one NumPy record a particle, micrograph or movie. Nothing in them is ever unpickled.

The metadata that `inspect` gives, JSON-ready::

    kind        particles, micrographs, movies, volumes or other
    project, job  P12 and J24, as far as the file name says them
    blocks      {"": {columns, row_count, is_loop}} as for STAR tables
    references  [{block, column, files: {path: highest index or null}, complete}], indices count from 1
    ranges      {column: [minimum, maximum]} of optics, defocus, pixel sizes
    shapes      {column: [lengths]} of the arrays referred to, where all have the same
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from micrographia.formats.description import Contents, UnreadableError
from micrographia.formats.file_object import SourceFile
from micrographia.formats.source import ByteSource
from micrographia.model.finding import Finding

_BLOCK_BYTES = 1 << 23
_LONGEST_HEADER_BYTES = 1 << 20
_MOST_FILES = 100_000
_RANGES = re.compile(
    r"^(ctf/(accel_kv|cs_mm|amp_contrast|df1_A|df2_A|phase_shift_rad)|.*psize_A|mscope_params/(accel_kv|cs_mm|total_dose_e_per_A2))$"
)
_NAME = re.compile(r"(?:^|_)(P\d+)_(J\d+)(?:_|\.)")
_KINDS = (("blob/path", "particles"), ("map/path", "volumes"), ("micrograph_blob/path", "micrographs"), ("movie_blob/path", "movies"))


def read_columns(source: ByteSource, columns: Collection[str]) -> dict[str, NDArray[Any]]:
    """Return whole columns of a dataset; those that it lacks are left out. UnreadableError when it is none."""
    dtype, _, _ = _header(source)
    names = [name for name in columns if name in (dtype.names or ())]
    pieces: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for rows in _rows(source):
        for name in names:
            pieces[name].append(rows[name].copy())
    return {name: np.concatenate(parts) if parts else np.empty(0, dtype[name]) for name, parts in pieces.items()}


def inspect(source: ByteSource, path: str) -> Contents:
    """Return columns, row count and the files that a dataset refers to; UnreadableError when it is cut off or malformed."""
    head = source.read(0, min(6, source.size))
    if head != npy.MAGIC_PREFIX:  # newer datasets are compressed streams, and C# has the same ending
        what = "a compressed dataset" if head == b"\x94CSDAT" else "another format"
        message = f"{path} is {what}: it is stored, not interpreted."
        return Contents(remarks=(Finding("cryosparc.format", "warning", path, message, what, "an uncompressed .cs dataset"),))
    dtype, count, _ = _header(source)
    columns = list(dtype.names or ())
    references = {name: _References() for name in columns if name.endswith("path") and dtype[name].kind in "SU"}
    ranges: dict[str, list[float]] = {}
    shapes: dict[str, list[int] | None] = {}
    for rows in _rows(source):
        for name, reference in references.items():
            index = name.removesuffix("path") + "idx"
            reference.add(rows[name], rows[index] if index in columns and dtype[index].kind in "iu" else None)
        for name in columns:
            if dtype[name].kind in "iuf" and _RANGES.match(name):
                _widen(ranges, name, rows[name])
            elif name.endswith("/shape") and dtype[name].subdtype is not None:
                _same(shapes, name, rows[name])
    metadata: dict[str, Any] = {
        "kind": next((kind for column, kind in _KINDS if column in columns), "other"),
        "blocks": {"": {"columns": columns, "row_count": count, "is_loop": True}},
        "references": [reference.as_json(name) for name, reference in references.items() if reference.files],
        "ranges": ranges,
        "shapes": {name: shape for name, shape in shapes.items() if shape},
    }
    if match := _NAME.search(source.name):
        metadata |= {"project": match[1], "job": match[2]}
    return Contents(metadata=metadata)


def _header(source: ByteSource) -> tuple[np.dtype[Any], int, int]:
    """Return (record type, rows, first byte of the records), compared with the size of the file before anything is read."""
    file = SourceFile(source)
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, is_fortran, dtype = read(file, max_header_size=_LONGEST_HEADER_BYTES)
    except (ValueError, SyntaxError, TypeError, EOFError, MemoryError, RecursionError) as exc:
        raise _unreadable(source, f"{type(exc).__name__}: {exc}", "the header of a NumPy file") from exc
    if dtype.names is None or dtype.itemsize == 0 or len(shape) != 1 or shape[0] < 0 or is_fortran:
        raise _unreadable(source, f"an array of {dtype} with shape {shape}", "a list of records")
    if dtype.hasobject:
        raise _unreadable(source, "pickled objects", "numbers and text", rule="cryosparc.objects")
    count, start = int(shape[0]), file.tell()
    if start + count * dtype.itemsize > source.size:
        raise _unreadable(source, f"{source.size} bytes", f"{start + count * dtype.itemsize} bytes for {count} rows", rule="cryosparc.size")
    return dtype, count, start


def _rows(source: ByteSource) -> Iterator[NDArray[Any]]:
    dtype, count, start = _header(source)
    step = max(1, _BLOCK_BYTES // max(1, dtype.itemsize))
    for first in range(0, count, step):
        rows = min(step, count - first)
        yield np.frombuffer(source.read(start + first * dtype.itemsize, rows * dtype.itemsize), dtype)


class _References:
    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self._is_complete = True

    def add(self, paths: NDArray[Any], indices: NDArray[Any] | None) -> None:
        names, inverse = np.unique(paths, return_inverse=True)
        highest = np.zeros(len(names), np.int64)
        if indices is not None:
            np.maximum.at(highest, inverse, indices.astype(np.int64) + 1)
        for name, index in zip(names.tolist(), highest.tolist(), strict=True):
            file = (name.decode("utf-8", "replace") if isinstance(name, bytes) else name).lstrip(">")
            if not file:
                continue
            if file not in self.files and len(self.files) >= _MOST_FILES:
                self._is_complete = False
            else:
                self.files[file] = max(index, self.files.get(file, 0))

    def as_json(self, column: str) -> dict[str, Any]:
        files = {file: index or None for file, index in self.files.items()}
        return {"block": "", "column": column, "files": files, "complete": self._is_complete}


def _widen(ranges: dict[str, list[float]], name: str, values: NDArray[Any]) -> None:
    finite = values[np.isfinite(values)]
    if finite.size:
        low, high = ranges.get(name, (np.inf, -np.inf))
        # float32 has seven digits: 2.7, not 2.700000047683716
        ranges[name] = [float(f"{v:.7g}") for v in (min(low, float(finite.min())), max(high, float(finite.max())))]


def _same(shapes: dict[str, list[int] | None], name: str, values: NDArray[Any]) -> None:
    first = values[0].tolist()
    known = shapes.setdefault(name, first)
    if known != first or (values != values[0]).any():
        shapes[name] = None


def _unreadable(source: ByteSource, found: str, expected: str, *, rule: str = "cryosparc.unreadable") -> UnreadableError:
    return UnreadableError(rule, f"{source.name} cannot be read as a cryoSPARC dataset.", found=found[:200], expected=expected)
