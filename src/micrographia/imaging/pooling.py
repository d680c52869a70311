"""Half the resolution: means of 2 × 2 (× 2) samples, or their mode where samples are labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

# samples of a section that are pooled together: they stay in the cache of a processor
_SAMPLES_AT_ONCE = 1 << 16

Samples = NDArray[Any]


def halve(array: Samples, axes: tuple[int, ...], pool: Callable[..., None]) -> Samples:
    """Return `array` with up to three of its axes halved by `pool_mean` or `pool_mode`; an odd last sample counts twice."""
    ends = tuple(range(array.ndim - len(axes), array.ndim))
    moved = np.moveaxis(array, axes, ends)
    volumes = moved.reshape(-1, *(1,) * (3 - len(axes)), *moved.shape[-len(axes) :])
    depth = 2 if len(axes) == 3 else 1
    padding = [(0, -n % step) for n, step in zip(volumes.shape, (1, depth, 2, 2), strict=True)]
    padded = np.pad(volumes, padding, mode="edge") if any(p for _, p in padding) else np.ascontiguousarray(volumes)
    count, z, y, x = padded.shape
    out = np.empty((count, z // depth, y // 2, x // 2), array.dtype)
    for source, target in zip(padded, out, strict=True):
        pool(source, target, depth=depth)
    halved: Samples = np.moveaxis(out.reshape(*moved.shape[: -len(axes)], *out.shape[-len(axes) :]), ends, axes)
    return np.ascontiguousarray(halved)


def pool_mean(source: Samples, out: Samples, *, depth: int) -> None:
    """Write means of `depth` × 2 × 2 samples: integers rounded to the nearest (halves up), floats summed in float32 or wider.

    Parameters
    ----------
    source : array, shape (depth · z, 2 · y, 2 · x)
    out : array of the same type, shape (z, y, x)
    depth : 1 or 2
        Sections that become one.
    """
    if source.dtype.kind == "b":
        source, out = source.view(np.uint8), out.view(np.uint8)
    is_wide = source.dtype.kind in "iu" and source.dtype.itemsize == 8
    for part, rows in _parts(source, out, depth):
        rows[...] = _mean_of_wide(part) if is_wide else _mean(part)


def _parts(source: Samples, out: Samples, depth: int) -> Iterator[tuple[Samples, Samples]]:
    """Yield a few rows of `out` with the samples of which they are made."""
    step = max(1, _SAMPLES_AT_ONCE // (2 * source.shape[2]))
    for z in range(out.shape[0]):
        for y in range(0, out.shape[1], step):
            rows = out[z, y : y + step]
            yield source[depth * z : depth * (z + 1), 2 * y : 2 * (y + rows.shape[0])], rows


def _mean(part: Samples) -> Samples:
    count = 4 * len(part)
    if part.dtype.kind == "f":
        kind = np.dtype(np.float32 if part.dtype.itemsize <= 4 else np.float64)
        total: Samples = part[0].astype(kind) if len(part) == 1 else np.add(part[0], part[1], dtype=kind)
        total = total[0::2] + total[1::2]
        total = total[:, 0::2] + total[:, 1::2]
        total *= kind.type(1 / count)
        return total
    pairs = _sums_of_pairs(part)
    total = pairs[0] if len(pairs) == 1 else pairs[0] + pairs[1]
    total = total[0::2] + total[1::2]
    total += count // 2
    total >>= count.bit_length() - 1
    return total


def _sums_of_pairs(part: Samples) -> Samples:
    """Sums of two neighbours along x of integers of up to 32 bits, in the type of twice the width: no sample is picked out or widened."""
    bits = 8 * part.dtype.itemsize
    both = part.view(np.dtype(f"{part.dtype.kind}{2 * part.dtype.itemsize}"))
    if part.dtype.kind == "u":
        low = both & ((1 << bits) - 1)
    else:
        low = both << bits
        low >>= bits
    low += both >> bits
    return low


def _mean_of_wide(part: Samples) -> Samples:
    """Of 64-bit integers, whose sum has no wider type: quotients and remainders apart."""
    count = 4 * len(part)
    shift = count.bit_length() - 1
    eight = part.reshape(len(part), part.shape[1] // 2, 2, part.shape[2] // 2, 2)
    quotients: Samples = (eight >> shift).sum(axis=(0, 2, 4), dtype=part.dtype)
    remainders: Samples = (eight & (count - 1)).sum(axis=(0, 2, 4), dtype=part.dtype)
    mean: Samples = quotients + ((remainders + part.dtype.type(count // 2)) >> part.dtype.type(shift))
    return mean


def pool_mode(source: Samples, out: Samples, *, depth: int) -> None:
    """Write the most frequent of `depth` × 2 × 2 labels; of several that are as frequent the smallest. Parameters as of `pool_mean`."""
    for part, rows in _parts(source, out, depth):
        if (part == part[0, 0, 0]).all():  # most blocks of a segmentation
            rows[...] = part[0, 0, 0]
            continue
        labels = np.sort(np.stack([s[i::2, j::2] for s in part for i in (0, 1) for j in (0, 1)]), axis=0)
        votes = np.stack([(labels == label).sum(axis=0, dtype=np.uint8) for label in labels])
        rows[...] = np.take_along_axis(labels, votes.argmax(axis=0)[None], axis=0)[0]
