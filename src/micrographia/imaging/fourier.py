"""Fourier transforms of maps, shell by shell of spatial frequency: box and voxels of any shape, memory of the transforms alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.imaging.density import Volume, box_text

Spectrum = NDArray[np.complex64]
Floats = NDArray[np.float64]
VoxelSize = float | tuple[float, float, float]
Shells = Literal["nearest", "emdb"]

# sums of squares outside this range have lost digits of float32
_SOUND = (1e-24, 1e30)
# samples that are cropped at once: 16 MB of them
_BAND_SAMPLES = 1 << 22


@dataclass(frozen=True, slots=True)
class ShellGrid:
    """How the Fourier space of a box is cut into shells.

    Shell s holds the frequencies nearest to s × `spacing_per_a`; the spacing is that of the box's longest edge, so that no shell is empty,
    and shells end at the Nyquist frequency of the coarsest voxel edge, so that each is whole. In a cube these are the usual shells of
    radius round(√(kx² + ky² + kz²)). With `shells` "emdb" it holds those above s − 1 and up to s, in the
    half of Fourier space with y ≥ 0, whose plane y = 0 so counts twice: as EMDB's validation analysis counts, to lie on its curves.
    """

    shape_zyx: tuple[int, int, int]
    """Voxels along z, y, x."""
    spacing_per_a: float
    """Distance of neighbouring shells, 1/Å."""
    steps_zyx: tuple[float, float, float]
    """Distance of neighbouring Fourier samples along z, y, x in units of the spacing, each at least 1."""
    count: int
    """Number of shells, the zero frequency among them."""
    shells: Shells = "nearest"
    """Which samples belong to a shell."""

    @classmethod
    def of(cls, shape_zyx: tuple[int, ...], voxel_size_a: VoxelSize, *, shells: Shells = "nearest") -> ShellGrid:
        """Return the shells of a box.

        Parameters
        ----------
        shape_zyx : tuple of int
        voxel_size_a : float or (z, y, x), Å
        shells : "nearest" or "emdb"

        Raises
        ------
        InvalidInputError
            The box is not of three dimensions, or a voxel size not positive.
        """
        size = voxel_size_zyx_a(voxel_size_a)
        if len(shape_zyx) != 3 or min(shape_zyx) < 2:
            raise InvalidInputError(f"The box has {box_text(shape_zyx)} voxels; expected three dimensions of at least 2.")
        edges = [n * v for n, v in zip(shape_zyx, size, strict=True)]
        longest = max(edges)
        z, y, x = (longest / edge for edge in edges)
        nyquist = min(n // 2 * longest / edge for n, edge in zip(shape_zyx, edges, strict=True))
        depth, height, width = shape_zyx
        return cls((depth, height, width), 1 / longest, (z, y, x), math.floor(nyquist + 1e-6) + 1, shells)

    @property
    def spatial_frequency_per_a(self) -> Floats:
        """Frequency of each shell, 1/Å."""
        return np.arange(self.count, dtype=np.float64) * self.spacing_per_a

    def squared_radii(self, axis: int, *, count: int) -> NDArray[np.float32]:
        """Return the squared frequencies of the first `count` samples along an axis, in units of the spacing."""
        return np.asarray((np.arange(count) * self.steps_zyx[axis]) ** 2, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ShellSums:
    """Sums over the Fourier samples of each shell, both Hermitian halves counted."""

    grid: ShellGrid
    samples: NDArray[np.int64]
    """Samples in each shell."""
    cross: Floats
    """Real part of Σ F₁ F₂*."""
    power_1: Floats
    """Σ |F₁|²."""
    power_2: Floats
    """Σ |F₂|²."""
    divisor_1: float
    """What map 1 was divided by to keep the sums within float32; 1 for all but extreme densities."""


def voxel_size_zyx_a(voxel_size_a: VoxelSize) -> tuple[float, float, float]:
    """Return a voxel size as (z, y, x), Å; InvalidInputError where it is not positive."""
    z, y, x = voxel_size_a if isinstance(voxel_size_a, Sequence) else (voxel_size_a,) * 3
    if not all(math.isfinite(v) and v > 0 for v in (z, y, x)):
        raise InvalidInputError(f"The voxel size is {voxel_size_a} Å; expected positive numbers.")
    return float(z), float(y), float(x)


def shell_sums(
    map_1: Volume, map_2: Volume, *, voxel_size_a: VoxelSize, mask: Volume | None = None, shells: Shells = "nearest"
) -> ShellSums:
    """Return power and cross power of two maps in each shell of spatial frequency.

    Parameters
    ----------
    map_1, map_2 : float32 array, shape (z, y, x), equal shapes
        The same array twice costs one transform.
    voxel_size_a : float or (z, y, x), Å
    mask : float32 array, shape (z, y, x), optional
        Both maps are multiplied with it.
    shells : "nearest" or "emdb"
        How shells are bounded, see `ShellGrid`.

    Raises
    ------
    InvalidInputError
        The shapes differ.

    Notes
    -----
    The zero frequency counts as nothing: the mean of the maps, which would drown small numbers, is taken off.

    Costs two transforms of real numbers; memory beyond the maps is those of the two transforms. The last of three one-dimensional
    transforms is done plane by plane, where the planes are summed at once, and only for what lies inside the last shell. The power of
    mirrored samples is added before it is sorted into shells.
    """
    if map_1.shape != map_2.shape:
        raise InvalidInputError(f"The maps have {box_text(map_1.shape)} and {box_text(map_2.shape)} voxels; expected equal boxes.")
    grid = ShellGrid.of(map_1.shape, voxel_size_a, shells=shells)
    divisor_1 = 1.0
    with np.errstate(all="ignore"):
        sums = _sums(map_1, map_2, mask, grid)
        if not _are_sound(sums):
            divisor_1, divisor_2 = (float(max(np.abs(m).max(), np.finfo(np.float32).tiny)) for m in (map_1, map_2))
            one = map_1 / np.float32(divisor_1)
            sums = _sums(one, one if map_2 is map_1 else map_2 / np.float32(divisor_2), mask, grid)
    cross, power_1, power_2 = sums
    return ShellSums(grid, _sample_counts(grid), cross, power_1, power_2, divisor_1)


def _are_sound(sums: Floats) -> bool:
    highest = sums[1:, 1:].max(axis=1)
    return bool(np.isfinite(sums).all() and (highest > _SOUND[0]).all() and (highest < _SOUND[1]).all())


def _sums(map_1: Volume, map_2: Volume, mask: Volume | None, grid: ShellGrid) -> Floats:
    planes = [_transform_of_planes(map_1, mask)]
    planes.append(_transform_of_planes(map_2, mask) if map_2 is not map_1 else planes[0])
    depth, height, width = grid.shape_zyx
    weights = _multiplicity(width)
    sums = np.zeros((3, grid.count))
    buffers = np.empty((4, depth * 2 * (width // 2 + 1)), np.float32)  # reused: fresh pages would cost as much as the sums
    for ky, rows, columns, shells in _rows(grid):
        folded = buffers[:3, : rows * 2 * columns].reshape(3, rows, 2 * columns)
        folded[:] = 0
        product = buffers[3, : depth * 2 * columns].reshape(depth, 2 * columns)
        mirrored = min(rows, (depth + 1) // 2)
        for y in {ky, height - ky} - {height}:
            one, two = (scipy.fft.fft(p[:, y, :columns], axis=0, workers=1).view(np.float32) for p in planes)
            for total, left, right in zip(folded, (one, one, two), (two, one, two), strict=True):
                np.multiply(left, right, out=product)
                total += product[:rows]
                total[1:mirrored] += product[: depth - mirrored : -1]
        powers = folded[:, :, ::2] + folded[:, :, 1::2]
        powers *= weights[:columns]
        for shell_sum, power in zip(sums, powers, strict=True):
            shell_sum += _weight_of_plane(ky, grid) * np.bincount(shells, power.ravel(), grid.count + 1)[: grid.count]
    return sums


def _weight_of_plane(ky: int, grid: ShellGrid) -> int:
    return 2 if grid.shells == "emdb" and ky == 0 else 1


def _transform_of_planes(values: Volume, mask: Volume | None) -> Spectrum:
    """Return the transform along y and x, shape (z, y, x // 2 + 1), without the mean."""
    depth, height, width = values.shape
    spectrum = np.empty((depth, height, width // 2 + 1), np.complex64)
    plane = np.empty((height, width), np.float32)
    mean = np.float32(values.mean() if mask is None else np.mean([np.vdot(v, m) for v, m in zip(values, mask, strict=True)]) / plane.size)
    for z in range(depth):
        if mask is None:
            np.subtract(values[z], mean, out=plane)
        else:
            np.multiply(values[z], mask[z], out=plane)
            plane -= mean
        spectrum[z] = scipy.fft.rfft2(plane, workers=1, overwrite_x=True)
    return spectrum


def _rows(grid: ShellGrid) -> Iterator[tuple[int, int, int, NDArray[np.intp]]]:
    """Yield for each ky ≥ 0 how many kz ≥ 0 and kx ≥ 0 reach the last shell, and the shell of each (kz, kx), flat; outside is `count`."""
    z2, y2, x2 = (grid.squared_radii(axis, count=n // 2 + 1) for axis, n in enumerate(grid.shape_zyx))
    # a thousandth of a shell: rounding moves no sample from one shell to the next
    edge = grid.count - 0.5 if grid.shells == "nearest" else grid.count - 1 + 1e-3
    for ky, square in enumerate(y2):
        rows, columns = (int(np.searchsorted(squares, edge**2 - square)) for squares in (z2, x2))
        if rows and columns:
            radii = np.sqrt(z2[:rows, None] + (x2[:columns] + square))
            radii = np.rint(radii) if grid.shells == "nearest" else np.ceil(radii - np.float32(1e-3))
            yield ky, rows, columns, np.minimum(radii.astype(np.intp), grid.count).ravel()


@lru_cache(maxsize=8)
def _sample_counts(grid: ShellGrid) -> NDArray[np.int64]:
    along_z, along_y, along_x = map(_multiplicity, grid.shape_zyx)
    counts = np.zeros(grid.count)
    for ky, rows, columns, shells in _rows(grid):
        weights = _weight_of_plane(ky, grid) * along_y[ky] * np.outer(along_z[:rows], along_x[:columns])
        counts += np.bincount(shells, weights.ravel(), grid.count + 1)[: grid.count]
    return counts.astype(np.int64)


def _multiplicity(side: int) -> NDArray[np.float32]:
    """How many samples, k and −k, each frequency k = 0 … side // 2 stands for."""
    weights = np.full(side // 2 + 1, 2, np.float32)
    weights[0] = 1
    if side % 2 == 0:
        weights[-1] = 1
    return weights


def fourier_crop(values: Volume, shape_zyx: tuple[int, int, int]) -> Volume:
    """Return a map on a coarser grid of the same box: what the coarser grid cannot hold is taken out, nothing is folded back.

    Parameters
    ----------
    values : float32 array, shape (z, y, x)
    shape_zyx : tuple of int
        Voxels along z, y, x, none more than the map has. Voxel [0, 0, 0] stays where it is; the others lie n / m times as far apart.

    Returns
    -------
    float32 array of that shape
    """
    step = max(1, _BAND_SAMPLES // values[0].size)
    return crop_bands((values[z : z + step] for z in range(0, len(values), step)), len(values), shape_zyx)


def crop_bands(bands: Iterable[Volume], depth: int, shape_zyx: tuple[int, int, int]) -> Volume:
    """Return what `fourier_crop` does of a map that comes in bands of sections; memory is that of all sections after they were cropped.

    Parameters
    ----------
    bands : iterable of float32 arrays, shape (some, y, x)
        Sections in their order. Where they end early, zeros take the place of the rest.
    depth : int
        Sections of the map.
    shape_zyx : tuple of int
        Voxels along z, y, x, none more than the map has.
    """
    new_depth, height, width = shape_zyx
    sections = np.zeros((depth, height, width), np.float32)
    z = 0
    for band in bands:
        sections[z : z + len(band)] = crop_along(crop_along(band, 2, width), 1, height)
        z += len(band)
    for y in range(height):
        sections[:new_depth, y] = crop_along(sections[:, y], 0, new_depth)
    sections.resize(shape_zyx, refcheck=False)  # in place: the rest goes back to the system
    return sections


def crop_along(values: Volume, axis: int, side: int) -> Volume:
    """Return `values` with `side` samples along one axis, as `fourier_crop` does; any number of dimensions."""
    given = values.shape[axis]
    if side > given:
        raise InvalidInputError(f"A grid of {given} voxels was to be cropped to {side}; expected no more than it has.")
    if side == given:
        return values
    spectrum = scipy.fft.rfft(values, axis=axis, workers=1)
    kept = spectrum[(slice(None),) * axis + (slice(side // 2 + 1),)]
    if side % 2 == 0:  # ± of this frequency are one sample of the coarser grid, so its phase cannot be kept
        kept[(slice(None),) * axis + (slice(side // 2, None),)] = 0
    cropped: Volume = scipy.fft.irfft(kept, side, axis=axis, workers=1, overwrite_x=True)
    cropped *= np.float32(side / given)
    return cropped


def randomise_phases(values: Volume, *, beyond_per_a: float, voxel_size_a: VoxelSize, seed: int) -> Volume:
    """Return the map with the same amplitudes and, from a spatial frequency on, random phases.

    Parameters
    ----------
    values : float32 array, shape (z, y, x)
    beyond_per_a : float, 1/Å
        The lowest frequency that loses its phases; the zero frequency keeps its own.
    voxel_size_a : float or (z, y, x), Å
    seed : int
        Equal seeds give equal phases.

    Returns
    -------
    float32 array of the same shape
    """
    depth, height, width = values.shape
    rng = np.random.default_rng(seed)
    frequencies = [np.fft.fftfreq(n, v).astype(np.float32) ** 2 for n, v in zip(values.shape, voxel_size_zyx_a(voxel_size_a), strict=True)]
    spectrum = scipy.fft.rfftn(values, workers=1)
    columns = spectrum.shape[2]
    # the columns that are their own mirror image: real maps need opposite phases at k and −k
    own_mirrors = {0: _odd_phases(rng, depth, height)} | ({columns - 1: _odd_phases(rng, depth, height)} if width % 2 == 0 else {})
    for z, plane in enumerate(spectrum):
        turns = rng.random((height, columns), dtype=np.float32)
        for column, phases in own_mirrors.items():
            turns[:, column] = phases[z]
        lose = (frequencies[0][z] + frequencies[1][:, None] + frequencies[2][:columns]) >= max(beyond_per_a, 1e-9) ** 2
        turns *= lose
        turns *= np.float32(2 * np.pi)
        plane *= np.cos(turns) + np.complex64(1j) * np.sin(turns)
    return np.asarray(scipy.fft.irfftn(spectrum, values.shape, workers=1, overwrite_x=True), np.float32)


def _odd_phases(rng: np.random.Generator, depth: int, height: int) -> NDArray[np.float32]:
    """Random turns φ of a plane of samples (z, y) with φ(−k) = −φ(k)."""
    phases = rng.random((depth, height), dtype=np.float32)
    mirrored = phases[-np.arange(depth) % depth][:, -np.arange(height) % height]
    return phases - mirrored
