"""Images at known angles → the volume they are projections of, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Floats = NDArray[np.float64]


def reconstruct(views: Iterable[tuple[Image, Floats, Image]], *, box: int, damping: float = 1.0) -> Image:
    """Return the volume whose projections are the given particle images, by insertion into its Fourier transform.

    Parameters
    ----------
    views : iterable of (image, rotation, transfer)
        image: float32, shape (box, box), particle at pixel box // 2. rotation: matrix from the reference frame into the image's, points as
        (x, y, z). transfer: contrast transfer in the layout of `numpy.fft.rfft2`, positive where contrast is kept.
    box : int
        Edge of the volume, voxels.
    damping : float
        Added to the sum of squared transfers: what a Wiener filter divides by.

    Returns
    -------
    float32 array, shape (z, y, x)

    Notes
    -----
    Trilinear insertion, corrected for its envelope sinc² in real space: Penczek (2010), Methods Enzymol. 482, 1.
    """
    n = box
    ky, kx = np.meshgrid(np.fft.fftfreq(n) * n, np.fft.rfftfreq(n) * n, indexing="ij")
    inside = ky**2 + kx**2 < (n / 2 - 1) ** 2
    plane = np.stack([kx[inside], ky[inside], np.zeros(inside.sum())])
    sums = np.zeros((3, n * n * n))
    for image, rotation, transfer in views:
        sample = np.fft.rfft2(np.fft.ifftshift(image))[inside] * transfer[inside]
        square = transfer[inside].astype(np.float64) ** 2
        points = rotation.T @ plane
        # a real volume's transform at -k is the conjugate of that at k: both are written, so no plane is favoured
        for sign in (1, -1):
            _insert(sums, sign * points, sample.real, sign * sample.imag, square, n)
    spectrum = ((sums[0] + 1j * sums[1]) / (sums[2] + damping)).reshape(n, n, n)
    volume = np.fft.fftshift(np.fft.ifftn(spectrum).real)
    envelope = np.sinc((np.arange(n) - n // 2) / n) ** 2
    return np.asarray(volume / (envelope[:, None, None] * envelope[:, None] * envelope), np.float32)


def _insert(sums: Floats, points: Floats, real: Floats, imaginary: Floats, weight: Floats, n: int) -> None:
    corner = np.floor(points).astype(np.int64)
    fraction = points - corner
    for dz in (0, 1):
        for dy in (0, 1):
            for dx in (0, 1):
                share = np.abs(1 - dx - fraction[0]) * np.abs(1 - dy - fraction[1]) * np.abs(1 - dz - fraction[2])
                index = (((corner[2] + dz) % n) * n + (corner[1] + dy) % n) * n + (corner[0] + dx) % n
                for row, values in enumerate((real, imaginary, weight)):
                    np.add.at(sums[row], index, share * values)  # a view touches few of the n³


def tilt_projections(volume: Image, angles_deg: Sequence[float]) -> Image:
    """Return the projections of a slab tilted about its y axis.

    Parameters
    ----------
    volume : float32 array, shape (z, y, x)
        Zero means vacuum or solvent: nothing is beyond its faces.
    angles_deg : sequence of float, degrees

    Returns
    -------
    float32 array, shape (tilt, y, x)
        Sums along the beam in units of one voxel.
    """
    return np.stack([_tilted_sum(volume, np.deg2rad(angle)) for angle in angles_deg])


def _tilted_sum(volume: Image, angle: float) -> Image:
    depth, height, width = volume.shape
    u = np.arange(width) - width // 2
    image = np.zeros((height, width), np.float32)
    for z in range(depth):
        x = (u - (z - depth // 2) * np.sin(angle)) / np.cos(angle) + width // 2
        image += _along_x(volume[z], x)
    return np.asarray(image / np.cos(angle), np.float32)


def back_project(tilts: Image, angles_deg: Sequence[float], depth: int) -> Image:
    """Return the weighted back-projection of a tilt series whose axis is y.

    Parameters
    ----------
    tilts : float32 array, shape (tilt, y, x)
    angles_deg : sequence of float, degrees, one a tilt
    depth : int
        Sections of the volume.

    Returns
    -------
    float32 array, shape (z, y, x)
        Directions between the highest tilts and the beam are missing (the missing wedge).

    Notes
    -----
    Source: Radermacher (1992) in Electron Tomography, "Weighted back-projection methods"; the ramp is cut off by a cosine at Nyquist.
    """
    _, height, width = tilts.shape
    frequency = np.fft.rfftfreq(width)
    ramp = frequency * np.cos(np.pi * frequency)
    volume = np.zeros((depth, height, width), np.float32)
    x = np.arange(width) - width // 2
    for tilt, angle in zip(tilts, np.deg2rad(angles_deg), strict=True):
        filtered = np.fft.irfft(np.fft.rfft(tilt, axis=1) * ramp, width, axis=1).astype(np.float32)
        for z in range(depth):
            volume[z] += _along_x(filtered, x * np.cos(angle) + (z - depth // 2) * np.sin(angle) + width // 2)
    return volume


def _along_x(image: Image, x: Floats) -> Image:
    """Return `image` sampled at the columns `x` by linear interpolation, 0 outside."""
    width = image.shape[1]
    left = np.floor(x).astype(np.int64)
    fraction = (x - left).astype(np.float32)
    valid = (left >= 0) & (left < width - 1)
    left = np.where(valid, left, 0)
    low, high = np.where(valid, 1 - fraction, 0), np.where(valid, fraction, 0)
    return np.asarray(image[:, left] * low + image[:, left + 1] * high, np.float32)
