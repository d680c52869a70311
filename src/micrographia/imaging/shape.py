"""The shape of a map in a hundred numbers that stay the same however it is turned, shifted or mirrored, and what tells two shapes apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from micrographia.errors import InvalidInputError
from micrographia.imaging.alignment.harmonics import Coefficients, rotational_correlation, sphere_grid, spherical_harmonics
from micrographia.imaging.alignment.spectrum import Spectrum
from micrographia.imaging.alignment.support import Support, find_support
from micrographia.imaging.density import DensityMap, Volume
from micrographia.imaging.isosurface import pool_cubes

Floats = NDArray[np.float64]
Vector = NDArray[np.float32]

DEGREE = 12
"""Of the spherical harmonics: features of 15° on a sphere."""
# spatial frequencies of the shells, cycles per 3.2 radii of gyration, which is about a diameter
_SHELLS = np.geomspace(1.0, 9.0, 14)
_DIAMETER = 3.2
# voxels along the longest side: where the molecule is looked for, and of what is cut out
_LOOK, _CUT = 48, 40
# weights of degrees and of size, chosen on families of complexes that no report uses (docs/decisions/0009)
_DEGREE_WEIGHT = 0.5
_SIZE_WEIGHT = 0.4
_UNIFORM = np.full(len(_SHELLS), 1 / len(_SHELLS))

VECTOR_LENGTH = len(_SHELLS) * (DEGREE // 2 + 1) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a search by shape knows of a map."""

    vector: Vector
    """float32, shape (VECTOR_LENGTH,): the Euclidean distance of two tells how unlike they are, whatever pose, hand, box and voxels."""
    radius_of_gyration_a: float
    """Root mean square distance of the density from its centre of mass, Å; part of the vector too."""
    harmonics: Coefficients
    """Of the amplitude of the Fourier transform, each shell normalised, shape (shells, degree + 1, 2 · degree + 1)."""


def shape_of(density: DensityMap) -> Shape:
    """Return the shape of a map.

    Parameters
    ----------
    density : DensityMap
        Of any box and voxel size.

    Raises
    ------
    InvalidInputError
        The map is constant, or nothing in it stands out.

    Notes
    -----
    Power of spherical harmonics per shell (Kazhdan, Funkhouser & Rusinkiewicz 2003), of the amplitude of the Fourier transform, which
    no shift changes, on shells that scale with the radius of gyration. Chosen by measurement: docs/decisions/0009-shape-descriptors.md.
    """
    cut, voxel_size_a, first_xyz_a, radius = _molecule(density)
    spectrum = Spectrum(cut, voxel_size_a, first_xyz_a)
    frequency = _SHELLS / (_DIAMETER * radius)
    samples = spectrum.at((frequency[:, None, None, None] * sphere_grid(DEGREE)).reshape(-1, 3)) / np.float32(cut.sum())
    harmonics = spherical_harmonics(np.abs(samples).reshape(len(_SHELLS), DEGREE + 1, 2 * DEGREE + 2).astype(np.float32), DEGREE)
    # those of odd degree are none: the amplitude is the same in opposite directions
    power = np.sqrt((np.abs(harmonics[:, ::2]) ** 2).sum(2)) * (np.arange(0, DEGREE + 1, 2) + 1.0) ** _DEGREE_WEIGHT
    vector = np.append(power / np.linalg.norm(power), _SIZE_WEIGHT * math.log(radius)).astype(np.float32)
    return Shape(vector, radius, _without_mean(harmonics))


def rotational_likeness(a: Shape, b: Shape) -> float:
    """Return how alike two shapes are in the best relative rotation, 1 at most; mirror images are as alike as what they are images of.

    Notes
    -----
    Highest correlation of the harmonics over all rotations (Kostelec & Rockmore 2008), less the distance of the vectors.
    """
    correlation = float(rotational_correlation(a.harmonics, b.harmonics, _UNIFORM)[0].max())
    return correlation - float(np.linalg.norm(a.vector - b.vector))


def write_shape(shape: Shape, file: BinaryIO) -> None:
    """Write a shape as NPZ; what follows from the rest, odd degrees and orders below 0, is left out."""
    np.savez(file, vector=shape.vector, radius_a=np.float64(shape.radius_of_gyration_a), harmonics=shape.harmonics[:, ::2, DEGREE:])


def read_shape(file: BinaryIO) -> Shape:
    """Return a shape that was written."""
    with np.load(file, allow_pickle=False) as held:
        upper = held["harmonics"]
        harmonics = np.zeros((len(upper), DEGREE + 1, 2 * DEGREE + 1), np.complex64)
        harmonics[:, ::2, DEGREE:] = upper
        harmonics[:, ::2, :DEGREE] = (-1.0) ** np.arange(DEGREE, 0, -1) * upper[..., :0:-1].conj()
        return Shape(held["vector"], float(held["radius_a"]), harmonics)


def _molecule(density: DensityMap) -> tuple[Volume, Floats, Floats, float]:
    """Return the map without what surrounds the molecule; voxel size; voxel [0, 0, 0] from the centre of mass; radius of gyration."""
    values = density.values
    if values.min() == values.max():
        raise InvalidInputError("The map is constant; expected densities that differ.")
    small, size, _ = _pooled(values, np.array(density.voxel_size_a), _LOOK)
    support = find_support(fft.rfftn(small, workers=1), small.shape, size)
    total = float(support.weight.sum())
    if not total > 0:
        raise InvalidInputError("Nothing in the map stands out from its background.")
    center = support.centers_xyz_a[0][::-1] + (size - density.voxel_size_a) / 2
    radius = _radius_of_gyration(support, support.centers_xyz_a[0][::-1], total)
    reach = support.radius_a + 2 * support.voxel_size_a
    voxel = np.array(density.voxel_size_a)
    start = np.clip(np.floor((center - reach) / voxel).astype(int), 0, None)
    stop = np.minimum(np.ceil((center + reach) / voxel).astype(int) + 1, values.shape)
    cut, cut_size, lead = _pooled(values[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))], voxel, _CUT)
    first = start * voxel + lead
    scale = cut_size / support.voxel_size_a
    mask = ndimage.affine_transform(
        support.mask, scale, (first - (size - voxel) / 2) / support.voxel_size_a, cut.shape, order=1, mode="nearest"
    )
    background = np.float32(np.median(small))
    return (cut - background) * mask, cut_size, (first - center)[::-1], radius


def _pooled(values: Volume, size_a: Floats, most: int) -> tuple[Volume, Floats, Floats]:
    """Return means of cubes that leave at most so many voxels along a side, their size, and how far the first one's middle lies inside."""
    factor = math.ceil(max(values.shape) / most)
    factors = np.minimum(factor, values.shape)
    pooled = pool_cubes(values, factor) if factor > 1 else values
    return np.asarray(pooled, np.float32), size_a * factors, size_a * (factors - 1) / 2


def _radius_of_gyration(support: Support, center_zyx_a: Floats, total: float) -> float:
    squared = 0.0
    for axis, (count, size, middle) in enumerate(zip(support.weight.shape, support.voxel_size_a, center_zyx_a, strict=True)):
        along = support.weight.sum(tuple(i for i in range(3) if i != axis))
        squared += float(along @ (np.arange(count) * size - middle) ** 2) / total
    return max(math.sqrt(squared), float(support.voxel_size_a.max()))


def _without_mean(harmonics: Coefficients) -> Coefficients:
    """Leave out what is the same in all directions and says nothing of rotation, and odd degrees; make all shells alike in strength."""
    directed = harmonics.copy()
    directed[:, 0] = directed[:, 1::2] = 0
    strength = np.sqrt((np.abs(directed) ** 2).sum((1, 2), keepdims=True))
    normalised: Coefficients = directed / np.maximum(strength, np.finfo(np.float32).tiny)
    return normalised
