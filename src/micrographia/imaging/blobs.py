"""Connected pieces of a difference map: where they are, how large and how sure, and which are one thing that moved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from micrographia.imaging.density import DensityMap

Point = tuple[float, float, float]
Labels = NDArray[np.int32]

# what moved keeps its mass to this factor, and goes no further than so many times the radii of what is gone and what is new
_SAME_MASS = 2.0
_FURTHEST_RADII = 3.0
# what cannot be a pair costs more in the assignment than any pairs do
_NO_PAIR = 1e6


@dataclass(frozen=True, slots=True)
class Blob:
    """A connected piece of space in which one map has more than the other."""

    center_a: Point
    """Centre of mass of the difference, Å, (x, y, z) in the first map's frame."""
    volume_a3: float
    """Volume beyond the threshold, Å³."""
    peak_sigma: float
    """The largest difference in it, in sigma, positive."""
    sign: Literal["+", "-"]
    """``+`` where the first map has more, ``-`` where the second has."""
    mass_sigma_a3: float
    """Integral of the difference over the blob, sigma × Å³."""

    @property
    def radius_a(self) -> float:
        """Radius of the ball of the same volume, Å."""
        return float((3 * self.volume_a3 / (4 * math.pi)) ** (1 / 3))


@dataclass(frozen=True, slots=True)
class Move:
    """What the first map has at one place and the second map at another."""

    start_a: Point
    """Centre of the blob that only the first map has, Å."""
    end_a: Point
    """Centre of the blob that only the second map has, Å."""
    blobs: tuple[int, int]
    """Their numbers in the list of blobs, from 0."""

    @property
    def vector_a(self) -> Point:
        """From start to end, Å."""
        x, y, z = (e - s for s, e in zip(self.start_a, self.end_a, strict=True))
        return x, y, z

    @property
    def distance_a(self) -> float:
        """Length of the way, Å."""
        return math.dist(self.start_a, self.end_a)


def find_blobs(sigma: DensityMap, *, threshold_sigma: float, least_volume_a3: float) -> tuple[tuple[Blob, ...], Labels]:
    """Return the connected pieces beyond a threshold, the strongest first, and which voxel belongs to which.

    Parameters
    ----------
    sigma : DensityMap
        A difference in units of its noise.
    threshold_sigma : float
    least_volume_a3 : float, Å³
        Smaller pieces are dropped.

    Returns
    -------
    tuple of Blob
    int32 array, shape (z, y, x)
        1 in the voxels of the first blob, 2 in those of the second, 0 outside of all.
    """
    voxel_a3 = math.prod(sigma.voxel_size_a)
    labels, plus = _labelled(sigma.values > threshold_sigma)
    less, minus = _labelled(sigma.values < -threshold_sigma)
    np.add(less, plus, out=labels, where=less > 0)
    count = plus + minus + 1
    at = np.flatnonzero(labels)
    piece, weight = labels.ravel()[at], np.abs(sigma.values.ravel()[at]).astype(np.float64)
    volume, mass = np.bincount(piece, minlength=count) * voxel_a3, np.bincount(piece, weight, count) * voxel_a3
    places = np.stack([np.bincount(piece, weight * i, count) for i in np.unravel_index(at, sigma.shape_zyx)[::-1]], 1) * voxel_a3
    peak = np.zeros(count)
    np.maximum.at(peak, piece, weight)
    strongest_first = [int(n) for n in np.argsort(-peak, kind="stable") if volume[n] >= max(least_volume_a3, voxel_a3)]
    blobs = []
    for n in strongest_first:
        x, y, z = (float(c) for c in places[n] / mass[n] * sigma.voxel_size_a[::-1] + sigma.origin_xyz_a)
        blobs.append(Blob((x, y, z), float(volume[n]), float(peak[n]), "+" if n <= plus else "-", float(mass[n])))
    names = np.zeros(count, np.int32)
    names[strongest_first] = np.arange(len(strongest_first)) + 1
    return tuple(blobs), names[labels]


def pair_moves(blobs: tuple[Blob, ...]) -> tuple[Move, ...]:
    """Return which blobs of the first map are found again as blobs of the second: of like mass and not far, each at most once.

    Notes
    -----
    The pairs that together have gone the shortest ways, in their own radii (linear assignment; Kuhn, 1955).
    """
    plus, minus = ([n for n, blob in enumerate(blobs) if blob.sign == sign] for sign in "+-")
    cost = np.array([[_way(blobs[p], blobs[m]) for m in minus] for p in plus]).reshape(len(plus), len(minus))
    pairs = [(plus[i], minus[j]) for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < _NO_PAIR]
    return tuple(Move(blobs[p].center_a, blobs[m].center_a, (p, m)) for p, m in sorted(pairs))


def _way(plus: Blob, minus: Blob) -> float:
    """Distance in radii of both, and how far the masses differ."""
    way = math.dist(plus.center_a, minus.center_a) / (plus.radius_a + minus.radius_a)
    ratio = max(plus.mass_sigma_a3, minus.mass_sigma_a3) / min(plus.mass_sigma_a3, minus.mass_sigma_a3)
    return way + math.log(ratio) if ratio <= _SAME_MASS and way <= _FURTHEST_RADII else _NO_PAIR


def _labelled(beyond: NDArray[np.bool_]) -> tuple[Labels, int]:
    labels = np.empty(beyond.shape, np.int32)
    return labels, int(ndimage.label(beyond, output=labels))
