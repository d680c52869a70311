"""Phantom cells: a block of tissue as volume electron microscopy sees it, and nuclei as a fluorescence microscope sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.phantoms import Floats, Image, gaussian_blur, scatter

CYTOPLASM, MEMBRANE, MITOCHONDRION, VESICLE, NUCLEUS, OUTSIDE = 1, 2, 3, 4, 5, 0
STRUCTURES = {OUTSIDE: "extracellular space", 1: "cytoplasm", 2: "membrane", 3: "mitochondrion", 4: "vesicle", 5: "nucleus"}


@dataclass(frozen=True, slots=True)
class Tissue:
    """A block of tissue and the truth about it."""

    image: NDArray[np.uint8]
    """Stained block, shape (z, y, x): membranes dark."""
    cells: NDArray[np.uint16]
    """Number of the cell that each voxel belongs to, 0 outside, shape (z, y, x)."""
    structures: NDArray[np.uint8]
    """What each voxel belongs to: a key of `STRUCTURES`, shape (z, y, x)."""


def phantom_tissue(shape_zyx: tuple[int, int, int], seed: int = 1665) -> Tissue:
    """Return a block of neighbouring cells with membranes, mitochondria with cristae, vesicles and one nucleus.

    Cells are the Voronoi regions of random seeds in warped space, so that truth and image come from the same distances.
    """
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in shape_zyx), indexing="ij"))
    warp = np.stack([smooth_noise(shape_zyx, 18.0, rng) for _ in range(3)])
    warped = grid + 7.0 * warp
    seeds = scatter(26, tuple(n + 60.0 for n in shape_zyx), 52.0, rng) - 30.0
    number, to_border = _voronoi(warped, seeds)

    structures = np.full(shape_zyx, CYTOPLASM, np.uint8)
    grey = 168.0 + 10.0 * smooth_noise(shape_zyx, 1.2, rng) + (9.0 * rng.uniform(-1, 1, number.max() + 1))[number]
    _add_nucleus(structures, grey, warped, rng, to_border)
    _add_mitochondria(structures, grey, warped, to_border, rng)
    _add_vesicles(structures, grey, grid, to_border, rng)
    structures[to_border < 3.0] = MEMBRANE
    structures[to_border < 1.0] = OUTSIDE
    grey -= 105.0 * np.exp(-(((to_border - 2.0) / 0.8) ** 2))
    grey += 35.0 * np.exp(-((to_border / 0.9) ** 2))
    image = gaussian_blur(grey.astype(np.float32), 0.7) + rng.normal(0, 7.0, shape_zyx)
    cells = np.where(structures == OUTSIDE, 0, number + 1)
    return Tissue(np.clip(image, 0, 255).astype(np.uint8), cells.astype(np.uint16), structures)


def smooth_noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Image:
    """Return noise of mean 0 and standard deviation 1 whose features are about `sigma` samples wide."""
    noise = gaussian_blur(rng.normal(size=shape).astype(np.float32), sigma)
    return np.asarray((noise - noise.mean()) / noise.std(), np.float32)


def _voronoi(points: Image, seeds: Floats) -> tuple[NDArray[np.int64], Image]:
    """Return the number of the nearest seed and the distance to the wall towards the second nearest, of each point."""
    shape = points.shape[1:]
    number, runner_up = np.zeros((2, *shape), np.int64)
    nearest = np.full(shape, np.inf, np.float32)
    second = nearest.copy()
    for k, seed in enumerate(seeds.astype(np.float32)):
        square = sum((points[axis] - seed[axis]) ** 2 for axis in range(3))
        closer = square < nearest
        between = ~closer & (square < second)
        second = np.where(closer, nearest, np.where(between, square, second))
        runner_up = np.where(closer, number, np.where(between, k, runner_up))
        nearest = np.where(closer, square, nearest)
        number[closer] = k
    apart = np.linalg.norm(seeds[number] - seeds[runner_up], axis=-1)
    return number, np.asarray((second - nearest) / (2 * np.maximum(apart, 1)), np.float32)


def _box(centre: Floats, reach: float, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the part of a volume within `reach` voxels of `centre` along each axis."""
    return tuple(slice(max(int(c - reach), 0), min(int(c + reach) + 1, n)) for c, n in zip(centre, shape, strict=True))


def _add_nucleus(structures: NDArray[np.uint8], grey: Image, points: Image, rng: np.random.Generator, to_border: Image) -> None:
    centre = np.unravel_index(int(np.argmax(gaussian_blur(to_border, 6.0))), to_border.shape)
    distance = np.sqrt(sum((points[axis] - points[(axis, *centre)]) ** 2 for axis in range(3)))
    radius = 0.72 * float(to_border.max())
    inside = (distance < radius) & (to_border > 6)
    structures[inside] = NUCLEUS
    chromatin = smooth_noise(to_border.shape, 5.0, rng)
    grey[inside] += -18.0 * np.tanh(2 * chromatin[inside])
    grey -= np.where(to_border > 5, 80.0 * np.exp(-(((distance - radius) / 1.1) ** 2)), 0.0)


def _add_mitochondria(structures: NDArray[np.uint8], grey: Image, points: Image, to_border: Image, rng: np.random.Generator) -> None:
    allowed = (structures == CYTOPLASM) & (to_border > 5)
    for centre in scatter(120, to_border.shape, 17.0, rng, margin=2.0):
        radius, elongation = rng.uniform(6.0, 9.0), rng.uniform(1.6, 3.0)
        axis = rng.normal(size=3) * (0.4, 1.0, 1.0)
        axis /= np.linalg.norm(axis)
        box = _box(centre, radius * elongation + 2, to_border.shape)
        middle = points[(slice(None), *np.minimum(centre.astype(int), np.array(to_border.shape) - 1))]
        offset = [points[k][box] - middle[k] for k in range(3)]
        along = sum(offset[k] * axis[k] for k in range(3))
        across = np.sqrt(np.maximum(sum(o**2 for o in offset) - along**2, 0))
        distance = np.sqrt((along / elongation) ** 2 + across**2)
        inside = (distance < radius) & allowed[box]
        if inside.sum() < 0.8 * (distance < radius).sum():
            continue
        structures[box][inside] = MITOCHONDRION
        allowed[box] &= distance > radius + 2
        cristae = np.clip(np.cos(along * 2 * np.pi / 5.0 + 0.5 * np.sin(across)), 0, 1) * (distance < radius - 2.2)
        grey[box] -= np.where(inside, 28.0 + 42.0 * cristae + 62.0 * np.exp(-(((distance - radius + 1.0) / 0.9) ** 2)), 0.0)


def _add_vesicles(structures: NDArray[np.uint8], grey: Image, grid: Image, to_border: Image, rng: np.random.Generator) -> None:
    for centre in scatter(420, to_border.shape, 8.0, rng, margin=5.0):
        radius = rng.uniform(2.4, 3.8)
        box = _box(centre, 6.0, to_border.shape)
        distance = np.sqrt(sum((grid[axis][box] - centre[axis]) ** 2 for axis in range(3)))
        inside = distance < radius + 0.6
        if (structures[box][inside] != CYTOPLASM).any() or (to_border[box][inside] < 4.5).any():
            continue
        structures[box][inside] = VESICLE
        grey[box] -= 70.0 * np.exp(-(((distance - radius) / 0.8) ** 2))
        grey[box] += np.where(distance < radius - 1, 22.0, 0.0)


@dataclass(frozen=True, slots=True)
class Nuclei:
    """One field of a well and the truth about it."""

    images: NDArray[np.uint16]
    """Channels DNA and reporter, shape (2, y, x), counts."""
    labels: NDArray[np.uint16]
    """Number of the nucleus at each pixel, 0 between them, shape (y, x)."""
    ratios: Floats
    """Reporter inside over reporter around each nucleus, shape (n,)."""


def phantom_nuclei(shape_yx: tuple[int, int], *, count: int, ratio: float, rng: np.random.Generator) -> Nuclei:
    """Return cells whose reporter protein sits in the nucleus `ratio` times as densely as around it."""
    height, width = shape_yx
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dna, reporter = np.zeros((2, height, width), np.float32)
    labels = np.zeros(shape_yx, np.uint16)
    centres = scatter(count, (float(height), float(width)), 19.0, rng, margin=9.0)
    ratios = ratio * rng.lognormal(0, 0.12, len(centres))
    for number, ((cy, cx), of_this) in enumerate(zip(centres, ratios, strict=True), start=1):
        angle, long_axis, short_axis = rng.uniform(0, np.pi), rng.uniform(7.5, 9.5), rng.uniform(5.5, 7.0)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        distance = np.sqrt((u / long_axis) ** 2 + (v / short_axis) ** 2)
        nucleus = _falling(distance - 1, 14.0)
        around = _falling(distance - 2, 5.0) * (1 - nucleus)
        level = rng.uniform(0.8, 1.2)
        dna += level * nucleus
        reporter += rng.uniform(0.85, 1.15) * (around + of_this * nucleus)
        labels[(distance < 1) & (labels == 0)] = number
    texture = 1 + 0.16 * smooth_noise(shape_yx, 1.8, rng)
    images = np.stack([180 + 2600 * dna * texture, 160 + 900 * reporter * (1 + 0.1 * smooth_noise(shape_yx, 2.5, rng))])
    blurred = np.stack([gaussian_blur(i.astype(np.float32), 0.8) for i in images])
    return Nuclei(np.clip(rng.poisson(np.maximum(blurred, 0)), 0, 65535).astype(np.uint16), labels, ratios)


def _falling(distance: Image, steepness: float) -> Image:
    """Return 1 well below 0 and 0 well above, as a logistic step."""
    return np.asarray(0.5 - 0.5 * np.tanh(0.5 * steepness * distance), np.float32)
