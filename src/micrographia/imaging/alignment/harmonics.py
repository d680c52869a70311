"""Spherical harmonics of functions on spheres, and the correlation of two such functions over all rotations."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y

Floats = NDArray[np.float64]
Coefficients = NDArray[np.complex64]


@lru_cache(maxsize=4)
def sphere_grid(degree: int) -> Floats:
    """Unit vectors of the Gauss–Legendre grid that carries harmonics up to `degree`: shape (degree + 1, 2 · degree + 2, 3), x, y, z."""
    cosine = np.polynomial.legendre.leggauss(degree + 1)[0]
    sine = np.sqrt(1 - cosine**2)
    phi = np.arange(2 * degree + 2) * (np.pi / (degree + 1))
    return np.stack([np.outer(sine, np.cos(phi)), np.outer(sine, np.sin(phi)), np.outer(cosine, np.ones_like(phi))], -1)


def spherical_harmonics(functions: NDArray[np.float32], degree: int) -> Coefficients:
    """Return the harmonic coefficients of real functions on the grid of `sphere_grid`.

    Parameters
    ----------
    functions : float32 array, shape (n, degree + 1, 2 · degree + 2)
    degree : int

    Returns
    -------
    complex64 array, shape (n, degree + 1, 2 · degree + 1)
        Of degree l and order m at [l, degree + m]; Condon–Shortley phase, orthonormal.
    """
    along_phi = fft.rfft(functions, axis=-1, workers=1)[..., : degree + 1] * np.float32(np.pi / (degree + 1))
    upper = np.matmul(_legendre(degree), along_phi.transpose(2, 1, 0)).transpose(2, 1, 0)
    found = np.zeros((len(functions), degree + 1, 2 * degree + 1), np.complex64)
    found[..., degree:] = upper
    signs = (-1.0) ** np.arange(degree, 0, -1)
    found[..., :degree] = signs * upper[..., :0:-1].conj()
    return found


@lru_cache(maxsize=4)
def _legendre(degree: int) -> NDArray[np.float32]:
    """Weighted associated Legendre functions, shape (m, l, theta)."""
    cosine, weight = np.polynomial.legendre.leggauss(degree + 1)
    order, level = np.meshgrid(np.arange(degree + 1), np.arange(degree + 1), indexing="ij")
    values = sph_harm_y(level[..., None], order[..., None], np.arccos(cosine), 0.0).real
    return np.where((order <= level)[..., None], values * weight, 0.0).astype(np.float32)


@lru_cache(maxsize=4)
def wigner_d(degree: int) -> NDArray[np.float32]:
    """Return Wigner's small d at the β of `rotation_angles`, shape (l, β, m, n), degree 0 … `degree`; m and n from -degree.

    By diagonalising the rotation about y (Feng, Wang, Yang & Jin 2015), which is stable.
    """
    beta = _betas(degree)
    found = np.zeros((degree + 1, len(beta), 2 * degree + 1, 2 * degree + 1), np.float32)
    for level in range(degree + 1):
        m = np.arange(-level, level)
        rising = np.sqrt(level * (level + 1) - m * (m + 1.0)) / 2j
        about_y = np.diag(rising, -1) - np.diag(rising, 1)
        values, vectors = np.linalg.eigh(about_y)
        turned = (vectors * np.exp(-1j * beta[:, None, None] * values)) @ vectors.conj().T
        inside = slice(degree - level, degree + level + 1)
        found[level][:, inside, inside] = turned.real
    return found


def _betas(degree: int) -> Floats:
    return np.asarray((np.arange(2 * degree) + 0.5) * (np.pi / (2 * degree)), np.float64)


def rotational_correlation(a: Coefficients, b: Coefficients, weights: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Correlation of two sets of functions on spheres at every rotation of the second, and of its mirror image.

    Parameters
    ----------
    a, b : complex64 arrays, shape (shells, degree + 1, 2 · degree + 1)
    weights : float array, shape (shells,)

    Returns
    -------
    two float32 arrays, shape (β, α, γ)
        At the angles of `rotations_at`: of `b` rotated, and of `b` inverted through the origin, then rotated.

    Notes
    -----
    Kostelec & Rockmore (2008): the sum over degrees by Wigner's d at each β, then an FFT over the two other angles.
    """
    degree = a.shape[1] - 1
    products = np.einsum("slm,sln->lmn", a.conj() * weights[:, None, None].astype(np.float32), b, optimize=True)
    small_d = wigner_d(degree)
    even, odd = (np.einsum("lbmn,lmn->bmn", small_d[parity::2], products[parity::2]) for parity in (0, 1))
    side = fft.next_fast_len(2 * degree + 2)
    orders = np.arange(-degree, degree + 1) % side
    padded = np.zeros((2, len(even), side, side), np.complex64)
    padded[:, :, orders[:, None], orders] = even + odd, even - odd
    straight, inverted = fft.fft2(padded, workers=1, overwrite_x=True).real
    return straight, inverted


def highest_rotations(correlation: NDArray[np.float32], count: int, *, apart_deg: float = 10.0) -> tuple[Floats, Floats]:
    """Return the rotations of the highest correlation that are at least `apart_deg` apart.

    Parameters
    ----------
    correlation : float32 array, shape (β, α, γ)
        As `rotational_correlation` returns it.

    Returns
    -------
    rotations : float array, shape (n, 3, 3), n ≤ count
        Matrices that act on (x, y, z), highest first.
    values : float array, shape (n,)
    """
    flat = correlation.ravel()
    many = min(len(flat), 40 * count)
    best = np.argpartition(flat, -many)[-many:]
    best = best[np.argsort(flat[best])[::-1]]
    beta, alpha, gamma = np.unravel_index(best, correlation.shape)
    turn = 2 * np.pi / correlation.shape[1]
    betas = _betas(correlation.shape[0] // 2)
    rotations = Rotation.from_euler("ZYZ", np.stack([alpha * turn, betas[beta], gamma * turn], 1))
    quaternions = rotations.as_quat()
    near = np.abs(quaternions @ quaternions.T) > np.cos(np.deg2rad(apart_deg) / 2)
    free = np.ones(many, bool)
    kept: list[int] = []
    while free.any() and len(kept) < count:
        kept.append(int(np.argmax(free)))
        free &= ~near[kept[-1]]
    return np.asarray(rotations[kept].as_matrix(), np.float64), flat[best[kept]].astype(np.float64)
