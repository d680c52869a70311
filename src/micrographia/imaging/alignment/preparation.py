"""What superposition needs to know of one map, worked out once and used against every other."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from micrographia.errors import InvalidInputError
from micrographia.imaging.alignment.harmonics import Coefficients, sphere_grid, spherical_harmonics
from micrographia.imaging.alignment.shares import Shares, shares_of
from micrographia.imaging.alignment.spectrum import Spectrum
from micrographia.imaging.alignment.support import Support, find_support, fourier_cropped
from micrographia.imaging.density import DensityMap

Floats = NDArray[np.float64]

DEGREE = 20
"""Of the spherical harmonics: features of 9° on a sphere."""
SHELLS_PER_OCTAVE = 5
"""Spherical shells of Fourier space have frequencies 2^(i / 5) mÅ⁻¹ with whole i, the same for all maps, so that prepared maps meet."""
_FIRST_SHELL, _LAST_SHELL = 1.5, 9.0
"""Shells used for the first search, cycles per diameter."""
# cycles per diameter of the finest detail that decides a pose, and of the finest that is kept where the other map is small
_FINEST, _FINEST_KEPT = 20.0, 36.0
# noise is measured around the molecule where there is so much room, in volumes of the molecule
_ROOM = 0.2


class Prepared:
    """A map made ready: cut to its molecule, in Fourier space.

    Attributes
    ----------
    center_xyz_a : (3,) floats
        Centre of mass in the map's physical frame: the point about which transforms and shells are taken.
    centers_xyz_a : float array, shape (n, 3)
        Further guesses of a centre, relative to `center_xyz_a`; the first is 0.
    radius_a : float
        Of the sphere about the centre that holds the molecule.
    finest_per_a : float
        Spatial frequency up to which the map was kept, 1/Å.
    support : Support
    """

    def __init__(self, density: DensityMap, *, finest_per_a: float | None = None) -> None:
        values, low, high = density.values, float(density.values.min()), float(density.values.max())
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise InvalidInputError("The map is constant or has values that are no numbers; expected densities that differ.")
        strongest = max(abs(low), abs(high))
        if not 1e-6 < strongest < 1e6:  # powers of it would leave single precision
            values = values / np.float32(strongest)
        size = np.array(density.voxel_size_a, np.float64)
        full = fft.rfftn(values, workers=1)
        self.support: Support = find_support(full, values.shape, size)
        self.radius_a = self.support.radius_a
        self.center_xyz_a: Floats = self.support.centers_xyz_a[0] + density.origin_xyz_a
        self.centers_xyz_a: Floats = self.support.centers_xyz_a - self.support.centers_xyz_a[0]
        diameter = 2 * self.radius_a
        wanted = min(max(finest_per_a or 0, _FINEST / diameter), _FINEST_KEPT / diameter)
        self.finest_per_a = min(0.5 / float(size.max()), wanted)
        self._density = density
        self._spectra: dict[tuple[int, ...], Spectrum] = {}
        self.values, self.mask, self.voxel_size_a, self.first_xyz_a = self._cut(full, values.shape, size)

    def finer(self, finest_per_a: float) -> Prepared:
        """Return the map with as much detail as it has up to a frequency, for a partner that is much smaller."""
        if finest_per_a <= self.finest_per_a * 1.2 or self.finest_per_a > 0.45 / max(self._density.voxel_size_a):
            return self
        return Prepared(self._density, finest_per_a=finest_per_a)

    def spectrum(self, finest_per_a: float) -> Spectrum:
        """Return the Fourier transform of the molecule about its centre, good up to a frequency: the lower that is, the quicker to read."""
        sides = self.mask.shape * self.voxel_size_a
        # in steps of 8 voxels, so that a map that meets many is not transformed for each
        wanted = [8 * int(np.ceil(2.1 * finest_per_a * side / 8)) for side in sides]
        shape = tuple(min(n, w) for n, w in zip(self.mask.shape, wanted, strict=True))
        if shape not in self._spectra:
            self._spectra[shape] = self._read_on(shape)
        return self._spectra[shape]

    def _read_on(self, shape: tuple[int, ...]) -> Spectrum:
        whole = self.mask.shape
        values = self.values * self.mask
        if shape != whole:
            values = fourier_cropped(fft.rfftn(values, workers=1), whole, shape)
        return Spectrum(values, self.voxel_size_a * whole / shape, self.first_xyz_a)

    @cached_property
    def inside(self) -> Spectrum:
        """Fourier transform of the molecule less its mean, so that its outline counts little."""
        return self.inside_mask(self.mask)

    def inside_mask(self, mask: NDArray[np.float32]) -> Spectrum:
        """Return the same of what lies in a mask on the grid of `mask`."""
        return self._about_center((self.values - np.float32(_mean(self.values, mask))) * mask)

    @cached_property
    def shares(self) -> Shares:
        """What part of its power is signal, and structure."""
        around = 1 - self.mask
        room = float((around**2).sum() / (self.mask**2).sum())
        sees_noise = not self.support.fills_box and room > _ROOM
        return shares_of(
            self.spectrum(self.finest_per_a),
            self.inside,
            self._about_center(self.mask * np.float32(_mean(self.values, self.mask))),
            self._about_center(self.values * around / np.float32(np.sqrt(room))) if sees_noise else None,
            finest_per_a=self.finest_per_a,
        )

    def _about_center(self, values: NDArray[np.float32]) -> Spectrum:
        return Spectrum(values, self.voxel_size_a, self.first_xyz_a)

    def _cut(
        self, full: NDArray[np.complex64], shape: tuple[int, ...], size: Floats
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], Floats, Floats]:
        """Fourier-crop to `finest_per_a`, cut out the molecule, and subtract what surrounds it."""
        edges = shape * size
        smaller = np.minimum(shape, [fft.next_fast_len(int(np.ceil(2.2 * self.finest_per_a * e)), real=True) for e in edges])
        fine = fourier_cropped(full, shape, tuple(smaller.tolist()))
        voxel = edges / smaller
        center, reach = self.support.centers_xyz_a[0][::-1], self.radius_a + 2.5 * self.support.voxel_size_a
        start = np.maximum(np.floor((center - reach) / voxel), 0).astype(int)
        stop = np.minimum(np.ceil((center + reach) / voxel) + 1, smaller).astype(int)
        cut = fine[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
        scale = voxel / self.support.voxel_size_a
        mask = ndimage.affine_transform(self.support.mask, scale, start * scale, cut.shape, order=1, mode="nearest")
        mask *= _edge_taper(start, stop, smaller)
        mean = float((cut * mask).sum() / mask.sum()) if self.support.fills_box else float(np.median(fine))
        return cut - np.float32(mean), mask, voxel, (start * voxel)[::-1] - self.support.centers_xyz_a[0]

    @cached_property
    def shells(self) -> tuple[int, int]:
        """First shell and the one after the last."""
        diameter = 2 * self.radius_a
        first, last = (
            SHELLS_PER_OCTAVE * np.log2(1000 * f) for f in (_FIRST_SHELL / diameter, min(_LAST_SHELL / diameter, self.finest_per_a))
        )
        return int(np.ceil(first)), max(int(np.floor(last)), int(np.ceil(first))) + 1

    @cached_property
    def _shell_samples(self) -> NDArray[np.complex64]:
        return self.spectrum(_LAST_SHELL / (2 * self.radius_a)).at(_shell_points(*self.shells))

    def harmonics(self, center: int = 0) -> Coefficients:
        """Return the harmonic coefficients of each shell about one of `centers_xyz_a`, normalised.

        Returns
        -------
        complex64 array, shape (shells, degree + 1, 2 · degree + 1)
        """
        samples = self._shell_samples
        if self.centers_xyz_a[center].any():
            samples = samples * np.exp(2j * np.pi * (_shell_points(*self.shells) @ self.centers_xyz_a[center])).astype(np.complex64)
        # the transform of a real map is Hermitian, so that the real plus the imaginary part holds it all
        return self._normalised(samples.real + samples.imag)

    def patterson_harmonics(self) -> Coefficients:
        """Return the same of the amplitudes, which know neither centre nor hand."""
        return self._normalised(np.abs(self._shell_samples))

    def _normalised(self, samples: NDArray[np.float32]) -> Coefficients:
        found = spherical_harmonics(samples.reshape(-1, DEGREE + 1, 2 * DEGREE + 2).astype(np.float32), DEGREE)
        found[:, 0] = 0  # what is the same in all directions says nothing of rotation
        power = np.sqrt((np.abs(found) ** 2).sum((1, 2), keepdims=True))
        normalised: Coefficients = found / np.maximum(power, np.finfo(np.float32).tiny)
        return normalised


def prepare(density: DensityMap) -> Prepared:
    """Return what superposition needs to know of a map: one FFT of it, then work on a small grid.

    Parameters
    ----------
    density : DensityMap
        Of any box and voxel size.

    Raises
    ------
    InvalidInputError
        The map is constant, or not finite.
    """
    return Prepared(density)


def _mean(values: NDArray[np.float32], weight: NDArray[np.float32]) -> float:
    total = float(weight.sum())
    return float(np.vdot(values, weight)) / total if total > 0 else 0.0


def _shell_points(first: int, last: int) -> Floats:
    frequency = 2.0 ** (np.arange(first, last) / SHELLS_PER_OCTAVE) / 1000
    return (frequency[:, None, None, None] * sphere_grid(DEGREE)).reshape(-1, 3)


def _edge_taper(start: NDArray[np.int_], stop: NDArray[np.int_], whole: NDArray[np.int_]) -> NDArray[np.float32]:
    """Fall to 0 towards the faces of the box the map came in."""
    factors = []
    for a, b, n in zip(start, stop, whole, strict=True):
        index = np.arange(a, b)
        width = max(2.0, n / 16)
        factors.append(np.clip((np.minimum(index, n - 1 - index) + 0.5) / width, 0, 1).astype(np.float32))
    z, y, x = factors
    return np.asarray(z[:, None, None] * y[:, None] * x, np.float32)
