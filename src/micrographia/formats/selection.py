"""An index expression (integers, slices with steps, `...`) as plain ranges, the same for every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError

Ranges = tuple[range, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What an index expression asks of an array."""

    ranges: Ranges
    """Indices along each axis, ascending."""
    flipped: tuple[bool, ...]
    """Whether the caller wants the axis in descending order."""
    kept: tuple[bool, ...]
    """False where an integer index drops the axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return tuple(len(r) for r, kept in zip(self.ranges, self.kept, strict=True) if kept)

    def finish(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return what the caller asked for, given `array` with one entry per index of `ranges`."""
        if any(self.flipped):
            array = array[tuple(slice(None, None, -1) if f else slice(None) for f in self.flipped)]
        return np.ascontiguousarray(array).reshape(self.shape)


def normalise(index: object, shape: tuple[int, ...]) -> Selection:
    """Return the ranges that `index` selects from an array of `shape`.

    Parameters
    ----------
    index : int, slice, Ellipsis, or a tuple of them
        Negative integers count from the end; slices behave as in NumPy; axes not named are taken whole.
    shape : tuple of int

    Raises
    ------
    InvalidInputError
        Too many indices, an integer out of range, a step of 0, or something that is no integer, slice or Ellipsis.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    ellipses = sum(item is Ellipsis for item in items)
    if ellipses > 1 or len(items) - ellipses > len(shape):
        raise InvalidInputError(f"{len(items)} indices were given for an image with {len(shape)} axes (shape {shape}).")
    if not ellipses:
        items.append(Ellipsis)
    at = next(i for i, item in enumerate(items) if item is Ellipsis)
    items[at : at + 1] = [slice(None)] * (len(shape) - len(items) + 1)
    ranges, flipped, kept = [], [], []
    for axis, (item, length) in enumerate(zip(items, shape, strict=True)):
        if isinstance(item, slice):
            picked = _slice(item, length, axis)
            flipped.append(picked.step < 0)
            ranges.append(picked[::-1] if picked.step < 0 else picked)
            kept.append(True)
        else:
            i = _integer(item, length, axis)
            ranges.append(range(i, i + 1))
            flipped.append(False)
            kept.append(False)
    return Selection(tuple(ranges), tuple(flipped), tuple(kept))


def block_ranges(shape: tuple[int, ...], item_bytes: int, max_bytes: int) -> Iterator[Ranges]:
    """Yield ranges that cover an array of `shape` in C order, each at most `max_bytes` where one sample allows it."""
    if 0 in shape:
        return
    if not shape:
        yield ()
        return
    split = next((k for k in range(len(shape)) if prod(shape[k + 1 :]) * item_bytes <= max_bytes), len(shape) - 1)
    step = max(1, max_bytes // (prod(shape[split + 1 :]) * item_bytes))
    rest = tuple(range(n) for n in shape[split + 1 :])
    for leading in np.ndindex(*shape[:split]):
        fixed = tuple(range(i, i + 1) for i in leading)
        for start in range(0, shape[split], step):
            yield (*fixed, range(start, min(start + step, shape[split])), *rest)


def _slice(item: slice, length: int, axis: int) -> range:
    try:
        return range(*item.indices(length))
    except (TypeError, ValueError) as exc:
        raise InvalidInputError(f"Axis {axis}: {item!r} is not a slice of whole numbers with a step other than 0.") from exc


def _integer(item: object, length: int, axis: int) -> int:
    if isinstance(item, (bool, np.bool_)) or not hasattr(item, "__index__"):
        raise InvalidInputError(f"Axis {axis}: {item!r} is not an index; give integers, slices or '...'.")
    i = int(item.__index__())
    if not -length <= i < length:
        raise InvalidInputError(f"Axis {axis}: index {i} is outside of an axis of length {length}.")
    return i % length
