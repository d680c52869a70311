"""Pairs of maps of one complex, turned, shifted, resampled and noisy, with the superposition that is true of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from micrographia.imaging.density import DensityMap
from micrographia.imaging.phantoms import Blobs, Floats, density_map
from micrographia.testing.assemblies import Complex

# standard deviation of the Gaussian that a resolution stands for, over the resolution: its transform falls to 1/e there
_SIGMA = 1 / (np.pi * np.sqrt(2))


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two maps and what a superposition of them should be."""

    a: DensityMap
    b: DensityMap
    truth: Floats
    """4 × 4: takes B's physical x, y, z, Å, into A's frame; its determinant is -1 where B is a mirror image."""
    operators: Floats
    """Symmetry of the complex in A's frame, shape (order, 4, 4): each of them times the truth is as true."""
    centre_b_xyz_a: Floats
    """Where the centre of the whole complex lies in B's frame, Å."""
    resolutions_a: tuple[float, float]
    """Of A, of B, Å."""
    mirrored: bool

    def error_of(self, transform: Floats) -> tuple[float, float]:
        """Return degrees and Å (at the complex's centre) by which a transform B → A misses the nearest true one; 180° for a wrong hand."""
        return min(_difference(transform, operator @ self.truth, self.centre_b_xyz_a) for operator in self.operators)


def render(
    blobs: Blobs,
    rng: np.random.Generator,
    *,
    motion: Floats | None = None,
    side: int = 64,
    box_a: float,
    resolution_a: float,
    snr: float | None = None,
    origin_xyz_a: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> DensityMap:
    """Return the map of blobs in a cubic box.

    Parameters
    ----------
    motion : 4 × 4, optional
        Moves the blobs before; their frame's origin is voxel ``n // 2`` of the box.
    side : int, voxels
    box_a : float, Å
    resolution_a : float, Å
        No finer than two voxels is what the grid can show.
    snr : float, optional
        Variance of the map over that of the white noise which is added; None adds none.
    """
    voxel_a = box_a / side
    sigma_a = _SIGMA * max(resolution_a, 2 * voxel_a)
    motion = np.eye(4) if motion is None else motion
    moved = blobs.rotated(motion[:3, :3], motion[:3, 3])
    blurred = Blobs(moved.positions_xyz_a, np.hypot(moved.sigmas_a, sigma_a), moved.weights)
    values = density_map(blurred, shape_zyx=(side, side, side), voxel_size_a=voxel_a)
    if snr is not None:
        values += (values.std() / np.sqrt(snr) * rng.standard_normal(values.shape)).astype(np.float32)
    return DensityMap(values, (voxel_a,) * 3, origin_xyz_a)


def make_pair(
    complex_: Complex,
    seed: int,
    *,
    side: int = 64,
    resolution_a: tuple[float, float] = (4.0, 15.0),
    snr: tuple[float, float] = (0.5, 4.0),
    largest_shift: float = 0.15,
    missing_mass: float = 0.0,
    mirrored: bool = False,
    b_complex: Complex | None = None,
) -> Pair:
    """Return two maps of a complex, each in an orientation of its own, uniform over all rotations.

    Parameters
    ----------
    complex_ : Complex
    seed : int
        Same seed, same pair.
    side : int
        Voxels along A's sides; B has others.
    resolution_a, snr : tuple of float
        Between which the resolution (Å) and the signal-to-noise ratio of each map are drawn; voxels bound the resolution at their double.
    largest_shift : float
        Up to which part of the box each complex lies off the middle.
    missing_mass : float
        Share of the complex, one connected chunk, that B lacks.
    mirrored : bool
        Whether B is of the other hand.
    b_complex : Complex, optional
        What B shows instead, for example another conformation.
    """
    rng = np.random.default_rng(seed)
    whole, other = complex_.blobs, (b_complex or complex_).blobs
    box_a = 2 * max(whole.radius_a, other.radius_a) / (1 - 2 * largest_shift)
    sides = side, 2 * round(side * rng.uniform(0.4, 0.55))
    boxes = box_a, box_a * rng.uniform(1.0, 1.2)
    finest = (max(resolution_a[0], 2 * b / n) for b, n in zip(boxes, sides, strict=True))
    resolutions = tuple(float(rng.uniform(low, max(low, resolution_a[1]))) for low in finest)
    origins = rng.uniform(-100, 100, (2, 3))
    to_box = [_motion(rng, largest_shift * box) for box in boxes]
    if mirrored:
        to_box[1] = to_box[1] @ np.diag([-1.0, 1.0, 1.0, 1.0])
    shown = whole, without_chunk(other, missing_mass, rng)
    a, b = (
        render(
            shown[i],
            rng,
            motion=to_box[i],
            side=sides[i],
            box_a=boxes[i],
            resolution_a=resolutions[i],
            snr=float(np.exp(rng.uniform(*np.log(snr)))),
            origin_xyz_a=(float(origins[i, 0]), float(origins[i, 1]), float(origins[i, 2])),
        )
        for i in (0, 1)
    )
    placed = [_shift(m.middle_xyz_a) @ motion for m, motion in zip((a, b), to_box, strict=True)]
    symmetry = np.tile(np.eye(4), (len(complex_.operators), 1, 1))
    symmetry[:, :3, :3] = complex_.operators
    return Pair(
        a=a,
        b=b,
        truth=placed[0] @ np.linalg.inv(placed[1]),
        operators=placed[0] @ symmetry @ np.linalg.inv(placed[0]),
        centre_b_xyz_a=placed[1][:3, 3],
        resolutions_a=(resolutions[0], resolutions[1]),
        mirrored=mirrored,
    )


def without_chunk(blobs: Blobs, share: float, rng: np.random.Generator) -> Blobs:
    """Return the blobs without a connected share of their mass: those nearest to one of them."""
    if share <= 0:
        return blobs
    seed = blobs.positions_xyz_a[rng.integers(len(blobs.weights))]
    near = np.argsort(np.linalg.norm(blobs.positions_xyz_a - seed, axis=1))
    gone = near[np.cumsum(blobs.weights[near]) <= share * blobs.weights.sum()]
    keep = np.setdiff1d(np.arange(len(near)), gone)
    return Blobs(blobs.positions_xyz_a[keep], blobs.sigmas_a[keep], blobs.weights[keep])


def _motion(rng: np.random.Generator, largest_shift_a: float) -> Floats:
    """Return a uniform rotation and a shift in a direction of its own, of any length up to the largest."""
    motion = np.eye(4)
    motion[:3, :3] = Rotation.random(random_state=rng).as_matrix()
    direction = rng.standard_normal(3)
    motion[:3, 3] = direction / np.linalg.norm(direction) * rng.uniform(0, largest_shift_a)
    return motion


def _shift(xyz_a: Floats) -> Floats:
    motion = np.eye(4)
    motion[:3, 3] = xyz_a
    return motion


def _difference(found: Floats, true: Floats, centre_xyz_a: Floats) -> tuple[float, float]:
    turn = found[:3, :3] @ true[:3, :3].T
    moved = np.linalg.norm((found - true)[:3] @ np.append(centre_xyz_a, 1.0))
    if np.linalg.det(turn) < 0:
        return 180.0, float(moved)
    return float(np.rad2deg(Rotation.from_matrix(turn).magnitude())), float(moved)
