"""A phantom macromolecular complex whose density, projections and poses are known exactly.

It is a sum of isotropic Gaussians, so that a projection along any direction is again a sum of Gaussians with no interpolation in it,
and its outer products make a map or an image from three or two thin matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Blobs:
    """Isotropic Gaussians: the truth behind simulated images."""

    positions_xyz_a: Floats
    """Centres, shape (n, 3), Å, relative to the centre of the box."""
    sigmas_a: Floats
    """Standard deviations, shape (n,), Å."""
    weights: Floats
    """Integrals over space, shape (n,)."""

    def rotated(self, rotation: Floats, shift_xyz_a: Floats | None = None) -> Blobs:
        """Return the blobs at ``rotation @ position + shift``."""
        moved = self.positions_xyz_a @ rotation.T
        return Blobs(moved if shift_xyz_a is None else moved + shift_xyz_a, self.sigmas_a, self.weights)

    @property
    def radius_a(self) -> float:
        """Radius of the sphere about the origin that holds every blob to two standard deviations, Å."""
        return float((np.linalg.norm(self.positions_xyz_a, axis=1) + 2 * self.sigmas_a).max())


def phantom_complex(seed: int = 1665) -> Blobs:
    """Return one asymmetric complex of about 150 Å: a barrel of seven unequal subunits with a cap, a globular domain and a bent arm.

    Parameters
    ----------
    seed : int
        Same seed, same complex.
    """
    rng = np.random.default_rng(seed)
    chains: list[Floats] = []
    for subunit in range(7):
        angle = 2 * np.pi * subunit / 7
        for radius, phase, low, high in ((34.0, -0.20, -38.0, 26.0), (44.0, 0.16, -34.0, 34.0 - 4.0 * subunit), (27.0, 0.22, -8.0, 40.0)):
            foot = np.array([radius * np.cos(angle + phase), radius * np.sin(angle + phase), low])
            head = np.array([(radius - 4) * np.cos(angle + phase + 0.35), (radius - 4) * np.sin(angle + phase + 0.35), high])
            chains.append(helix(foot, head, rng))
        middle = np.array([36 * np.cos(angle + 0.25), 36 * np.sin(angle + 0.25), -22.0 + 5.0 * subunit])
        chains.append(globule(middle, 11.0, 34, rng))
    for turn in np.linspace(0.0, 1.2 * np.pi, 6):  # the cap covers little more than half of the barrel's mouth
        foot = np.array([30 * np.cos(turn), 30 * np.sin(turn), 46.0])
        chains.append(helix(foot, np.array([6 * np.cos(turn + 0.8), 6 * np.sin(turn + 0.8), 58.0]), rng))
    chains.append(globule(np.array([-22.0, 40.0, 52.0]), 17.0, 90, rng))
    arm = np.array([[40.0, -20.0, -36.0], [56.0, -34.0, -44.0], [60.0, -38.0, -12.0], [63.0, -30.0, 14.0]])
    chains += [helix(a, b, rng) for a, b in pairwise(arm)]
    chains.append(globule(np.array([60.0, -24.0, 24.0]), 10.0, 24, rng))
    positions = np.concatenate(chains)
    positions -= positions.mean(axis=0)
    return Blobs(positions, np.full(len(positions), 3.0), rng.uniform(0.7, 1.3, len(positions)))


def density_map(blobs: Blobs, *, shape_zyx: tuple[int, int, int], voxel_size_a: float) -> Image:
    """Return the density of `blobs` on a grid whose voxel ``n // 2`` is the origin.

    Parameters
    ----------
    shape_zyx : tuple of int
    voxel_size_a : float, Å per voxel, isotropic

    Returns
    -------
    float32 array, shape (z, y, x)
        Values per Å³: the sum of all voxels times the voxel's volume is the sum of the weights.
    """
    z, y, x = (_gaussians(blobs, axis, n, voxel_size_a) for axis, n in ((2, shape_zyx[0]), (1, shape_zyx[1]), (0, shape_zyx[2])))
    weighted = (x * blobs.weights).astype(np.float32)
    return np.stack([(y * plane) @ weighted.T for plane in z]).astype(np.float32)


def projection(blobs: Blobs, *, shape_yx: tuple[int, int], pixel_size_a: float) -> Image:
    """Return the projection of `blobs` along z, per Å², on a grid whose pixel ``n // 2`` is the origin."""
    y, x = (_gaussians(blobs, axis, n, pixel_size_a) for axis, n in ((1, shape_yx[0]), (0, shape_yx[1])))
    return (y @ (x * blobs.weights).T).astype(np.float32)


def euler_matrix(rot_deg: float, tilt_deg: float, psi_deg: float) -> Floats:
    """Return the matrix that takes a point of the reference map into the frame of its projection.

    The angles are rlnAngleRot, rlnAngleTilt and rlnAnglePsi: intrinsic ZYZ, points as (x, y, z).

    Notes
    -----
    Source: Heymann, Chagoyen & Belnap (2005), J. Struct. Biol. 151, 196.
    """
    a, b, g = np.deg2rad([rot_deg, tilt_deg, psi_deg])

    def about_z(angle: float) -> Floats:
        return np.array([[np.cos(angle), np.sin(angle), 0.0], [-np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])

    about_y = np.array([[np.cos(b), 0.0, -np.sin(b)], [0.0, 1.0, 0.0], [np.sin(b), 0.0, np.cos(b)]])
    return np.asarray(about_z(g) @ about_y @ about_z(a))


def random_euler_angles_deg(count: int, rng: np.random.Generator) -> Floats:
    """Return `count` orientations uniform over all rotations as (rot, tilt, psi), degrees, shape (count, 3)."""
    rot, psi = rng.uniform(-180, 180, (2, count))
    return np.stack([rot, np.rad2deg(np.arccos(rng.uniform(-1, 1, count))), psi], axis=1)


def scatter(count: int, extent: tuple[float, ...], distance: float, rng: np.random.Generator, *, margin: float = 0.0) -> Floats:
    """Return up to `count` points in the box [0, extent] that keep `distance` from each other and `margin` from its faces."""
    points: list[Floats] = []
    high = np.asarray(extent) - margin
    for candidate in rng.uniform(margin, high, (60 * count, len(extent))):
        if len(points) == count:
            break
        if not points or np.min(np.sum((np.array(points) - candidate) ** 2, axis=1)) >= distance**2:
            points.append(candidate)
    return np.array(points).reshape(-1, len(extent))


def soft_mask(density: Image, *, blur: float, level: float) -> Image:
    """Return a mask around `density` that rises smoothly from 0 to 1 between `level` and twice that of the blurred density's maximum.

    Parameters
    ----------
    density : float32 array, shape (z, y, x)
    blur : float, voxels
        Standard deviation of the Gaussian: how far the mask reaches beyond the density.
    level : float, fraction of the maximum
    """
    blurred = gaussian_blur(density, blur)
    rise = np.clip(blurred / (level * blurred.max()) - 1, 0, 1)
    return np.asarray(rise * rise * (3 - 2 * rise), np.float32)


def gaussian_blur(array: Image, sigma: float) -> Image:
    """Return `array` convolved with a Gaussian of `sigma` samples, wrapped around at its edges."""
    spectrum = np.fft.rfftn(array)
    for axis, n in enumerate(array.shape):
        last = axis == array.ndim - 1
        frequency = np.fft.rfftfreq(n) if last else np.fft.fftfreq(n)
        response = np.exp(-2 * (np.pi * sigma * frequency) ** 2)
        spectrum *= response.reshape([-1 if k == axis else 1 for k in range(array.ndim)])
    return np.fft.irfftn(spectrum, array.shape, axes=range(array.ndim)).astype(np.float32)


def _gaussians(blobs: Blobs, axis: int, n: int, step_a: float) -> Image:
    """Return each blob's normalised profile along one axis, shape (n, blobs)."""
    offsets = (np.arange(n) - n // 2)[:, None] * step_a - blobs.positions_xyz_a[:, axis]
    profile = np.exp(-0.5 * (offsets / blobs.sigmas_a) ** 2) / (blobs.sigmas_a * np.sqrt(2 * np.pi))
    # what is nothing beside the peak would become subnormal numbers, whose products take processors a hundred times longer
    profile[profile < 1e-15] = 0.0
    return np.asarray(profile, np.float32)


def helix(start: Floats, end: Floats, rng: np.random.Generator) -> Floats:
    """Return points of a helix from start to end: 5.4 Å rise and 3.6 residues a turn, 2.3 Å radius (Pauling, Corey & Branson 1951)."""
    axis = end - start
    length = float(np.linalg.norm(axis))
    axis = axis / length
    side = np.cross(axis, [0.31, 0.95, 0.05])
    side /= np.linalg.norm(side)
    rise = np.arange(0.0, length, 1.5)
    turn = rise / 5.4 * 2 * np.pi + rng.uniform(0, 2 * np.pi)
    ring = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * np.cross(axis, side)
    return np.asarray(start + rise[:, None] * axis + 2.3 * ring + rng.normal(0, 0.4, (len(rise), 3)))


def globule(centre: Floats, radius: float, count: int, rng: np.random.Generator) -> Floats:
    """Return `count` points spread evenly through a ball."""
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    return np.asarray(centre + directions * radius * rng.uniform(0, 1, (count, 1)) ** (1 / 3))
