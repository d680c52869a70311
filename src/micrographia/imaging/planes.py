"""Planes of an n-dimensional image: which two axes a section shows, and smaller copies of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.contrast import real_part_to_show


def plane_axes(axes: str, across: str) -> tuple[str, str]:
    """Return the two axes of a section across the axis `across`, and those that must be fixed beside it.

    Colour samples (s) belong to neither: they are shown together.
    """
    rest = [a for a in axes if a not in (across, "s")]
    spatial = [a for a in rest if a in "zyx"]
    plane = (spatial if len(spatial) >= 2 else rest)[-2:]
    return "".join(plane), "".join(a for a in rest if a not in plane)


def shrink(array: NDArray[Any], max_side: int) -> NDArray[Any]:
    """Return `array` (…, y, x) with squares of pixels averaged so that no side is longer than `max_side` (as it is when none is)."""
    return shrink_by(array, math.ceil(max(array.shape[-2:]) / max_side))


def shrink_by(array: NDArray[Any], factor: int) -> NDArray[Any]:
    """Return `array` (…, y, x) with squares of `factor` pixels averaged; what is left over at the ends is cut off."""
    if factor <= 1:
        return array
    array = real_part_to_show(array)
    fy, fx = (min(factor, n) for n in array.shape[-2:])
    height, width = array.shape[-2] // fy, array.shape[-1] // fx
    squares = array[..., : height * fy, : width * fx].reshape(*array.shape[:-2], height, fy, width, fx)
    means: NDArray[Any] = squares.mean(axis=(-3, -1), dtype=np.float32)
    return means
