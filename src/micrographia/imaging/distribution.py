"""How the densities of a map are distributed, and how much volume lies above each contour level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.density import Volume
from micrographia.imaging.fourier import Floats, VoxelSize, voxel_size_zyx_a

# as EMDB's validation analysis, so that curves lie on each other
HISTOGRAM_BINS = 127
CONTOUR_LEVELS = 129
# partial specific volume of protein, 0.73 cm³/g: Harpaz, Gerstein & Chothia (1994) Structure 2, 641
_NM3_PER_KDA = 1.212


@dataclass(frozen=True, slots=True, eq=False)
class DensityHistogram:
    """How many voxels have which density."""

    edges: Floats
    """Lower edges of the bins and the upper edge of the last."""
    counts: NDArray[np.int64]
    """Voxels in each bin."""

    @property
    def mode(self) -> float:
        """Lower edge of the fullest bin: the density of the solvent in most maps."""
        return float(self.edges[int(self.counts.argmax())])

    def as_json(self) -> dict[str, Any]:
        """Return the histogram as a document: lower edges, and decimal logarithms of the counts, 0 for an empty bin."""
        return {
            "density": [_short(e) for e in self.edges[:-1].tolist()],
            "log10_count": np.log10(np.maximum(self.counts, 1)).round(6).tolist(),
            "count": self.counts.tolist(),
            "mode": _short(self.mode),
        }


@dataclass(frozen=True, slots=True, eq=False)
class EnclosedVolume:
    """Volume at or above each contour level."""

    levels: Floats
    """Density, ascending from the lowest of the map to the highest."""
    volume_nm3: Floats
    """Volume of the voxels at or above each level, nm³."""

    def as_json(self) -> dict[str, Any]:
        """Return the curve as a document."""
        return {
            "level": [_short(level) for level in self.levels.tolist()],
            "volume_nm3": [_short(volume) for volume in self.volume_nm3.tolist()],
        }


def density_histogram(values: Volume, *, bins: int = HISTOGRAM_BINS) -> DensityHistogram:
    """Return how the densities of a map are distributed over bins of equal width from its lowest to its highest.

    Parameters
    ----------
    values : array, shape (z, y, x), finite
    bins : int
        Number of bins. Maps of whole numbers get fewer, each as many whole numbers wide, so that none is favoured.

    Notes
    -----
    Source: the map-density distribution of EMDB's validation analysis, Wang et al. (2022) Acta Cryst. D78, 542.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return DensityHistogram(np.array([low, low]), np.array([values.size]))
    if low.is_integer() and high.is_integer() and np.array_equal(values, np.rint(values)):
        width = math.ceil((high - low + 1) / bins)
        bins = math.ceil((high - low + 1) / width)
        high = low + bins * width
    counts, edges = np.histogram(values, bins=bins, range=(low, high))
    return DensityHistogram(edges.astype(np.float64), counts)


def enclosed_volume(values: Volume, *, voxel_size_a: VoxelSize, levels: int = CONTOUR_LEVELS) -> EnclosedVolume:
    """Return how much volume lies at or above each of `levels` contour levels.

    Parameters
    ----------
    values : array, shape (z, y, x), finite
    voxel_size_a : float or (z, y, x), Å
    levels : int
        Levels at equal distances from the lowest density to the highest.

    Notes
    -----
    Source: the volume estimate of EMDB's validation analysis, Wang et al. (2022) Acta Cryst. D78, 542; voxels count whole.
    """
    at = np.linspace(float(values.min()), float(values.max()), levels)
    counts, _ = np.histogram(values, bins=levels - 1, range=(at[0], at[-1]) if at[0] < at[-1] else None)
    above = values.size - np.concatenate([[0], np.cumsum(counts)])
    return EnclosedVolume(at, above * _voxel_nm3(voxel_size_a))


def volume_at(values: Volume, level: float, *, voxel_size_a: VoxelSize) -> float:
    """Return the volume of the voxels at or above a contour level, nm³.

    Parameters
    ----------
    values : array, shape (z, y, x)
    level : float
    voxel_size_a : float or (z, y, x), Å
    """
    return int(np.count_nonzero(values >= level)) * _voxel_nm3(voxel_size_a)


def protein_mass_kda(volume_nm3: float) -> float:
    """Return the mass of protein that fills a volume, kDa, at 0.73 cm³/g (Harpaz, Gerstein & Chothia 1994)."""
    return volume_nm3 / _NM3_PER_KDA


def _voxel_nm3(voxel_size_a: VoxelSize) -> float:
    return math.prod(voxel_size_zyx_a(voxel_size_a)) / 1000


def _short(value: float) -> float:
    """Seven digits: what a float32 density knows."""
    return float(f"{value:.7g}")
