"""Superposition with no starting guess: many rotations, the best shift of each, refinement of the best in ever finer detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.alignment.confidence import Evidence, confidence_of, judge
from micrographia.imaging.alignment.harmonics import highest_rotations, rotational_correlation
from micrographia.imaging.alignment.poses import Pose, Refinement, ShiftSearch
from micrographia.imaging.alignment.preparation import SHELLS_PER_OCTAVE, Prepared, prepare
from micrographia.imaging.density import DensityMap

Floats = NDArray[np.float64]

# rotations kept of each correlation, and poses refined at each level of detail
_ROTATIONS, _COARSE, _MEDIUM, _FINE = 12, 10, 6, 4
# poses with less than this share of the best one's score are given up
_HOPEFUL = 0.6
# poses closer than this, degrees and share of the diameter, refine to one
_SAME_DEG, _SAME_SHIFT = 4.0, 0.05
# information with which a correlation counts for half
_TELLING_NATS = 20.0
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
    """Fourier shell correlation of the two in this pose, mean over the detail that both hold, 0 … 1; near 0 if that tells nothing."""
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
    a, b = a.finer(b.finest_per_a), b.finer(a.finest_per_a)
    band_per_a = common_band(a, b)
    poses = refined_poses(a, b, coarse_poses(a, b), _MEDIUM_DETAIL, samples=4000, steps=5)
    hopeful = [p for p in poses if p.score >= _HOPEFUL * poses[0].score][:_FINE]
    judged = [judge(a, b, p, band_per_a=band_per_a) for p in hopeful]
    # scores of poses that share different parts are not of the same thing; what the shared part tells in all is
    judged.sort(key=lambda e: -e.information_nats)
    evidence = _hand_chosen(judged)
    best = evidence.pose
    # two blobs, or two maps full of noise, correlate well in the next to nothing that they hold
    score = evidence.score * evidence.information_nats / (evidence.information_nats + _TELLING_NATS)
    return Superposition(_physical(best, a, b), best.mirrored, score, confidence_of(evidence), evidence.resolution_a)


def coarse_poses(a: Prepared, b: Prepared, *, count: int = _COARSE) -> list[Pose]:
    """Return the best poses as far as coarse detail tells them; the best of them first, no two alike."""
    poses = _distinct(_searched(a, b), a, b)[:count]
    return refined_poses(a, b, poses, _COARSE_DETAIL, samples=2000, steps=8)[:_MEDIUM]


def refined_poses(a: Prepared, b: Prepared, poses: Sequence[Pose], detail: float, *, samples: int, steps: int) -> list[Pose]:
    """Return poses refined with `detail` cycles per diameter of the smaller map; the best of them first, no two alike."""
    lowest, finest = common_band(a, b)
    high = min(detail / _small(a, b), finest)
    refinement = Refinement(a.spectrum(high), b.spectrum(high), band_per_a=(lowest, high), samples=samples)
    refined = sorted((refinement.refined(p, steps=steps) for p in poses), key=lambda p: -p.score)
    return _distinct(refined, a, b)


def common_band(a: Prepared, b: Prepared) -> tuple[float, float]:
    """Spatial frequencies at which two maps are compared, 1/Å: lowest, highest."""
    finest = min(a.finest_per_a, b.finest_per_a)
    return min(0.75 / max(a.radius_a, b.radius_a), 0.25 * finest), finest


def _small(a: Prepared, b: Prepared) -> float:
    return 2 * min(a.radius_a, b.radius_a)


def _searched(a: Prepared, b: Prepared) -> list[Pose]:
    """Rotations from the correlation of shells, each with its best shift; best first."""
    turns = np.concatenate(_rotations(a, b))
    finest_per_a = min(_SEARCH_DETAIL / _small(a, b), a.finest_per_a, b.finest_per_a)
    width_a = 2.6 * max(a.radius_a, b.radius_a)
    search = ShiftSearch(a.spectrum(finest_per_a), b.spectrum(finest_per_a), width_a=width_a, finest_per_a=finest_per_a)
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


def _distinct(poses: Sequence[Pose], a: Prepared, b: Prepared) -> list[Pose]:
    """Leave out poses close to a better one."""
    turns, shifts = np.array([p.turn for p in poses]), np.array([p.shift_a for p in poses])
    # cosine of the turn between two; at most 0 for poses of different hands
    cosine = (np.einsum("iab,jab->ij", turns, turns) - 1) / 2
    apart_a = np.linalg.norm(shifts[:, None] - shifts, axis=-1)
    close = (cosine > np.cos(np.deg2rad(_SAME_DEG))) & (apart_a < _SAME_SHIFT * _small(a, b))
    kept: list[int] = []
    for i in range(len(poses)):
        if not close[i, kept].any():
            kept.append(i)
    return [poses[i] for i in kept]


def _hand_chosen(judged: Sequence[Evidence]) -> Evidence:
    """The best pose; a mirrored one only when it is clearly better."""
    straight = next((e for e in judged if not e.pose.mirrored), judged[0])
    return judged[0] if judged[0].information_nats > 1.1 * straight.information_nats else straight


def _physical(pose: Pose, a: Prepared, b: Prepared) -> Floats:
    transform = np.eye(4)
    transform[:3, :3] = pose.turn
    transform[:3, 3] = a.center_xyz_a + pose.shift_a - pose.turn @ b.center_xyz_a
    return transform
