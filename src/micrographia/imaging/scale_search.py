"""Maps whose voxel sizes do not fit together: by which factor one of them is too large."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micrographia.imaging.alignment import Prepared, Superposition, prepare, superpose
from micrographia.imaging.density import DensityMap
from micrographia.imaging.resampling import background, coarsened, resample

Floats = NDArray[np.float64]

# grid and blur on which sizes are compared: so coarse that a map a little too large lies on the other still
_SIDE = 48
_BLUR_VOXELS = 1.5
# tried beside what the extents of the maps say, when only a part of one is in the other
_FACTORS = tuple(1.25 ** (n / 4) for n in range(-4, 5))
_AGREES = 0.9
_STEPS = 3
# fits, and how many times the median a voxel may miss to be in the next
_FITS, _OUTLIER = 4, 3.0
_LEAST_STEP = 0.001
# steps further than this are no correction of a size that is nearly right
MOST_STEP = 0.06


def scaled(density: DensityMap, factor: float) -> DensityMap:
    """Return a map whose voxels, and with them its place, are larger by a factor."""
    if factor == 1:
        return density
    z, y, x = (v * factor for v in density.voxel_size_a)
    left, front, low = (o * factor for o in density.origin_xyz_a)
    return replace(density, voxel_size_a=(z, y, x), origin_xyz_a=(left, front, low))


def extent_ratio(a: Prepared, b: Prepared) -> float:
    """Return by which factor the density of `a` reaches further than that of `b`: the ratio of their radii of gyration."""
    return _gyration_a(a) / _gyration_a(b)


def size_ratio(a: DensityMap, b: DensityMap, transform: Floats) -> float:
    """Return the factor by which B should be larger to lie best on A, where it nearly does: within `MOST_STEP` of 1.

    Parameters
    ----------
    a, b : DensityMap
    transform : float64 array, shape (4, 4)
        Superposes `b` on `a`, Å, (x, y, z).

    Notes
    -----
    Least squares of B, on A's grid, against A, its shifts and its growth: b = s a + s (k − 1) r·∇a + t·∇a, where both have density; again
    without the voxels that fit worst, where one map may lack something.
    """
    edge = max(a.size_xyz_a) / _SIDE
    z, y, x = (min(n, max(8, round(n * v / edge))) for n, v in zip(a.shape_zyx, a.voxel_size_a, strict=True))
    a = coarsened(a, (z, y, x))
    moved = resample(b, a, transform)
    one, two = (ndimage.gaussian_filter(m - np.float32(background(m)), _BLUR_VOXELS, mode="nearest") for m in (a.values, moved.values))
    used = moved.covered & (one > 0.1 * one.max()) & (two > 0.1 * two.max())
    if used.sum() < 100:
        return 1.0
    slopes = np.stack([g[used] for g in np.gradient(one)]).astype(np.float64)
    places = np.argwhere(used).T - np.argwhere(used).mean(0)[:, None]
    terms = np.stack([one[used], (places * slopes).sum(0), *slopes], axis=1)
    wanted = two[used].astype(np.float64)
    alike = np.ones(wanted.size, np.bool_)
    for _ in range(_FITS):
        fitted = np.linalg.lstsq(terms[alike], wanted[alike])[0]
        missed = np.abs(terms @ fitted - wanted)
        alike = missed <= _OUTLIER * np.median(missed)
    strength, growth, *_ = fitted
    return float(1 + np.clip(growth / strength, -MOST_STEP, MOST_STEP)) if strength > 0 else 1.0


def search_scale(a: DensityMap, b: DensityMap, *, thorough: bool = False) -> tuple[float, Superposition]:
    """Return the factor by which B's voxels should be larger, and the superposition of B with them.

    Parameters
    ----------
    a, b : DensityMap
    thorough : bool
        Where the maps do not agree with what their extents suggest, try factors from 0.8 to 1.25 too: one may be a part of the other.
    """
    prepared = prepare(a)
    factor = extent_ratio(prepared, prepare(b))
    best = superpose(prepared, scaled(b, factor))
    if thorough and best.confidence < _AGREES:
        tried = {f: superpose(prepared, scaled(b, f)) for f in _FACTORS} | {factor: best}
        factor, best = max(tried.items(), key=lambda found: found[1].score)
    for _ in range(_STEPS):
        step = size_ratio(a, scaled(b, factor), best.transform)
        if abs(step - 1) < _LEAST_STEP:
            break
        found = superpose(prepared, scaled(b, factor * step))
        if found.score <= best.score:
            break
        factor, best = factor * step, found
    return factor, best


def _gyration_a(prepared: Prepared) -> float:
    support = prepared.support
    weight = support.weight.astype(np.float64)
    squares = 0.0
    for axis, (n, size) in enumerate(zip(weight.shape, support.voxel_size_a, strict=True)):
        along = weight.sum(tuple(other for other in range(3) if other != axis))
        place = np.arange(n) * size
        squares += float(along @ (place - along @ place / along.sum()) ** 2 / along.sum())
    return float(np.sqrt(squares))
