"""Soft masks: what of a box is the particle."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.imaging.density import Volume, box_text
from micrographia.imaging.fourier import VoxelSize, fourier_crop, voxel_size_zyx_a

# the mask is smooth: it is found on a grid no finer than this and drawn on that of the maps
_COARSE_SIDE = 96
# the particle: this far above the noise of the half maps' difference, and above this share of the map's highest density
_ABOVE_NOISE = 4.0
_ABOVE_SOLVENT = 0.1
# in voxels of the coarse grid
_BLUR = 1.0
_EXTENDED = 2.0
_EDGE = 4.0
_TOLERANCE = 1e-3


def soft_mask(half_map_1: Volume, half_map_2: Volume, *, voxel_size_a: VoxelSize) -> NDArray[np.float32] | None:
    """Return a soft mask around the density that two half maps share.

    Parameters
    ----------
    half_map_1, half_map_2 : float32 array, shape (z, y, x), equal shapes
    voxel_size_a : float or (z, y, x), Å

    Returns
    -------
    float32 array in [0, 1], shape (z, y, x), or None
        None where nothing stands out of the noise, or where what does fills the box: then a mask would hide or help nothing.

    Notes
    -----
    The mean of the halves, on a coarse grid and blurred, above 4 σ of their difference and 10 % of its peak; pieces smaller than a tenth of
    the largest are left out; extended by two voxels of that grid, with a raised cosine edge of four.
    """
    size = np.array(voxel_size_zyx_a(voxel_size_a))
    shape = half_map_1.shape
    coarsest = max((n * v for n, v in zip(shape, size, strict=True))) / _COARSE_SIDE
    z, y, x = (min(n, max(2, round(n * v / coarsest))) for n, v in zip(shape, size, strict=True))
    halves = [scipy.ndimage.gaussian_filter(fourier_crop(m, (z, y, x)), _BLUR, mode="nearest") for m in (half_map_1, half_map_2)]
    mean, difference = (halves[0] + halves[1]) / 2, (halves[0] - halves[1]) / 2
    mean -= np.median(mean)
    inside = mean > max(_ABOVE_NOISE * float(difference.std()), _ABOVE_SOLVENT * float(mean.max()))
    labels, count = scipy.ndimage.label(inside)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    inside = (sizes > sizes.max() / 10)[labels]
    distance = scipy.ndimage.distance_transform_edt(~inside)
    mask = np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip((distance - _EXTENDED) / _EDGE, 0, 1)), np.float32)
    if sizes.max() < 8 or mask.mean() > 0.9:
        return None
    return _interpolated(mask, shape)


def refuse_no_mask(mask: Volume, shape_zyx: tuple[int, ...], name: str = "The mask") -> None:
    """Raise InvalidInputError with a sentence where `mask` is no mask of a box of this shape: its values run from 0 outside to 1 inside."""
    if mask.shape != shape_zyx:
        raise InvalidInputError(f"{name} has {box_text(mask.shape)} voxels, the maps have {box_text(shape_zyx)}; expected the same box.")
    low, high = float(mask.min()), float(mask.max())
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):  # NaN too
        raise InvalidInputError(f"{name} has values from {low:.4g} to {high:.4g}; expected a mask, from 0 outside to 1 inside.")
    inside = float(np.mean(mask > 1 - _TOLERANCE))
    decided = inside + float(np.mean(mask < _TOLERANCE))
    if not inside or decided < 0.3:
        raise InvalidInputError(f"{name} is 0 or 1 in only {decided:.0%} of its voxels, and 1 in {inside:.0%}: it is no mask. Give one.")


def _interpolated(values: Volume, shape_zyx: tuple[int, ...]) -> Volume:
    """Return `values` on a finer grid, linear between neighbours; voxel 0 stays where it is, as in `fourier_crop`."""
    along_z, along_y, along_x = (_between(given, side) for given, side in zip(values.shape, shape_zyx, strict=True))
    finer = np.empty(shape_zyx, np.float32)
    for section, weights in zip(finer, along_z, strict=True):
        np.matmul(along_y @ np.tensordot(weights, values, 1), along_x.T, out=section)
    return finer


def _between(given: int, side: int) -> Volume:
    """Return the weights, shape (side, given), with which samples of a periodic axis make more of them."""
    at = np.arange(side) * (given / side)
    low = at.astype(np.intp)
    weights = np.zeros((side, given), np.float32)
    weights[np.arange(side), low] = 1 - (at - low)
    weights[np.arange(side), (low + 1) % given] += at - low
    return weights
