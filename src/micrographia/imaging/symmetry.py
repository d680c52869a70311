"""Symmetry of a map found in the map itself: which rotations take it into itself, and the point group that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from micrographia.imaging.alignment import Prepared, prepare
from micrographia.imaging.alignment.harmonics import highest_rotations, rotational_correlation
from micrographia.imaging.alignment.poses import Pose, Refinement
from micrographia.imaging.alignment.preparation import SHELLS_PER_OCTAVE
from micrographia.imaging.density import DensityMap

Floats = NDArray[np.float64]

# detail by which rotations are judged, cycles per diameter: finer detail is noise, coarser is round in most molecules
_DETAIL = (1.5, 10.0)
_SAMPLES = 2500
# rotations of the self-correlation that are looked at; their axes, and the angles tried about each
_PEAKS, _AXES, _ANGLES = 30, 14, 144
_MOST_FOLD = 24
# directions closer than this are one axis
_APART_DEG = 8.0
# share of the density's agreement with itself that remains when it is turned: noise leaves 0, symmetry 1
_SYMMETRIC = 0.8
_DOUBTFUL = 0.6
# an operator that agrees so much less than the others belongs to no symmetry of the whole
_FALLS_BEHIND = 0.85
# maps that agree so well when turned at random, or by any angle about an axis, are round: every group fits
_ROUND = 0.9
_LARGEST_GROUP = 60


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryAxis:
    """An axis about which the map repeats itself."""

    fold: int
    direction_xyz: tuple[float, float, float]
    """Unit vector."""
    score: float
    """Lowest agreement of the map with itself when turned about it: 0 for noise, 1 for exact symmetry."""


@dataclass(frozen=True, slots=True, eq=False)
class MapSymmetry:
    """The point group of a map."""

    group: str | None
    """As Schoenflies writes it: C1, C7, D2, T, O, I; None where the map is round, also only about an axis, as far as its detail shows."""
    order: int
    """Number of operators, the identity among them."""
    score: float
    """Mean agreement of the map with itself over the operators of its group (for C1: of the best rotation that was refused), 0 … 1."""
    confidence: float
    """0 … 1: how far the agreement lies from what decides."""
    axes: tuple[SymmetryAxis, ...]
    """Highest fold first."""
    centre_xyz_a: tuple[float, float, float]
    """Point that all operators keep, in the map's physical frame, Å."""
    resolution_a: float
    """Finest detail that was looked at, Å."""
    mirror_asymmetry: float | None
    """How far the map differs from its mirror image: 0 where they are the same (its hand cannot be told), 1 where they share nothing."""
    operators: Floats = field(repr=False)
    """Rotations, shape (order, 3, 3), the identity first."""

    def as_json(self) -> dict[str, Any]:
        """Return it as a document."""
        axes = [{"fold": a.fold, "direction_xyz": [round(v, 4) for v in a.direction_xyz], "score": round(a.score, 3)} for a in self.axes]
        return {
            "group": self.group,
            "order": self.order,
            "score": round(self.score, 3),
            "confidence": round(self.confidence, 3),
            "axes": axes,
            "centre_xyz_a": [round(v, 2) for v in self.centre_xyz_a],
            "resolution_a": round(self.resolution_a, 2),
            "mirror_asymmetry": None if self.mirror_asymmetry is None else round(self.mirror_asymmetry, 3),
        }


def map_symmetry(density: DensityMap | Prepared, *, resolution_a: float | None = None) -> MapSymmetry:
    """Return the point group of a map, found without a hint.

    Parameters
    ----------
    density : DensityMap or Prepared
        Of any box and orientation; its axes need not pass through the middle of the box.
    resolution_a : float, Å, optional
        Finer detail is not looked at; without one, none finer than a tenth of the diameter.

    Raises
    ------
    InvalidInputError
        The map is constant, or not finite.

    Notes
    -----
    The self-rotation function (Rossmann & Blow 1962; over all rotations at once by spherical harmonics, Crowther 1972, Kostelec & Rockmore
    2008) names candidate axes. The Fourier spectrum of the self-correlation about each gives its fold: an n-fold axis has power only in
    multiples of n, noise in all alike. Axes are taken together while the group that they generate is finite and every one of its operators
    holds, each refined on its own. Agreement is counted from that of random rotations, so that round shapes earn nothing.
    """
    seen = density if isinstance(density, Prepared) else prepare(density)
    test = _Test(seen, 1 / resolution_a if resolution_a else np.inf)
    straight, inverted = _self_correlations(seen)
    # the first is the identity
    candidates = [test.refined(r) for r in highest_rotations(straight, _PEAKS + 1, apart_deg=12)[0][1:]]
    mirrored = max(test.agreement(test.refined(-r)) for r in highest_rotations(inverted, 12, apart_deg=12)[0])
    axes = _axes(test, sorted(candidates, key=test.agreement, reverse=True))
    is_round = test.by_chance > _ROUND or any(a.is_round for a in axes)
    group = [Pose(np.eye(3), np.zeros(3))]
    rejected = 0.0
    for axis in () if is_round else axes:
        if axis.score < _SYMMETRIC:
            rejected = max(rejected, axis.score)
            continue
        larger = _generated([*(p.turn for p in group), axis.turn])
        if larger is None or len(larger) == len(group):
            continue
        poses = [group[0], *(test.refined(r) for r in larger[1:])]
        agreements = [test.agreement(p) for p in poses[1:]]
        known = np.mean([test.agreement(p) for p in group[1:]]) if group[1:] else 1.0
        if min(agreements) >= max(_SYMMETRIC, _FALLS_BEHIND * known):
            group = poses
        else:
            rejected = max(rejected, min(agreements))
    return _result(seen, test, group, rejected, None if is_round else 1 - max(0.0, mirrored))


class _Test:
    """Compares a map with itself turned, on one sample of Fourier space."""

    def __init__(self, seen: Prepared, finest_per_a: float) -> None:
        low, high = (d / (2 * seen.radius_a) for d in _DETAIL)
        # twice the lowest at least: in a thinner band there is nothing to tell apart
        high = min(high, seen.finest_per_a, max(finest_per_a, 2 * low))
        self.band_per_a = (min(low, 0.25 * seen.finest_per_a), high)
        self._spectrum = seen.spectrum(high)
        self._fine = Refinement(self._spectrum, self._spectrum, band_per_a=self.band_per_a, samples=_SAMPLES)
        random = Rotation.random(40, random_state=np.random.default_rng(1962)).as_matrix()
        self.by_chance = float(np.mean([self._correlation(Pose(r, np.zeros(3))) for r in random]))

    def _correlation(self, pose: Pose) -> float:
        return float(self._fine.correlation(pose).mean())

    def agreement(self, pose: Pose) -> float:
        """0 for what random rotations reach, 1 for the map itself."""
        return (self._correlation(pose) - self.by_chance) / max(1 - self.by_chance, 1e-6)

    def refined(self, turn: Floats) -> Pose:
        """Return the best pose near a rotation about the centre."""
        return self._fine.refined(Pose(turn, np.zeros(3)), steps=5)

    def about(self, direction: Floats, centre_a: Floats, count: int) -> Floats:
        """Return the self-correlation at `count` equal steps of a turn about an axis."""
        random = np.random.default_rng(1972)
        low, high = self.band_per_a
        k = random.standard_normal((_SAMPLES // 2, 3))
        k *= (np.linspace(low, high, len(k)) / np.linalg.norm(k, axis=1))[:, None]
        turns = Rotation.from_rotvec(np.arange(count)[:, None] * (2 * np.pi / count) * direction).as_matrix()
        q = np.einsum("ki,nij->nkj", k, turns).reshape(-1, 3)
        samples = (self._spectrum.at(q) * np.exp(2j * np.pi * (q @ centre_a))).reshape(count, -1)
        # along each ring of samples, whatever its strength
        samples /= np.sqrt((np.abs(samples) ** 2).mean(0)) + np.finfo(np.float32).tiny
        spectrum = (np.abs(np.fft.fft(samples, axis=0)) ** 2).mean(1)
        return np.asarray(np.fft.ifft(spectrum).real / count, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    direction: Floats
    fold: int
    score: float
    is_round: bool
    """Whether every turn about it leaves the map as it is."""

    @property
    def turn(self) -> Floats:
        return np.asarray(Rotation.from_rotvec(2 * np.pi / self.fold * self.direction).as_matrix())


def _self_correlations(seen: Prepared) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    first, last = seen.shells
    harmonics = seen.harmonics()
    return rotational_correlation(harmonics, harmonics, 2.0 ** (np.arange(last - first) / SHELLS_PER_OCTAVE))


def _axes(test: _Test, poses: Sequence[Pose]) -> list[_Axis]:
    """Return the distinct axes of rotations with their folds, the surest first."""
    directions: list[Floats] = []
    found = []
    for pose in poses:
        vector = Rotation.from_matrix(pose.turn).as_rotvec()
        angle = float(np.linalg.norm(vector))
        if np.rad2deg(angle) < 180 / _MOST_FOLD:  # it slid back to the identity
            continue
        direction = vector / angle
        if any(abs(direction @ d) > np.cos(np.deg2rad(_APART_DEG)) for d in directions):
            continue
        directions.append(direction)
        centre = np.linalg.pinv(np.eye(3) - pose.turn, rcond=1e-2) @ pose.shift_a
        along = test.about(direction, centre, _ANGLES)
        found.append(_Axis(direction, *_fold(along), is_round=float(along.mean()) > _ROUND))
        if len(found) == _AXES:
            break
    return sorted(found, key=lambda a: (a.score >= _SYMMETRIC, a.fold, a.score), reverse=True)


def _fold(correlation: Floats) -> tuple[int, float]:
    """Return how often a map repeats itself about an axis, and how surely: 0 for noise, 1 for exact symmetry.

    Turning by all n-ths of a circle leaves the power in multiples of n; noise keeps one n-th of its own.
    """
    power = np.fft.rfft(correlation).real[1:].clip(0)
    kept = {n: power[n - 1 :: n].sum() / max(power.sum(), 1e-12) for n in range(2, _MOST_FOLD + 1)}
    scores = {n: (share - 1 / n) / (1 - 1 / n) for n, share in kept.items()}
    best = max(scores.values())
    if best <= 0:
        return 2, 0.0
    fold = max(n for n, score in scores.items() if score >= 0.92 * best)
    return fold, float(scores[fold])


def _generated(rotations: Sequence[Floats]) -> list[Floats] | None:
    """Return the group that rotations generate, the identity first; None where it is none of a molecule's."""
    group = [np.eye(3)]
    waiting = [r for r in rotations if not _is_among(r, group)]
    generators = list(waiting)
    while waiting:
        one = waiting.pop(0)
        if _is_among(one, group):
            continue
        group.append(one)
        if len(group) > _LARGEST_GROUP:
            return None
        waiting += [g @ one for g in generators]
    return group


def _is_among(rotation: Floats, group: Sequence[Floats]) -> bool:
    # two operators of one group are at least this far apart; products of estimated ones err by less than half of it
    cosines = (np.einsum("ij,nij->n", rotation, np.array(group)) - 1) / 2
    return bool(cosines.max() > np.cos(np.pi / _MOST_FOLD))


def _result(seen: Prepared, test: _Test, group: list[Pose], rejected: float, mirror_asymmetry: float | None) -> MapSymmetry:
    agreements = [test.agreement(p) for p in group[1:]]
    axes = _axes_of(group, agreements)
    name = None if mirror_asymmetry is None else _name(len(group), [a.fold for a in axes])
    score = float(np.mean(agreements)) if agreements else rejected
    # (I − R) c = t of all operators: the point that they keep
    centre = np.zeros(3)
    if agreements:
        matrices = np.concatenate([np.eye(3) - p.turn for p in group[1:]])
        centre = np.linalg.lstsq(matrices, np.concatenate([p.shift_a for p in group[1:]]), rcond=1e-2)[0]
    x, y, z = seen.center_xyz_a + centre
    # an axis that was refused by little may be a true one under noise
    margin = (min(agreements) - _SYMMETRIC) / 0.05 if agreements else (_DOUBTFUL - rejected) / 0.1
    confidence = 0.0 if name is None else float(1 / (1 + np.exp(-margin)))
    return MapSymmetry(
        group=name,
        order=len(group),
        score=score,
        confidence=confidence,
        axes=axes,
        centre_xyz_a=(float(x), float(y), float(z)),
        resolution_a=1 / test.band_per_a[1],
        mirror_asymmetry=mirror_asymmetry,
        operators=np.array([p.turn for p in group]),
    )


def _axes_of(group: Sequence[Pose], agreements: Sequence[float]) -> tuple[SymmetryAxis, ...]:
    directions: list[Floats] = []
    members: list[list[float]] = []
    for pose, agreement in zip(group[1:], agreements, strict=True):
        direction = Rotation.from_matrix(pose.turn).as_rotvec()
        direction /= np.linalg.norm(direction)
        near = next((i for i, d in enumerate(directions) if abs(d @ direction) > np.cos(np.deg2rad(_APART_DEG))), None)
        if near is None:
            directions.append(direction)
            members.append([agreement])
        else:
            members[near].append(agreement)
    found = [
        SymmetryAxis(len(m) + 1, (float(d[0]), float(d[1]), float(d[2])), float(min(m))) for d, m in zip(directions, members, strict=True)
    ]
    return tuple(sorted(found, key=lambda a: (-a.fold, -a.score)))


def _name(order: int, folds: Sequence[int]) -> str:
    highest = max(folds, default=1)
    if len(folds) <= 1:
        return f"C{highest}"
    if order == 2 * highest:
        return f"D{highest}"
    return {12: "T", 24: "O", 60: "I"}.get(order, f"C{highest}")
