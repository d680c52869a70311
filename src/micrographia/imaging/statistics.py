"""Statistics of an image in one pass over blocks of any size: bounded memory, numerically sound, near the speed of memory."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.model.image import Statistics

# samples worked on at once: as float64 they stay in a level-2 cache, and BLAS takes rows of this length without starting threads
_ROW = 8192
_ROWS = 8
_CHUNK = _ROW * _ROWS
_ONES = np.ones(_ROW)
# the sample for percentiles is thinned to a seventh when it grows past this; a power of 7 shares no factor with most row lengths
_MOST_SAMPLED = 7 << 15
_THINNING = 7
LOW_PERCENTILE = 0.5
HIGH_PERCENTILE = 99.5


class StreamingStatistics:
    """Minimum, maximum, mean, standard deviation, NaN and infinity counts and two percentiles of samples that come in blocks.

    The result depends on the order of the samples only (in which sample the percentiles see), never on how they were cut into blocks,
    up to rounding. Complex samples count by their modulus, booleans as 0 and 1.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0  # Σ (x − mean)²
        self._minimum = math.inf
        self._maximum = -math.inf
        self._nan_count = 0
        self._infinity_count = 0
        self._stride = 1
        self._sampled: list[NDArray[np.float64]] = []
        self._sampled_count = 0
        self._work: NDArray[np.float64] | None = None

    @property
    def count(self) -> int:
        """Finite samples so far."""
        return self._count

    def update(self, block: NDArray[Any]) -> None:
        """Take the samples of `block` (any shape, any byte order) into account; fastest when it is contiguous."""
        flat = block.reshape(-1)
        with np.errstate(all="ignore"):
            for start in range(0, flat.size, _CHUNK):
                self._take(_real(flat[start : start + _CHUNK]))

    def result(self) -> Statistics:
        """Return the statistics of everything seen; all values are 0 where no sample was finite."""
        if not self._count:
            return Statistics(0.0, 0.0, 0.0, 0.0, self._nan_count, self._infinity_count)
        sampled = np.concatenate(self._sampled)
        sampled = sampled[np.isfinite(sampled)]
        low, high = self._minimum, self._maximum
        if sampled.size:
            with np.errstate(over="ignore"):
                low, high = map(_bounded, np.percentile(sampled, (LOW_PERCENTILE, HIGH_PERCENTILE)).tolist())
        deviation = math.sqrt(max(self._squares, 0.0) / self._count)
        return Statistics(
            self._minimum,
            self._maximum,
            _bounded(self._mean),
            _bounded(deviation),
            self._nan_count,
            self._infinity_count,
            low,
            high,
        )

    def _take(self, chunk: NDArray[Any]) -> None:
        first = -self._seen % self._stride
        if first < chunk.size:
            self._sample(chunk[first :: self._stride].astype(np.float64))
        self._seen += chunk.size
        total, squares, shift = self._sums(chunk)
        if chunk.dtype.kind == "f" and not math.isfinite(total):
            finite = np.isfinite(chunk)
            kept = chunk[finite]
            nans = int(np.isnan(chunk).sum())
            self._nan_count += nans
            self._infinity_count += chunk.size - kept.size - nans
            chunk = kept
            total, squares, shift = self._sums(chunk)
        if chunk.size:
            self._minimum = min(self._minimum, float(chunk.min()))
            self._maximum = max(self._maximum, float(chunk.max()))
            self._merge(chunk.size, total, squares, shift)

    def _sums(self, chunk: NDArray[Any]) -> tuple[float, float, float]:
        """Return Σ (x − shift), Σ (x − shift)² and the shift, which keeps wide types from cancelling."""
        n = chunk.size
        if self._work is None or self._work.size < n:  # most images of a plate or a stack of particles are small
            self._work = np.empty((_ROWS if n > _ROW else 1, _ROW))
        work = self._work.reshape(-1)[:n]
        np.copyto(work, chunk)
        shift = 0.0
        if chunk.dtype.itemsize > 2 and n:
            shift = float(work[0]) if not self._count else self._mean
            if not math.isfinite(shift):
                shift = 0.0
            work -= shift
        whole = n // _ROW
        rows, rest = self._work[:whole], work[whole * _ROW :]
        total = float(np.vecdot(rows, _ONES).sum()) + float(rest.sum())
        squares = float(np.vecdot(rows, rows).sum()) + float(np.vecdot(rest, rest))
        return total, squares, shift

    def _merge(self, count: int, total: float, squares: float, shift: float) -> None:
        """Merge a chunk's moments (Chan, Golub and LeVeque 1979)."""
        offset = total / count
        both = self._count + count
        delta = shift + offset - self._mean
        self._squares += squares - count * offset * offset + delta * delta * (self._count * count / both)
        self._mean += delta * (count / both)
        self._count = both

    def _sample(self, values: NDArray[np.float64]) -> None:
        self._sampled.append(values)
        self._sampled_count += values.size
        while self._sampled_count > _MOST_SAMPLED:
            thinned = np.concatenate(self._sampled)[::_THINNING].copy()
            self._sampled, self._sampled_count = [thinned], thinned.size
            self._stride *= _THINNING


def statistics_of(blocks: Iterable[NDArray[Any]]) -> Statistics:
    """Return the statistics of all samples of `blocks`."""
    streaming = StreamingStatistics()
    for block in blocks:
        streaming.update(block)
    return streaming.result()


def _real(chunk: NDArray[Any]) -> NDArray[Any]:
    """Return the samples as real numbers in the machine's byte order."""
    kind = chunk.dtype.kind
    if kind == "c":
        parts = (
            np.ascontiguousarray(chunk, chunk.dtype.newbyteorder("="))
            .view(f"f{chunk.dtype.itemsize // 2}")
            .reshape(-1, 2)
            .astype(np.float64)
        )
        return np.hypot(parts[:, 0], parts[:, 1]) if chunk.dtype.itemsize > 8 else np.sqrt(np.vecdot(parts, parts))
    if kind == "b":
        return chunk.view(np.uint8)
    if chunk.dtype == np.float16:
        return chunk.astype(np.float32)
    return chunk if chunk.dtype.isnative else chunk.astype(chunk.dtype.newbyteorder("="))


def _bounded(value: float) -> float:
    """Return `value`, or the largest number where squares of float64 overflowed."""
    return max(min(value, sys.float_info.max), -sys.float_info.max) if not math.isnan(value) else 0.0
