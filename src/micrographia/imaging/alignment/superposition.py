"""Superposition with no starting guess: many rotations, the best shift of each, refinement of the best in ever finer detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.alignment.confidence import Evidence, confidence_of
from micrographia.imaging.alignment.harmonics import highest_rotations, rotational_correlation
from micrographia.imaging.alignment.poses import Pose, Refinement, ShiftSearch
from micrographia.imaging.alignment.preparation import SHELLS_PER_OCTAVE, Prepared, prepare
from micrographia.imaging.density import DensityMap

Floats = NDArray[np.float64]

# rotations kept of each correlation, and poses refined at each level of detail
_ROTATIONS, _COARSE, _MEDIUM, _FINE = 12, 10, 6, 3
# details of each level, cycles per diameter
_SEARCH_DETAIL, _COARSE_DETAIL, _MEDIUM_DETAIL = 5.0, 8.0, 14.0


@dataclass(frozen=True, slots=True, eq=False)
class Superposition:
    """How B lies on A."""

    transform: Floats
    """(4, 4): takes physical positions of B (x, y, z, 1; Å) into A's frame; its 3×3 part has determinant −1 where B is mirrored."""
    mirrored: bool
    """B agrees with A clearly better after mirroring."""
    score: float
    """Fourier shell correlation of the two in this pose, mean over the detail that both hold, 0 … 1."""
    confidence: float
    """0 … 1: how sure it is that the two maps show the same thing in this pose; below 0.5 they should not be called similar."""
    resolution_a: float | None
    """Finest detail in which they agree (Fourier shell correlation above 0.3), Å; None where they agree in none."""


def superpose(a: DensityMap | Prepared, b: DensityMap | Prepared) -> Superposition:
    """Return the rigid transform that puts B on A, found with no starting guess.

    Parameters
    ----------
    a, b : DensityMap or Prepared
        Of any box, voxel size and resolution; prepared maps (`prepare`) save that work when one meets many.

    Raises
    ------
    InvalidInputError
        A map is constant, or not finite.

    Notes
    -----
    Spherical harmonics of shells in Fourier space about several centres, and of their amplitudes, give rotations for both hands
    (Kostelec & Rockmore 2008; the fast rotation function of Crowther 1972); phase correlation gives the best shift of each; Gauss–Newton
    on Fourier samples refines the best, in ever finer detail, and near ties are told apart only in the finest. One thread.
    """
    a, b = (m if isinstance(m, Prepared) else prepare(m) for m in (a, b))
    small, large = sorted((2 * a.radius_a, 2 * b.radius_a))
    finest = min(a.finest_per_a, b.finest_per_a)
    lowest = min(1.5 / large, 0.25 * finest)
    poses = _searched(a, b, min(_SEARCH_DETAIL / small, finest), large)
    levels = ((_COARSE_DETAIL, 2000, _COARSE, 8), (_MEDIUM_DETAIL, 4000, _MEDIUM, 5), (np.inf, 8000, _FINE, 5))
    for detail, samples, count, steps in levels:
        refinement = Refinement(a.spectrum, b.spectrum, band_per_a=(lowest, min(detail / small, finest)), samples=samples)
        poses = [refinement.refined(p, steps=steps) for p in _distinct(poses, small)[:count]]
        poses.sort(key=lambda p: -p.score)
    poses = _distinct(poses, small)
    best = _hand_chosen(poses)
    evidence = Evidence.of(a, b, refinement, best, [p for p in poses if p is not best])
    return Superposition(_physical(best, a, b), best.mirrored, evidence.score, confidence_of(evidence), evidence.resolution_a)


def _searched(a: Prepared, b: Prepared, finest_per_a: float, large_a: float) -> list[Pose]:
    """Rotations from the correlation of shells, each with its best shift; best first."""
    turns = np.concatenate(list(_rotations(a, b)))
    search = ShiftSearch(a.spectrum, b.spectrum, width_a=1.3 * large_a, finest_per_a=finest_per_a)
    shifts, values = search.best(turns)
    return [Pose(turns[i], shifts[i], float(values[i])) for i in np.argsort(-values)]


def _rotations(a: Prepared, b: Prepared) -> list[Floats]:
    first, last = max(a.shells[0], b.shells[0]), min(a.shells[1], b.shells[1])
    if first >= last:
        return [np.eye(3)[None], -np.eye(3)[None]]
    part_a, part_b = (slice(first - m.shells[0], last - m.shells[0]) for m in (a, b))
    weights = 2.0 ** (np.arange(last - first) / SHELLS_PER_OCTAVE)
    found = []
    for center in range(min(len(a.centers_xyz_a), len(b.centers_xyz_a))):
        straight, inverted = rotational_correlation(a.harmonics(center)[part_a], b.harmonics(center)[part_b], weights)
        found += [highest_rotations(straight, _ROTATIONS, apart_deg=15)[0], -highest_rotations(inverted, _ROTATIONS, apart_deg=15)[0]]
    amplitudes = rotational_correlation(a.patterson_harmonics()[part_a], b.patterson_harmonics()[part_b], weights)[0]
    rotations = highest_rotations(amplitudes, 2 * _ROTATIONS, apart_deg=15)[0]
    return [*found, rotations, -rotations]


def _distinct(poses: Sequence[Pose], diameter_a: float) -> list[Pose]:
    """Leave out poses close to a better one."""
    kept: list[Pose] = []
    for pose in poses:
        if not any(_close(pose, other, diameter_a) for other in kept):
            kept.append(pose)
    return kept


def _close(p: Pose, q: Pose, diameter_a: float) -> bool:
    cosine = (np.sum(p.turn * q.turn) - 1) / 2
    return (
        p.mirrored == q.mirrored
        and bool(cosine > np.cos(np.deg2rad(4)))
        and bool(np.linalg.norm(p.shift_a - q.shift_a) < 0.05 * diameter_a)
    )


def _hand_chosen(poses: Sequence[Pose]) -> Pose:
    """The best pose; a mirrored one only when it is clearly better."""
    straight = next((p for p in poses if not p.mirrored), poses[0])
    return poses[0] if poses[0].score > 1.1 * straight.score + 0.01 else straight


def _physical(pose: Pose, a: Prepared, b: Prepared) -> Floats:
    transform = np.eye(4)
    transform[:3, :3] = pose.turn
    transform[:3, 3] = a.center_xyz_a + pose.shift_a - pose.turn @ b.center_xyz_a
    return transform
