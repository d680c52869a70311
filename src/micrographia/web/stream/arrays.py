"""Any part of an image as numbers: straight from the file where it lies uncompressed, else through its reader in a worker process."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import IntegrityError, InvalidInputError, TooLargeError
from micrographia.formats.selection import Selection, normalise
from micrographia.imaging.planes import shrink, shrink_by
from micrographia.model.image import RawLayout
from micrographia.model.records import ImageRecord

# one answer; a client that wants more asks in parts
MAX_ANSWER_BYTES = 256 << 20
# a smaller picture may be made from so much
_MOST_SHRUNK_BYTES = 4 << 30
# what is asked may lie scattered over so much of the file
_MOST_TOUCHED_BYTES = 32 << 30
_BAND_BYTES = 64 << 20
_PAGE_BYTES = 4096
# what may be read while everybody else waits: the page cache gives it in a tenth of a millisecond
_IN_LOOP_BYTES = 4 << 20
_READ_NOW_ONLY = getattr(os, "RWF_NOWAIT", 0)


def shrunk_section(
    record: ImageRecord, index: tuple[object, ...], max_side: int, read: Callable[[Selection], NDArray[Any]]
) -> NDArray[Any]:
    """Return a section (…, y, x) with squares of pixels averaged so that no side is longer than `max_side`, read in bands of rows."""
    selection = select(record, index, limit=_MOST_SHRUNK_BYTES)
    if len(selection.shape) < 2:
        return shrink(np.atleast_2d(read(selection)), max_side)
    rows_axis = [k for k, kept in enumerate(selection.kept) if kept][-2]
    rows = selection.ranges[rows_axis]
    factor = max(1, math.ceil(max(selection.shape[-2:]) / max_side))
    row_bytes = prod(selection.shape) // len(rows) * np.dtype(record.dtype).itemsize
    band = max(1, _BAND_BYTES // (row_bytes * factor)) * factor
    parts: list[NDArray[Any]] = []
    for start in range(rows.start, rows.stop, band):
        stop = min(start + band, rows.stop)
        if parts and stop - start < factor:  # less than one row of the picture
            break
        part = (*index[:rows_axis], slice(start, stop), *index[rows_axis + 1 :])
        parts.append(shrink_by(read(select(record, part)), factor))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)


def _touched_bytes(layout: RawLayout, selection: Selection) -> int:
    """Bytes that the disk must bring, about: each run of neighbours, and at least a page of memory for each."""
    axes = sorted(zip(map(abs, layout.strides), selection.ranges, strict=True), key=lambda axis: axis[0])
    run = np.dtype(layout.dtype).itemsize
    runs = 1
    for stride, indices in axes:
        if len(indices) > 1 and runs == 1 and stride * indices.step <= max(run, _PAGE_BYTES):
            run = stride * indices.step * len(indices)
        else:
            runs *= len(indices)
    return runs * max(run, _PAGE_BYTES)


@dataclass(frozen=True, slots=True)
class Run:
    """A selection whose samples lie one after the other in the file, in C order."""

    start: int
    length: int


def select(record: ImageRecord, index: tuple[object, ...], *, limit: int = MAX_ANSWER_BYTES) -> Selection:
    """Return what `index` asks of an image; InvalidInputError when it does not fit, TooLargeError when it is too much for one answer."""
    selection = normalise(index, record.shape)
    wanted = prod(selection.shape) * np.dtype(record.dtype).itemsize
    if wanted > limit:
        raise TooLargeError(f"{wanted:,} bytes were asked for at once; at most {limit:,} are given. Ask in parts, or download the file.")
    if record.layout and _touched_bytes(record.layout, selection) > _MOST_TOUCHED_BYTES:
        raise TooLargeError(
            "These samples lie scattered over so much of the file that it would take minutes. Ask across another axis, or in parts."
        )
    return selection


def contiguous_run(layout: RawLayout, shape: tuple[int, ...], selection: Selection) -> Run | None:
    """Return where a selection lies if it is one run of bytes in the file, in the order in which it is wanted; else None."""
    if any(selection.flipped) or 0 in selection.shape:
        return None
    expected = np.dtype(layout.dtype).itemsize
    whole = True  # whether every faster axis is taken whole
    for length, stride, indices in zip(reversed(shape), reversed(layout.strides), reversed(selection.ranges), strict=True):
        if len(indices) > 1 and (not whole or stride != expected or indices.step != 1):
            return None
        if length > 1 and stride != expected:  # an axis out of order may still be fixed at one index
            if len(indices) > 1:
                return None
            whole = False
        whole = whole and len(indices) == length
        expected *= length
    start = layout.offset + sum(r[0] * s for r, s in zip(selection.ranges, layout.strides, strict=True))
    return Run(start, prod(len(r) for r in selection.ranges) * np.dtype(layout.dtype).itemsize)


async def read_run(path: Path, run: Run) -> bytes:
    """Return the bytes of a run of a local file; in place when they are in memory, by a thread when the disk must be asked."""
    fd = open_file(path)
    if _READ_NOW_ONLY and run.length <= _IN_LOOP_BYTES:
        data = bytearray(run.length)
        try:
            if os.preadv(fd.number, [data], run.start, _READ_NOW_ONLY) == run.length:
                return data  # type: ignore[return-value]  # bytes-like, and never changed again
        except OSError:  # not in memory, or a file system that cannot tell
            pass
    return await asyncio.to_thread(_read_whole, fd, run, path.name)


def as_array(data: bytes, layout: RawLayout, selection: Selection) -> NDArray[Any]:
    """Return the samples of a run in the machine's byte order."""
    dtype = np.dtype(layout.dtype)
    array = np.frombuffer(data, dtype)
    return selection.finish(array.astype(dtype.newbyteorder("="), copy=False))


def npy_header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """Return the head of a `.npy` file, format 1.0, C order."""
    described = f"{{'descr': {np.lib.format.dtype_to_descr(dtype)!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    # NumPy's format asks that the data begin at a multiple of 64
    padding = -(len(described) + 11) % 64
    text = described + " " * padding + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1")


class OpenFile:
    """An open file, closed when nobody holds it any more."""

    __slots__ = ("number",)

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        os.close(self.number)


@lru_cache(maxsize=128)
def open_file(path: Path) -> OpenFile:
    """Return a file of the store, open; those in use stay open for the next request."""
    try:
        return OpenFile(path)
    except FileNotFoundError as exc:
        raise IntegrityError(f"{path.name} is missing from the store; `micrographia audit` names what is damaged.") from exc


def forget_open_files() -> None:
    """Close the files that are kept open (after a purge, and at the end)."""
    open_file.cache_clear()


def _read_whole(fd: OpenFile, run: Run, name: str) -> bytes:
    parts = []
    at, left = run.start, run.length
    while left:
        data = os.pread(fd.number, left, at)
        if not data:
            raise IntegrityError(f"{name} ends at byte {at}; its header says that there is more.")
        parts.append(data)
        at += len(data)
        left -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def parse_interval(text: str, axis: str, length: int) -> slice:
    """Return the slice that ``a:b``, ``a:``, ``:b`` or ``a`` means along an axis; InvalidInputError when it lies outside."""
    first, colon, last = text.partition(":")
    try:
        start = int(first) if first else 0
        stop = (int(last) if last else length) if colon else start + 1
    except ValueError:
        start, stop = 0, -1
    if not 0 <= start < stop <= length:
        raise InvalidInputError(
            f"{axis}={text[:40]} does not fit: {axis} has {length} indices; give start:stop with 0 ≤ start < stop ≤ {length}."
        )
    return slice(start, stop)
