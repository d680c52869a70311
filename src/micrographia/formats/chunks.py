"""The order in which a chunked array is read as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from micrographia.formats.selection import Ranges


def chunk_ranges(shape: tuple[int, ...], chunks: tuple[int, ...], item_bytes: int, max_bytes: int) -> Iterator[Ranges]:
    """Yield ranges that cover an array in blocks of whole chunks, as many as `max_bytes` allows and at least one.

    Parameters
    ----------
    shape, chunks : tuple of int
        Lengths of the array and of one chunk, along the same axes.
    item_bytes : int
        Bytes of one sample.
    max_bytes : int
        Size to stay below, where one chunk allows it.
    """
    step = [min(chunk, n) for chunk, n in zip(chunks, shape, strict=True)]
    for axis in range(len(shape) - 1, -1, -1):  # grow from the fastest axis
        fitting = max_bytes // (item_bytes * prod(step))
        step[axis] = min(shape[axis], step[axis] * max(1, fitting))
    for corner in np.ndindex(*(-(-n // s) for n, s in zip(shape, step, strict=True))):
        yield tuple(range(i * s, min((i + 1) * s, n)) for i, s, n in zip(corner, step, shape, strict=True))
