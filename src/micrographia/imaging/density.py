"""A map as comparison takes it: densities, the size of a voxel, and where the grid lies in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError

Volume = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DensityMap:
    """Densities on a grid in physical space.

    The frame is that of MRC files as ChimeraX and Mol* read them: Å, (x, y, z), right-handed; voxel [0, 0, 0] lies at the map's origin.
    """

    values: Volume
    """float32, shape (z, y, x), finite."""
    voxel_size_a: tuple[float, float, float]
    """Distance of neighbouring voxels along z, y, x, Å."""
    origin_xyz_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Position of voxel [0, 0, 0], Å: x, y, z."""
    cropped_from_zyx: tuple[int, int, int] | None = None
    """Voxels along z, y, x of the file, where that was coarsened while it was read."""

    @property
    def shape_zyx(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = self.values.shape
        return z, y, x

    @property
    def size_xyz_a(self) -> tuple[float, float, float]:
        """Edges of the box along x, y, z, Å."""
        z, y, x = (n * v for n, v in zip(self.shape_zyx, self.voxel_size_a, strict=True))
        return x, y, z

    @property
    def middle_xyz_a(self) -> Matrix:
        """Position of voxel ``n // 2``, the phase origin of Fourier space, Å: x, y, z."""
        z, y, x = (n // 2 * v for n, v in zip(self.shape_zyx, self.voxel_size_a, strict=True))
        return np.add(self.origin_xyz_a, (x, y, z))


def box_text(shape: tuple[int, ...]) -> str:
    """Return the sides of a box as messages write them: 64 × 64 × 32."""
    return " × ".join(map(str, shape))


def refuse_different_grids(map_1: DensityMap, map_2: DensityMap, names: tuple[str, str]) -> None:
    """Raise InvalidInputError with a sentence unless two maps have the same box and voxels, as half maps must.

    Parameters
    ----------
    map_1, map_2 : DensityMap
    names : tuple of str
        What the message calls them.
    """
    one, two = (m.cropped_from_zyx or m.shape_zyx for m in (map_1, map_2))
    if one != two:
        raise InvalidInputError(f"{names[0]} has {box_text(one)} voxels, {names[1]} has {box_text(two)}; expected the same box.")
    if not np.allclose(map_1.voxel_size_a, map_2.voxel_size_a, rtol=1e-3):
        sizes = [" × ".join(f"{v:.4g}" for v in m.voxel_size_a) for m in (map_1, map_2)]
        raise InvalidInputError(
            f"{names[0]} has voxels of {sizes[0]} Å, {names[1]} of {sizes[1]} Å; expected the same. Correct a header, or say the size."
        )
