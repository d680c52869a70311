"""A still picture of the surface of a density map at one contour level, drawn by the processor alone.

Voxels at the surface are splatted to find where each line of sight begins; from there it is followed to the first voxel inside, the
crossing is refined between voxels, and light falls along the gradient of the density.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.planes import shrink_by

Volume = NDArray[np.float32]
Picture = NDArray[np.uint8]
# shape (n, 3): z, y, x in voxels, or right, up, away
Points = NDArray[Any]

# voxels along the longest side of what is drawn: more cannot be told apart in a picture
_MOST_VOXELS = 144
# seen from above and from one side, z upwards: an object's axis of symmetry is mostly z
_AZIMUTH, _ELEVATION = math.radians(28), math.radians(24)
_MARGIN = 1.08
_BACKGROUND = (11, 12, 14)
_COLOUR = np.array([0.58, 0.76, 0.88], np.float32)
_LIGHT = np.array([-0.42, 0.62, -0.66], np.float32)  # right, up, away from the eye
# lines of sight are followed in steps of so many voxels, from so far before the first voxel of the surface
_STEP, _LEAD = 0.6, 2.0
_BISECTIONS = 4
# what a picture of a particle looks like; noise and full boxes are better shown otherwise
_LEAST_COVERED, _MOST_COVERED = 0.04, 0.97
_MOST_ROUGH = 0.25


@dataclass(frozen=True, slots=True)
class _View:
    """Directions of the picture in space (z, y, x), and the scale of voxels."""

    right: NDArray[np.float32]
    up: NDArray[np.float32]
    away: NDArray[np.float32]
    spacing: NDArray[np.float32]

    def seen(self, points: Points) -> Points:
        """Return right, up and away of points given in voxels."""
        places: Points = (points * self.spacing) @ np.stack([self.right, self.up, self.away]).T
        return places


def draw_isosurface(volume: Volume, level: float, side: int, *, spacing: tuple[float, float, float] = (1, 1, 1)) -> Picture | None:
    """Return a picture of a surface, shape (side, side, 3); None where there is none, or it is noise or fills its box.

    Parameters
    ----------
    volume : float32 array, shape (z, y, x)
    level : float, in the volume's own values
        What is above is inside.
    side : int, pixels
    spacing : tuple of float
        Relative size of a voxel along z, y, x.

    Notes
    -----
    Cost: about a second for 256³ voxels and 512² pixels; peak memory about twice that of the volume.
    """
    found = _cropped(volume, level)
    if found is None:
        return None
    view = _view(np.asarray(spacing, np.float32) / max(spacing))
    starts, unit = _splat(found, level, view, side)
    pixels, points = _cast(found, level, view, starts, unit)
    if not _LEAST_COVERED < len(pixels) / side**2 < _MOST_COVERED:
        return None
    return _shaded(found, view, side, pixels, points)


def pool_cubes(volume: NDArray[Any], factor: int) -> Volume:
    """Return means of cubes of `factor` voxels; what is left over at the ends is cut off."""
    depth = min(factor, len(volume))
    planes = [
        np.nan_to_num(shrink_by(volume[z : z + depth], factor)).mean(axis=0, dtype=np.float32)
        for z in range(0, len(volume) - depth + 1, depth)
    ]
    return np.stack(planes)


def _cropped(volume: Volume, level: float) -> Volume | None:
    """The part that holds the surface with a rim below the level around it, no longer than can be seen."""
    inside = volume >= level
    if not inside.any() or inside.all():
        return None
    ranges = []
    for axis in range(3):
        held = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        ranges.append(slice(max(0, held[0] - 1), held[-1] + 2))
    cropped = volume[tuple(ranges)]
    small = pool_cubes(cropped, math.ceil(max(cropped.shape) / _MOST_VOXELS))
    low = np.float32(min(float(small.min()), level - abs(level) * 0.1 - 1e-6))
    rimmed = np.pad(small, 2, constant_values=low)
    return rimmed if (rimmed >= level).any() else None


def _view(spacing: NDArray[np.float32]) -> _View:
    sa, ca, se, ce = math.sin(_AZIMUTH), math.cos(_AZIMUTH), math.sin(_ELEVATION), math.cos(_ELEVATION)
    right = np.array([0, sa, ca], np.float32)
    away = np.array([-se, ce * ca, -ce * sa], np.float32)
    up = np.array([ce, se * ca, -se * sa], np.float32)
    return _View(right, up, away, spacing)


def _splat(volume: Volume, level: float, view: _View, side: int) -> tuple[NDArray[np.float32], tuple[float, NDArray[np.float32]]]:
    """Return for each pixel how near a voxel of the surface may be (infinite where none is), and the scale and centre of the picture."""
    inside = volume >= level
    core = inside.copy()
    for axis in range(3):
        core[1:-1, 1:-1, 1:-1] &= (np.roll(inside, 1, axis) & np.roll(inside, -1, axis))[1:-1, 1:-1, 1:-1]
    places = view.seen(np.argwhere(inside & ~core).astype(np.float32))
    low, high = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    centre, extent = (low + high) / 2, float((high - low).max()) + 2
    scale = extent * _MARGIN / side
    depth = np.full((side, side), np.inf, np.float32)
    at = np.rint((places[:, :2] - centre) / scale).astype(np.int64) + side // 2
    reach = math.ceil(1.8 / scale)  # where the surface may lie about a voxel
    small = np.full((side + 2 * reach, side + 2 * reach), np.inf, np.float32)
    np.minimum.at(small, (side - 1 - at[:, 1] + reach, at[:, 0] + reach), places[:, 2])
    rows = np.minimum.reduce([small[i : i + side] for i in range(2 * reach + 1)])
    depth = np.minimum.reduce([rows[:, i : i + side] for i in range(2 * reach + 1)])
    return depth, (scale, centre)


def _cast(
    volume: Volume, level: float, view: _View, starts: NDArray[np.float32], unit: tuple[float, NDArray[np.float32]]
) -> tuple[NDArray[np.int64], Points]:
    """Return the pixels whose line of sight meets the surface, and where it does, in voxels."""
    side, (scale, centre) = len(starts), unit
    occupied = _highest_corners(volume).ravel() >= level
    pixels = np.flatnonzero(np.isfinite(starts.ravel()))
    rows, columns = np.divmod(pixels, side)
    right = (columns - side // 2).astype(np.float32) * scale + centre[0]
    up = (side - 1 - rows - side // 2).astype(np.float32) * scale + centre[1]
    from_eye = right[:, None] * view.right + up[:, None] * view.up + (starts.ravel()[pixels] - _LEAD)[:, None] * view.away
    points, step = from_eye / view.spacing, _STEP * view.away / view.spacing
    last = np.array(volume.shape) - 2
    strides = np.array([(last[1] + 1) * (last[2] + 1), last[2] + 1, 1])
    found: list[tuple[NDArray[np.int64], Points]] = []
    for _ in range(math.ceil(2 * sum(volume.shape) / _STEP)):
        cell = np.floor(points).astype(np.int64)
        # a line leaves the box for good where it is past it and goes away from it
        gone = (((cell < 0) & (step <= 0)) | ((cell > last) & (step >= 0))).any(axis=1)
        near = ((cell >= 0) & (cell <= last)).all(axis=1)
        near[near] = occupied[cell[near] @ strides]
        hit = np.zeros(len(points), bool)
        hit[near] = _interpolated(volume, points[near]) >= level
        found.append((pixels[hit], points[hit]))
        kept = ~(hit | gone)
        pixels, points = pixels[kept], points[kept] + step
        if not len(pixels):
            break
    return np.concatenate([f[0] for f in found]), _refined(volume, level, np.concatenate([f[1] for f in found]), step)


def _refined(volume: Volume, level: float, inside: Points, step: Points) -> Points:
    """Return where the interpolated density crosses the level between `inside` and a step before it."""
    outside = inside - step
    for _ in range(_BISECTIONS):
        middle = (inside + outside) / 2
        is_in = (_interpolated(volume, middle) >= level)[:, None]
        inside, outside = np.where(is_in, middle, inside), np.where(is_in, outside, middle)
    return inside


def _highest_corners(volume: Volume) -> Volume:
    """The highest of the eight corners of each cell between voxels."""
    for axis in range(3):
        ends = (slice(None),) * axis
        volume = np.maximum(volume[(*ends, slice(None, -1))], volume[(*ends, slice(1, None))])
    return volume


def _interpolated(volume: Volume, points: Points) -> NDArray[Any]:
    """Trilinear interpolation."""
    _, height, width = volume.shape
    base = np.clip(points.astype(np.int32), 0, np.array(volume.shape, np.int32) - 2)
    z, y, x = (points - base).astype(np.float32).T
    flat, start = volume.ravel(), (base[:, 0] * height + base[:, 1]) * width + base[:, 2]
    planes = []
    for plane in (0, height * width):
        rows = []
        for row in (plane, plane + width):
            left = flat[start + row]
            rows.append(left + x * (flat[start + row + 1] - left))
        planes.append(rows[0] + y * (rows[1] - rows[0]))
    between: NDArray[Any] = planes[0] + z * (planes[1] - planes[0])
    return between


def _shaded(volume: Volume, view: _View, side: int, pixels: NDArray[np.int64], points: Points) -> Picture | None:
    slopes: Any = np.gradient(volume)
    gradient = np.stack([_interpolated(slope, points) for slope in slopes], axis=1) / view.spacing
    normal = -gradient @ np.stack([view.right, view.up, view.away]).T
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
    depth = np.full(side * side, np.nan, np.float32)
    depth[pixels] = view.seen(points)[:, 2]
    whole = np.zeros((side * side, 3), np.float32)
    whole[pixels] = normal
    if _roughness(whole.reshape(side, side, 3)) > _MOST_ROUGH:
        return None
    light = _LIGHT / np.linalg.norm(_LIGHT)
    lit = np.clip(normal @ light, 0, 1)
    shine = np.clip(normal @ _halfway(light), 0, 1) ** 24
    near, far = np.nanpercentile(depth, (1, 99))
    haze = 1 - 0.3 * np.clip((depth[pixels] - near) / max(far - near, 1e-6), 0, 1)
    shade = (0.3 + 0.8 * lit) * haze * _openness(depth.reshape(side, side)).ravel()[pixels]
    colour = shade[:, None] * _COLOUR + 0.22 * (shine * haze)[:, None]
    picture = np.empty((side * side, 3), np.uint8)
    picture[:] = _BACKGROUND
    picture[pixels] = np.clip(colour * 255, 0, 255).astype(np.uint8)
    return picture.reshape(side, side, 3)


def _halfway(light: NDArray[np.float32]) -> NDArray[np.float32]:
    to_eye = np.array([0, 0, -1], np.float32)
    halfway: NDArray[np.float32] = (light + to_eye) / np.linalg.norm(light + to_eye)
    return halfway


def _roughness(normals: NDArray[np.float32]) -> float:
    """How far neighbouring pixels of a surface look elsewhere: 0 for a plane, near 1 for noise."""
    reach = max(1, len(normals) // 128)
    here, there = normals[:, :-reach], normals[:, reach:]
    both = here.any(axis=2) & there.any(axis=2)
    return float(1 - (here * there).sum(axis=2)[both].mean()) if both.any() else 1.0


def _openness(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """How little of what is around a pixel stands before it: clefts are darker."""
    side = len(depth)
    known = np.nan_to_num(depth, nan=float(np.nanmax(depth)))
    extent = max(float(known.max() - known.min()), 1e-6)
    hidden = np.zeros_like(known)
    for radius in (side // 64 + 1, side // 24 + 1):
        for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            around = np.roll(known, (dy * radius, dx * radius), (0, 1))
            hidden += np.clip((known - around) / (0.12 * extent) - 0.15, 0, 1)
    openness: NDArray[np.float32] = (1 - 0.5 * hidden / 16 * 1.6).clip(0.35, 1)
    return openness
