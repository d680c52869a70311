"""Samples to grey levels: what a screen shows of an image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# a table of all values is faster than arithmetic from here on
_TABLE_FROM_SAMPLES = 1 << 17
_SAMPLE_COUNT = 1 << 16


def to_uint8(array: npt.NDArray[np.generic], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Grey levels of `array`: `low` and below are 0, `high` and above 255, linear between, NaN is 0.

    Parameters
    ----------
    array : any shape; bool, integer, float or complex (shown by its modulus)
    low, high : float, in the array's own values
        Black and white. Where they are equal, smaller values are black and the others white.
    """
    array = real_part_to_show(array)
    if array.dtype.kind in "iu" and array.dtype.itemsize <= 2 and array.size >= _TABLE_FROM_SAMPLES:
        return _by_table(array, low, high)
    return _scaled(array, low, high)


def display_limits(array: npt.NDArray[np.generic], low_percent: float = 0.5, high_percent: float = 99.5) -> tuple[float, float]:
    """Black and white that show most of `array`: two percentiles of an even sample of its finite values.

    An array in which these agree (a mask, an almost empty section) gets its extremes; one without finite values gets (0, 1).
    """
    flat = real_part_to_show(array).reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLE_COUNT)]
    sample = sample[np.isfinite(sample)] if sample.dtype.kind == "f" else sample
    if sample.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(sample.astype(np.float64), (low_percent, high_percent)))
    if low == high:
        low, high = float(sample.min()), float(sample.max())
    return low, high


def real_part_to_show(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return `array` in a type that can be shown: complex samples by modulus, booleans and half floats widened."""
    if array.dtype.kind == "c":
        modulus: npt.NDArray[np.generic] = np.abs(array)
        return modulus
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _scaled(array: npt.NDArray[np.generic], low: float, high: float) -> npt.NDArray[np.uint8]:
    if not high > low:
        return np.where(array >= low, np.uint8(255), np.uint8(0))  # type: ignore[operator]
    # doubles keep 32-bit integers and extreme limits exact; floats are enough for what a screen shows of the rest
    kind = (
        np.float64
        if array.dtype.itemsize > 4 or (array.dtype.kind in "iu" and array.dtype.itemsize > 2) or high - low < 1e-30
        else np.float32
    )
    with np.errstate(invalid="ignore", over="ignore"):
        grey = np.subtract(array, kind(low), dtype=kind)
        grey *= kind(255.0 / (high - low))
        grey += kind(0.5)
        np.clip(grey, 0, 255, out=grey)
        if array.dtype.kind == "f":
            np.nan_to_num(grey, copy=False, nan=0.0)
        levels: npt.NDArray[np.uint8] = grey.astype(np.uint8)
    return levels


def _by_table(array: npt.NDArray[np.generic], low: float, high: float) -> npt.NDArray[np.uint8]:
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    unsigned = np.dtype(f"u{array.dtype.itemsize}")
    values = np.arange(1 << 8 * array.dtype.itemsize, dtype=unsigned).view(array.dtype)
    levels: npt.NDArray[np.uint8] = _scaled(values, low, high)[array.view(unsigned)]
    return levels
