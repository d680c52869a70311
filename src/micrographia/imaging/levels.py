"""Resolution levels of an image: level n has every direction in space halved n times, by means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.contrast import real_part_to_show
from micrographia.imaging.pooling import halve, pool_mean, pool_mode


def level_factors(axes: str, *, level: int, is_stack: bool) -> tuple[int, ...]:
    """Return how many samples of level 0 one sample of `level` is the mean of, along each axis (at the far end there may be fewer)."""
    return tuple(1 << level if a in _spatial(axes, is_stack) else 1 for a in axes)


def level_shape(shape: tuple[int, ...], factors: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of an image reduced by `factors`; what is left over at the end makes a last, smaller block."""
    return tuple(-(-n // f) for n, f in zip(shape, factors, strict=True))


def pool(array: NDArray[Any], factors: tuple[int, ...], *, labels: bool = False) -> NDArray[Any]:
    """Return means of blocks of `factors` samples in the type of `array`, whole numbers rounded to the nearest.

    Parameters
    ----------
    array : any shape
    factors : tuple of int
        Length of a block along each axis; blocks at the end are as long as there are samples.
        For labels and booleans a power of two.
    labels : bool
        The values are names, which have no mean: the most frequent one is taken, as in the smaller copies.
    """
    if labels or array.dtype.kind == "b":
        while max(factors, default=1) > 1:
            array = halve(array, tuple(k for k, f in enumerate(factors) if f > 1), pool_mode if labels else pool_mean)
            factors = tuple(-(-f // 2) for f in factors)
        return array
    means = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    for axis, factor in enumerate(factors):
        if factor > 1 and means.shape[axis]:
            starts = np.arange(0, means.shape[axis], factor)
            counts = np.diff(np.append(starts, means.shape[axis]))
            means = np.add.reduceat(means, starts, axis=axis) / counts.reshape([-1 if k == axis else 1 for k in range(means.ndim)])
    if array.dtype.kind in "iu":
        np.rint(means, out=means)
    result: NDArray[Any] = means.astype(array.dtype)
    return result


def pool_to_show(rows: NDArray[Any], factor_y: int, factor_x: int) -> NDArray[Any]:
    """Return means of rectangles of pixels (…, y, x) as float32, faster than `pool`; the array itself where both factors are 1."""
    if factor_y == factor_x == 1:
        return real_part_to_show(rows)
    shown = real_part_to_show(rows)
    height, width = shown.shape[-2:]
    whole_y, whole_x = height - height % factor_y, width - width % factor_x
    if (whole_y, whole_x) == (height, width):
        return _means(shown, factor_y, factor_x)
    parts = [[(slice(0, whole_y), factor_y), (slice(whole_y, None), height - whole_y)], [(slice(0, whole_x), factor_x)]]
    parts[1].append((slice(whole_x, None), width - whole_x))
    bands = [
        np.concatenate([_means(shown[..., at_y, at_x], fy, fx) for at_x, fx in parts[1] if fx and _length(at_x, width)], axis=-1)
        for at_y, fy in parts[0]
        if fy and _length(at_y, height)
    ]
    means: NDArray[Any] = np.concatenate(bands, axis=-2)
    return means


def _means(array: NDArray[Any], factor_y: int, factor_x: int) -> NDArray[Any]:
    height, width = array.shape[-2:]
    blocks = array.reshape(*array.shape[:-2], height // factor_y, factor_y, width // factor_x, factor_x)
    # rows first: whole rows are added up at the speed of memory
    means: NDArray[Any] = blocks.sum(axis=-3, dtype=np.float32).sum(axis=-1) / np.float32(factor_y * factor_x)
    return means


def _length(part: slice, length: int) -> int:
    return len(range(*part.indices(length)))


def _spatial(axes: str, is_stack: bool) -> str:
    return "yx" if is_stack or "z" not in axes else "zyx"
