"""One map on the grid of another: any turn, shift, size of voxels or mirror between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy import ndimage

from micrographia.imaging.density import DensityMap, Matrix, Volume
from micrographia.imaging.fourier import fourier_crop

# what is finer than this part of the target's voxels is cropped in Fourier space before splines: they are true to 0.1 % below it
_FINEST = 0.66
# the low-pass falls from 1 to 0 over this last part of the frequencies that the target can hold
_EDGE = 0.1
_SLAB_VOXELS = 1 << 22
_BORDER_VOXELS = 5

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A map on the grid of another."""

    values: Volume
    """float32, shape (z, y, x) of the grid; its own background where it does not reach."""
    covered: Mask
    """bool, same shape: where the map reaches."""


def resample(density: DensityMap, onto: DensityMap, transform: Matrix) -> Resampled:
    """Return a map as it is on the grid of another.

    Parameters
    ----------
    density : DensityMap
        The map that is moved.
    onto : DensityMap
        Its grid is taken; its values are not looked at.
    transform : float64 array, shape (4, 4)
        Takes positions of `density` into the frame of `onto`, Å, (x, y, z); the 3×3 part is a rotation, or a rotation and a mirror.

    Notes
    -----
    Cubic splines (Unser, 1999, IEEE Signal Process. Mag. 16, 22) after a low-pass to what the grid can hold, so that nothing is aliased.
    """
    outside = background(density.values)
    values = _held_by(density, onto, transform)
    steps, start = _index_map(density, onto, transform)
    shrunk = np.divide(values.shape, density.shape_zyx)
    coefficients = ndimage.spline_filter(values, 3, output=np.float32, mode="mirror")
    depth, height, width = onto.shape_zyx
    moved = np.empty(onto.shape_zyx, np.float32)
    covered = np.empty(onto.shape_zyx, np.bool_)
    z_step = max(1, _SLAB_VOXELS // (height * width))
    for z in range(0, depth, z_step):
        part = slice(z, min(z + z_step, depth))
        begin = start + steps[:, 0] * z
        shape = (part.stop - z, height, width)
        covered[part] = _inside(steps, begin, shape, density.shape_zyx)
        ndimage.affine_transform(
            coefficients, steps * shrunk[:, None], begin * shrunk, output=moved[part], order=3, mode="nearest", prefilter=False
        )
    moved[~covered] = outside
    return Resampled(moved, covered)


def background(values: Volume) -> float:
    """Return the level around what is imaged: the median of the faces of the box."""
    faces = [np.take(values, [0, -1], axis).ravel() for axis in range(3)]
    return float(np.median(np.concatenate(faces)))


def inner_weight(inside: Mask) -> Volume:
    """Return 1 well inside a mask, falling to 0 before its border and that of the box; float32, same shape."""
    near: Volume = ndimage.uniform_filter(inside.astype(np.float32), _BORDER_VOXELS, mode="constant")
    return np.clip(2 * near - 1, 0, 1)


def _index_map(density: DensityMap, onto: DensityMap, transform: Matrix) -> tuple[Matrix, Matrix]:
    """Voxel (z, y, x) of `onto` → ``steps @ voxel + start``, the voxel of `density` at the same place."""
    back = np.linalg.inv(transform)
    turn, shift = back[:3, :3][::-1, ::-1], back[:3, 3][::-1]
    size = np.asarray(density.voxel_size_a)[:, None]
    steps = turn * np.asarray(onto.voxel_size_a) / size
    origin = turn @ np.asarray(onto.origin_xyz_a)[::-1] + shift - np.asarray(density.origin_xyz_a)[::-1]
    return steps, origin / size[:, 0]


def _inside(steps: Matrix, start: Matrix, shape: tuple[int, ...], box: tuple[int, int, int]) -> Mask:
    z, y, x = (np.arange(n, dtype=np.float32) for n in shape)
    inside = np.ones(shape, np.bool_)
    for axis, length in enumerate(box):
        along = [(steps[axis, k] * v).astype(np.float32) for k, v in enumerate((z, y, x))]
        position = along[0][:, None, None] + (along[1][:, None] + along[2]) + np.float32(start[axis])
        inside &= (position >= -0.5) & (position <= length - 0.5)
    return inside


def _held_by(density: DensityMap, onto: DensityMap, transform: Matrix) -> Volume:
    """Return `density` without the frequencies that the grid of `onto` cannot hold, on as few voxels as carry the rest."""
    finest = _FINEST * min(onto.voxel_size_a)
    z, y, x = (min(n, _even(n * v / finest)) for n, v in zip(density.shape_zyx, density.voxel_size_a, strict=True))
    shape = (z, y, x)
    if max(onto.voxel_size_a) <= min(density.voxel_size_a) and shape == density.shape_zyx:
        return density.values
    spectrum = scipy.fft.rfftn(density.values)
    turn = transform[:3, :3][::-1, ::-1] * 2 * np.asarray(onto.voxel_size_a)[:, None]
    fz, fy, fx = _frequencies(density)
    for k, plane in enumerate(spectrum):
        # 1 where the frequency, turned into the frame of the target, reaches the target's limit
        reach = sum((turn[i, 0] * fz[k] + turn[i, 1] * fy[:, None] + turn[i, 2] * fx) ** 2 for i in range(3))
        plane *= _fall(np.sqrt(reach)).astype(np.float32)
    return fourier_crop(scipy.fft.irfftn(spectrum, density.shape_zyx, overwrite_x=True), shape)


def _fall(reach: Matrix) -> Matrix:
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip((reach - 1 + _EDGE) / _EDGE, 0, 1)))


def _frequencies(density: DensityMap) -> tuple[Matrix, Matrix, Matrix]:
    (nz, ny, nx), (dz, dy, dx) = density.shape_zyx, density.voxel_size_a
    return scipy.fft.fftfreq(nz, dz), scipy.fft.fftfreq(ny, dy), scipy.fft.rfftfreq(nx, dx)


def _even(length: float) -> int:
    return 2 * max(4, int(np.ceil(length / 2)))


def coarsened(density: DensityMap, shape_zyx: tuple[int, int, int]) -> DensityMap:
    """Return a map on fewer voxels, with all frequencies that these can hold; its box and the place of voxel [0, 0, 0] stay.

    Parameters
    ----------
    density : DensityMap
    shape_zyx : tuple of int
        No side longer than that of the map.
    """
    if shape_zyx == density.shape_zyx:
        return density
    z, y, x = (v * n / m for v, n, m in zip(density.voxel_size_a, density.shape_zyx, shape_zyx, strict=True))
    return DensityMap(fourier_crop(density.values, shape_zyx), (z, y, x), density.origin_xyz_a)
