"""Any part of an array that lies uncompressed in its file, read with few and exact byte ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.formats.description import LazyImage
from micrographia.formats.selection import Ranges, block_ranges, normalise
from micrographia.formats.source import ByteSource, FileSource
from micrographia.model.image import ImageHeader, RawLayout

# a gap of at most a page costs a disk nothing: neighbours that close are read as one range
_PAGE_BYTES = 4096
# so does any gap, while all gaps together stay below this or below a quarter of what is wanted
_EXCESS_BYTES = 64 << 10
# longest single read; longer runs are read in pieces straight into the result
_LONGEST_READ_BYTES = 16 << 20
# ranges handed at once to a source that can fetch several together
_RANGES_AT_ONCE = 256


@runtime_checkable
class ManyRanges(Protocol):
    """A source that fetches several ranges together (an object store, an HTTP client)."""

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        """Return the bytes of each (start, length), in order."""
        ...


class RawImage(LazyImage):
    """An image with a RawLayout: no parser is needed."""

    def __init__(self, source: ByteSource, header: ImageHeader) -> None:
        super().__init__(header)
        if header.layout is None or len(header.layout.strides) != len(header.shape):
            raise InvalidInputError(f"{source.name}: this image does not lie uncompressed in its file.")
        self.layout = header.layout
        self._source = source

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept."""
        return read_ranges(self._source, self.layout, ranges)

    def read_into(self, ranges: Ranges, out: NDArray[Any]) -> bool:
        """Read the samples at `ranges` straight into `out` where they lie there just as in the file; False where they do not."""
        source, dtype = self._source, np.dtype(self.layout.dtype)
        if not isinstance(source, FileSource) or not dtype.isnative or not out.flags.c_contiguous or out.dtype != dtype:
            return False
        expected = dtype.itemsize
        for picked, stride in zip(reversed(ranges), reversed(self.layout.strides), strict=True):
            if len(picked) > 1 and picked.step * stride != expected:
                return False
            expected *= len(picked)
        offset = self.layout.offset + sum(r[0] * stride for r, stride in zip(ranges, self.layout.strides, strict=True))
        source.read_into(offset, out.reshape(-1).view(np.uint8).data)
        return True

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the image in blocks of at most `max_bytes`, in the order in which they lie in the file."""
        order = sorted(range(len(self.shape)), key=lambda k: -abs(self.layout.strides[k]))
        for stored in block_ranges(tuple(self.shape[k] for k in order), self.dtype.itemsize, max_bytes):
            yield self.read(tuple(stored[order.index(k)] for k in range(len(order))))


def read_layout(source: ByteSource, layout: RawLayout, shape: tuple[int, ...], selection: object) -> NDArray[Any]:
    """Return the part of an uncompressed array that an index expression selects, in the machine's byte order.

    Parameters
    ----------
    source : ByteSource
    layout : RawLayout
        Where the samples lie.
    shape : tuple of int
        Shape of the whole array, axes as presented.
    selection : int, slice, Ellipsis, or a tuple of them

    Raises
    ------
    InvalidInputError
        The selection does not fit the shape.
    IntegrityError
        The source is shorter than the layout says.
    """
    chosen = normalise(selection, shape)
    if 0 in chosen.shape:
        return np.empty(chosen.shape, np.dtype(layout.dtype).newbyteorder("="))
    return chosen.finish(read_ranges(source, layout, chosen.ranges))


def read_ranges(source: ByteSource, layout: RawLayout, ranges: Ranges) -> NDArray[Any]:
    """Return the samples of an uncompressed array at the indices of `ranges` (ascending), with every axis kept."""
    dtype = np.dtype(layout.dtype)
    out: NDArray[Any] = np.empty(tuple(len(r) for r in ranges), dtype.newbyteorder("="))
    if out.size == 0:
        return out
    offset = layout.offset + sum(r[0] * stride for r, stride in zip(ranges, layout.strides, strict=True))
    steps = [r.step * stride for r, stride in zip(ranges, layout.strides, strict=True)]
    target = out
    for axis, step in enumerate(steps):  # count every axis upwards in the file
        if step < 0:
            offset += (len(ranges[axis]) - 1) * step
            steps[axis] = -step
            target = target[(slice(None),) * axis + (slice(None, None, -1),)]
    plan = _plan(out.shape, steps, dtype.itemsize)
    pieces = _pieces(plan, offset)
    if isinstance(source, ManyRanges):
        while batch := list(islice(pieces, _RANGES_AT_ONCE)):
            for (where, _, _), data in zip(batch, source.read_many([(start, length) for _, start, length in batch]), strict=True):
                _place(target, where, data, dtype, plan.strides)
    else:
        for where, start, length in pieces:
            _place(target, where, source.read(start, length), dtype, plan.strides)
    return out


@dataclass(frozen=True, slots=True)
class _Plan:
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    tile: tuple[int, ...]
    """Samples along each axis that one read covers."""
    order: tuple[int, ...]
    """Axes from the largest stride to the smallest."""
    item_bytes: int


def _plan(shape: tuple[int, ...], steps: Sequence[int], item_bytes: int) -> _Plan:
    """Merge axes from the smallest stride upwards into one read, as long as the gaps between runs are not worth another."""
    order = sorted(range(len(shape)), key=lambda k: -steps[k])
    tile = [1] * len(shape)
    span = wanted = item_bytes
    for axis in reversed(order):
        n, step = shape[axis], steps[axis]
        if n == 1:
            continue
        gap = step - span
        if gap > _PAGE_BYTES and (n - 1) * gap > max(_EXCESS_BYTES, n * wanted // 4):
            break
        tile[axis] = min(n, max(1, (_LONGEST_READ_BYTES - span) // max(step, 1) + 1))
        if tile[axis] < n:
            break
        span += (n - 1) * step
        wanted *= n
    return _Plan(shape, tuple(steps), tuple(tile), tuple(order), item_bytes)


def _pieces(plan: _Plan, offset: int) -> Iterator[tuple[tuple[slice, ...], int, int]]:
    """Yield (place in the result, first byte, length) of each read, in the order of the file."""
    counts = tuple(-(-plan.shape[k] // plan.tile[k]) for k in plan.order)
    for number in np.ndindex(*counts):
        where = [slice(0)] * len(plan.shape)
        start, length = offset, plan.item_bytes
        for k, i in zip(plan.order, number, strict=True):
            first = i * plan.tile[k]
            last = min(first + plan.tile[k], plan.shape[k])
            where[k] = slice(first, last)
            start += first * plan.strides[k]
            length += (last - first - 1) * plan.strides[k]
        yield tuple(where), start, length


def _place(target: NDArray[Any], where: tuple[slice, ...], data: bytes, dtype: np.dtype[Any], strides: tuple[int, ...]) -> None:
    place = target[where]
    place[...] = np.ndarray(place.shape, dtype, data, 0, strides)
