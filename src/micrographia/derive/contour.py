"""The surface of a map as a picture: what people look for first, where it shows more than a projection."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.description import LazyImage
from micrographia.imaging.isosurface import draw_isosurface, pool_cubes
from micrographia.model.records import ImageRecord

_KINDS = frozenset({"map", "half map", "additional map", "mask"})
# larger maps are read in slabs and drawn from means of so many voxels along their longest side
_LONGEST = 256
_SLAB_BYTES = 32 << 20
# reading more for a small picture takes too long
_MOST_VOXELS = 1 << 28
_SHORTEST = 8


def has_surface(record: ImageRecord) -> bool:
    """Whether an image is a density of which a surface may be shown."""
    is_volume = record.kind in _KINDS and record.axes == "zyx" and not record.is_stack and np.dtype(record.dtype).kind in "iuf"
    return is_volume and min(record.shape) >= _SHORTEST and math.prod(record.shape) <= _MOST_VOXELS


def surface_picture(image: LazyImage, record: ImageRecord, level: float, side: int) -> NDArray[np.uint8] | None:
    """Return the surface of a map at a level, shape (side, side, 3); None where it shows less than a projection does."""
    depth, height, width = image.shape
    factor = math.ceil(max(image.shape) / _LONGEST)
    step = factor * max(1, _SLAB_BYTES // (factor * height * width * image.dtype.itemsize))
    slabs = [pool_cubes(image[z : z + step], factor) for z in range(0, max(1, depth - depth % factor), step)]
    size = record.voxel_size.in_angstrom() if record.voxel_size else (1.0, 1.0, 1.0)
    known = next((s for s in size if s), 1.0)
    return draw_isosurface(np.concatenate(slabs), level, side, spacing=(size[0] or known, size[1] or known, size[2] or known))
