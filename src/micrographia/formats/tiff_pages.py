"""The lazy array of a compressed or tiled TIFF series: only the strips and tiles that an index touches are read and decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from threading import Lock
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from micrographia.errors import MicrographiaError
from micrographia.formats.description import LazyImage, UnreadableError
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource
from micrographia.model.image import ImageHeader

# one strip or tile must fit in memory, encoded and decoded
LONGEST_SEGMENT_BYTES = 256 << 20
_SEGMENT_GAP_BYTES = 4096
_LONGEST_READ_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class SeriesAxes:
    """How the axes of a tifffile series become those of a header."""

    axes: str
    """Axes as presented: ``zyx``, ``cyx``."""
    shape: tuple[int, ...]
    """Lengths as presented."""
    order: tuple[int, ...]
    """For each presented axis its place in the series; -1 for an axis of length 1 that the series lacks."""
    page_axes: int
    """How many of the last axes of the series lie within one page."""


class TiffImage(LazyImage):
    """One series of a TIFF file."""

    def __init__(self, source: ByteSource, header: ImageHeader, series: Any, axes: SeriesAxes) -> None:
        super().__init__(header)
        self._source = source
        self._series = series
        self._axes = axes
        self._page_shape = series.shape[len(series.shape) - axes.page_axes :]
        self._leading_shape = series.shape[: len(series.shape) - axes.page_axes]
        self._lock = Lock()  # tifffile loads page headers as they are asked for, from one file position

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept; UnreadableError when they cannot be decoded."""
        stored = [range(1)] * len(self._series.shape)
        for picked, place in zip(ranges, self._axes.order, strict=True):
            if place >= 0:
                stored[place] = picked
        leading, within = stored[: len(self._leading_shape)], stored[len(self._leading_shape) :]
        out = np.zeros([len(r) for r in stored], self.dtype)
        for where in np.ndindex(*(len(r) for r in leading)):
            index = tuple(r[i] for r, i in zip(leading, where, strict=True))
            number = int(np.ravel_multi_index(index, self._leading_shape)) if index else 0
            self._read_page(number, within, out[where])
        present = [place for place in self._axes.order if place >= 0]
        return out.transpose(present).reshape([len(r) for r in ranges])

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the image in blocks of about `max_bytes`; whole strips or rows of tiles, each decoded once."""
        y = self.axes.index("y")
        rows = self.shape[y]
        whole = [place < 0 or place >= len(self._leading_shape) for place in self._axes.order]  # axes within a page
        row_bytes = self.dtype.itemsize * prod(n for n, w, a in zip(self.shape, whole, self.axes, strict=True) if w and a != "y")
        segment_rows = self._series.keyframe.tilelength if self._series.keyframe.is_tiled else self._series.keyframe.rowsperstrip
        step = max(1, min(rows, max_bytes // max(1, row_bytes)))
        decoded = rows if step == rows else min(rows, max(segment_rows, step // segment_rows * segment_rows))
        for fixed in np.ndindex(*(1 if w else n for n, w in zip(self.shape, whole, strict=True))):
            for start in range(0, rows, decoded):
                ranges = [range(n) if w else range(i, i + 1) for n, w, i in zip(self.shape, whole, fixed, strict=True)]
                ranges[y] = range(start, min(start + decoded, rows))
                block = self.read(tuple(ranges))
                for first in range(0, block.shape[y], step):
                    yield block[(slice(None),) * y + (slice(first, first + step),)]

    def _read_page(self, number: int, within: list[range], out: NDArray[Any]) -> None:
        with self._lock:
            page = self._series.pages[number]
        if page is None:  # a plane that the metadata promises and the file lacks
            return
        try:
            self._decode_into(page, within, out)
        except MicrographiaError:
            raise
        except DECODING_ERRORS as exc:
            raise undecodable(self._source.name, number, exc) from exc

    def _decode_into(self, page: Any, within: list[range], out: NDArray[Any]) -> None:
        keyframe = page.keyframe
        places = page_places(keyframe.axes)
        region = [range(1)] * 5
        for place, picked in zip(places, within, strict=True):
            region[place] = picked
        if keyframe.nodata:
            out[...] = keyframe.nodata
        target = out.reshape([len(r) for r in region])
        for number, data in self._segments(page, segment_numbers(keyframe, region)):
            segment, at, shape = decode_segment(page, number, data)
            if segment is None:
                continue
            if keyframe.photometric is not None and segment.dtype != target.dtype:
                segment = segment.astype(target.dtype)
            _place(target, region, segment, at, shape)

    def _segments(self, page: Any, numbers: list[int]) -> Iterator[tuple[int, bytes | None]]:
        """Yield (number, encoded bytes) of segments; those that lie beside each other in the file are read together."""
        with self._lock:
            offsets, counts = page.dataoffsets, page.databytecounts
        group: list[int] = []
        for number in sorted(numbers, key=lambda i: offsets[i] if i < len(offsets) else 0):
            if number >= len(offsets) or not counts[number] or not offsets[number]:
                yield number, None
                continue
            if group:
                gap = offsets[number] - offsets[group[-1]] - counts[group[-1]]
                length = offsets[number] + counts[number] - offsets[group[0]]
                if not 0 <= gap <= _SEGMENT_GAP_BYTES or length > _LONGEST_READ_BYTES:
                    yield from self._read_group(group, offsets, counts)
                    group = []
            group.append(number)
        yield from self._read_group(group, offsets, counts)

    def _read_group(self, group: list[int], offsets: Any, counts: Any) -> Iterator[tuple[int, bytes | None]]:
        if group:
            start = offsets[group[0]]
            # some writers count a few bytes too many in the last strip
            data = self._source.read(start, min(offsets[group[-1]] + counts[group[-1]], self._source.size) - start)
            for number in group:
                at = offsets[number] - start
                yield number, data[at : at + counts[number]]


# what tifffile and the codecs of imagecodecs raise on malformed data (imagecodecs' own errors are RuntimeError)
DECODING_ERRORS = (
    tifffile.TiffFileError, ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError, MemoryError,
    NotImplementedError, OSError, RuntimeError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip


def decode_segment(page: Any, number: int, data: bytes | None) -> tuple[NDArray[Any] | None, tuple[int, ...], tuple[int, ...]]:
    """Return (samples, first index, shape) of one strip or tile in tifffile's five page axes; None for one that was left out."""
    keyframe = page.keyframe
    tables: dict[str, Any] = {}
    if keyframe.compression in (6, 7, 34892, 33007):  # kinds of JPEG
        tables = {"jpegtables": page.jpegtables, "jpegheader": keyframe.jpegheader}
    segment, at, shape = keyframe.decode(data, number, **tables)
    return segment, at, shape


def page_places(page_axes: str) -> tuple[int, ...]:
    """Return the place of each axis of a page (``YX``, ``YXS``, ``SYX``, ``ZYX``) among tifffile's five: planar s, z, y, x, s."""
    y = page_axes.index("Y")
    return tuple({"S": 0 if i < y else 4, "Z": 1, "Y": 2, "X": 3}[axis] for i, axis in enumerate(page_axes))


def segment_numbers(keyframe: Any, region: list[range]) -> list[int]:
    """Return the numbers of the strips or tiles that a region of a page touches."""
    planes, depth, length, width, _ = keyframe.shaped
    strip, tile = (1, 1, keyframe.rowsperstrip, width), (1, keyframe.tiledepth, keyframe.tilelength, keyframe.tilewidth)
    size = tile if keyframe.is_tiled else strip
    counts = [-(-n // s) for n, s in zip((planes, depth, length, width), size, strict=True)]
    touched = [sorted({i // s for i in r}) if r.step > s else range(r[0] // s, r[-1] // s + 1) for r, s in zip(region, size, strict=False)]
    grid = np.meshgrid(*touched, indexing="ij")
    numbers: list[int] = np.ravel_multi_index([g.ravel() for g in grid], counts).tolist()
    return numbers


def undecodable(name: str, page: int, exc: BaseException) -> UnreadableError:
    """Return the failure that a page of a TIFF file cannot be decoded."""
    return UnreadableError(
        "tiff.unreadable",
        f"{name}: page {page} cannot be decoded.",
        found=f"{type(exc).__name__}: {exc}"[:200],
        expected="pixels as the header describes them",
        hint="Open it with the program that wrote it and save it again.",
    )


def _place(target: NDArray[Any], region: list[range], segment: NDArray[Any], at: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Copy what a segment and a region of a page have in common."""
    segment = segment.reshape((1, *segment.shape))
    here, there = [], []
    for picked, first, length in zip(region, at, segment.shape, strict=True):
        low = max(0, -(-(first - picked.start) // picked.step))
        high = min(len(picked), -(-(first + length - picked.start) // picked.step))
        if low >= high:
            return
        here.append(slice(low, high))
        there.append(slice(picked[low] - first, picked[high - 1] - first + 1, picked.step))
    target[tuple(here)] = segment[tuple(there)]
