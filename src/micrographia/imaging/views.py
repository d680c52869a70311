"""Pictures of a map along its three axes: projections, central sections, the sections with most in them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from micrographia.imaging.density import Volume

Axis = Literal["z", "y", "x"]
AXES: tuple[Axis, ...] = ("z", "y", "x")


def projection(values: Volume, axis: Axis) -> Volume:
    """Return the sum of a map along an axis.

    Parameters
    ----------
    values : array, shape (z, y, x)
    axis : "z", "y" or "x"

    Returns
    -------
    float32 array
        The two other axes, in the order z, y, x.

    Notes
    -----
    Source, as of the sections: Wang et al. (2022) Acta Cryst. D78, 542, EMDB's validation analysis.
    """
    return np.asarray(values.sum(axis=AXES.index(axis), dtype=np.float64), np.float32)


def section(values: Volume, axis: Axis, index: int) -> Volume:
    """Return the section across an axis at an index.

    Parameters
    ----------
    values : array, shape (z, y, x)
    axis : "z", "y" or "x"
    index : int

    Returns
    -------
    array
        The two other axes, in the order z, y, x.
    """
    return values[(slice(None),) * AXES.index(axis) + (index,)]


def central_indices(shape_zyx: tuple[int, ...]) -> dict[Axis, int]:
    """Return the index of the central section across each axis: n // 2."""
    return {axis: n // 2 for axis, n in zip(AXES, shape_zyx, strict=True)}


def largest_variance_indices(values: Volume) -> dict[Axis, int]:
    """Return the index of the section with the largest variance across each axis: there most is to be seen.

    Parameters
    ----------
    values : array, shape (z, y, x)

    Notes
    -----
    One pass over the sections across z; memory is that of a few sections.
    """
    shift = float(values.mean(dtype=np.float64))
    sums = [np.zeros((2, n)) for n in values.shape]
    for z, plane in enumerate(values):
        centred = plane.astype(np.float64) - shift
        for power, numbers in enumerate((centred, centred * centred)):
            sums[0][power, z] = numbers.sum()
            sums[1][power] += numbers.sum(axis=1)
            sums[2][power] += numbers.sum(axis=0)
    found = {}
    for axis, (total, squares), n in zip(AXES, sums, values.shape, strict=True):
        count = values.size / n
        found[axis] = int(np.argmax(squares / count - (total / count) ** 2))
    return found
