"""Where in its box a map has density: the voxels above the noise, in connected pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Floats = NDArray[np.float64]
Volume = NDArray[np.float32]

# of the grid on which density is told from noise, voxels along the longest edge
_SIDE = 48
# pieces smaller than this share of the largest are dust
_DUST = 0.05
# density above this many standard deviations of the noise, and above this share of the highest
_SIGMAS = 4.0
_SHARE = 0.15
# a smaller share of the box is no molecule
_LEAST = 0.002


@dataclass(frozen=True, slots=True, eq=False)
class Support:
    """The molecule in the box."""

    mask: Volume
    """1 where it is, 0 away from it, shape (z, y, x): on a coarse grid that spans the box."""
    weight: Volume
    """Density above background in the mask, same grid; at least 0."""
    voxel_size_a: Floats
    """Of the coarse grid: z, y, x."""
    centers_xyz_a: Floats
    """Guesses of the point that another map has in the same place, shape (n, 3), from voxel [0, 0, 0]; the first is the centre of mass."""
    radius_a: float
    """Of the sphere about the centre of mass that holds it."""
    fills_box: bool
    """No background was found: the box was cut from something larger."""


def fourier_cropped(spectrum: NDArray[np.complex64], shape: tuple[int, ...], smaller: tuple[int, ...]) -> Volume:
    """Return the map whose `scipy.fft.rfftn` is `spectrum`, on a coarser grid that spans the same box.

    Parameters
    ----------
    spectrum : complex64 array, shape (z, y, x // 2 + 1)
    shape, smaller : tuple of int
        Voxels along z, y, x, before and after; voxel [0, 0, 0] keeps its place.
    """
    z, y, x = (min(a, b) for a, b in zip(shape, smaller, strict=True))
    rows = [np.r_[0 : (n + 1) // 2, -(n // 2) : 0] for n in (z, y)]
    kept = spectrum[np.ix_(rows[0], rows[1], np.arange(x // 2 + 1))]
    scale = np.float32(z * y * x / np.prod(shape))
    found: Volume = fft.irfftn(kept * scale, (z, y, x), workers=1)
    return found


def find_support(spectrum: NDArray[np.complex64], shape: tuple[int, ...], voxel_size_a: Floats) -> Support:
    """Tell density from background.

    Parameters
    ----------
    spectrum : complex64 array
        `scipy.fft.rfftn` of the map, shape (z, y, x // 2 + 1).
    shape : tuple of int
        Voxels of the map along z, y, x.
    voxel_size_a : (3,) floats
        Of the map.
    """
    edges = np.array(shape) * voxel_size_a
    # voxels as cubic as the map's own allow, and even numbers of them
    wanted = np.maximum(edges / edges.max() * _SIDE, 8)
    smaller = tuple(int(min(n, fft.next_fast_len(int(w), real=True))) for n, w in zip(shape, wanted, strict=True))
    coarse = ndimage.gaussian_filter(fourier_cropped(spectrum, shape, smaller), 0.8, mode="nearest")
    size = edges / smaller
    background, threshold = _threshold(coarse)
    inside = _largest_pieces(coarse - np.float32(background), coarse >= threshold)
    fills_box = bool(inside.mean() > 0.5)
    soft = ndimage.gaussian_filter(inside.astype(np.float32), 1.5, mode="constant")
    mask = np.clip(soft * 5.0, 0, 1)
    weight = np.where(inside, np.maximum(coarse - np.float32(background), 0), 0).astype(np.float32)
    if not weight.any():
        weight = inside.astype(np.float32)
    axes = [(np.arange(n) * v).astype(np.float32) for n, v in zip(smaller, size, strict=True)]
    centers = _centers(weight, inside, axes)
    z, y, x = (a - c for a, c in zip(axes, centers[0][::-1], strict=True))
    distance = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)[inside]
    radius = float(np.percentile(distance, 99) + 0.5 * size.max())
    return Support(mask, weight, size, centers, radius, fills_box)


def _threshold(coarse: Volume) -> tuple[float, float]:
    """Background, and the density above which it is none."""
    z, y, x = (np.abs(np.linspace(-1, 1, n)) for n in coarse.shape)
    outer = coarse[(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2) > 0.94**2]
    background = float(np.median(outer))
    below = background - outer[outer < background]
    # density that reaches into the outer shell is above the background: what lies below tells the noise
    noise = float(np.sqrt(np.mean(below**2))) if below.size else 0.0
    high = float(np.percentile(coarse, 99.7))
    threshold = max(background + _SIGMAS * noise, background + _SHARE * (high - background))
    if (coarse >= threshold).mean() >= _LEAST:
        return background, threshold
    # nothing stands out: take what is highest
    threshold = float(np.percentile(coarse, 97))
    return min(background, float(coarse.min())) if threshold <= background else background, threshold


def _largest_pieces(height: Volume, above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndimage.label(above)
    if count <= 1:
        return above
    mass = np.bincount(labels.ravel(), np.maximum(height, 0).ravel())
    mass[0] = 0
    kept = mass > _DUST * mass.max()
    inside: NDArray[np.bool_] = kept[labels]
    return inside


def _centers(weight: Volume, inside: NDArray[np.bool_], axes: list[NDArray[np.float32]]) -> Floats:
    """Centres of mass of the density, of its higher part, of its shape, and the middle of its extent."""
    values = weight[inside]
    high = np.where(weight >= np.percentile(values, 60), weight, 0)
    found = [_center_of_mass(w, axes) for w in (weight, high, inside.astype(np.float32))]
    ends = [axis[np.flatnonzero(inside.any(tuple(j for j in range(3) if j != i)))[[0, -1]]] for i, axis in enumerate(axes)]
    found.append(np.array([e.mean() for e in ends[::-1]]))
    return np.array(found, np.float64)


def _center_of_mass(weight: Volume, axes: list[NDArray[np.float32]]) -> Floats:
    total = float(weight.sum())
    sums = [weight.sum(tuple(j for j in range(3) if j != i)) @ axis / total for i, axis in enumerate(axes)]
    return np.array(sums[::-1], np.float64)
