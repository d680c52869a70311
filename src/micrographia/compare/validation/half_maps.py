"""What two half maps say of a map: the detail in which they agree, with and without a mask, and the curve that was deposited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from micrographia.archive.lookup import StoredImage
from micrographia.archive.stored import StoredBytes
from micrographia.archive.stored_map import StoredMap
from micrographia.errors import InvalidInputError, MicrographiaError
from micrographia.formats.density import read_density, read_mask
from micrographia.formats.fsc_curve import read_fsc_curve
from micrographia.formats.source import ByteSource
from micrographia.imaging.density import DensityMap, Volume, refuse_different_grids
from micrographia.imaging.fourier import fourier_crop
from micrographia.imaging.fsc import half_map_fsc
from micrographia.imaging.masking import soft_mask

# grid on which half maps and map are held against each other
_COARSE_SIDE = 64
_EDGE = 0.01

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class HalfMaps:
    """What came of the half maps of a map."""

    fsc: Document | None = None
    why_not: str = ""
    """Why there is no curve."""
    coarse_mean: Volume | None = None
    """Their mean, on a coarse grid of the same box."""


def measure_half_maps(whole: StoredMap | None, longest_side: int) -> HalfMaps:
    """Return the correlation of the half maps of a map; sides longer than `longest_side` voxels are coarsened before."""
    if whole is None or not whole.half_maps:
        return HalfMaps(why_not="No half maps were deposited.")
    try:
        one, two = (read_density(h.open(), _name(h), longest_side=longest_side) for h in whole.half_maps)
        refuse_different_grids(one, two, (_name(whole.half_maps[0]), _name(whole.half_maps[1])))
    except InvalidInputError as exc:
        return HalfMaps(why_not=exc.message)
    mean = coarse(one.values) + coarse(two.values)
    mask, about_mask = _mask(whole, one, two)
    curves = half_map_fsc(one.values, two.values, voxel_size_a=one.voxel_size_a, mask=mask).as_json()
    return HalfMaps(curves | {"mask": about_mask, "half_maps": [h.record.path for h in whole.half_maps]}, coarse_mean=mean)


def deposited_curve(whole: StoredMap | None) -> Document | None:
    """Return the FSC curve that a depositor brought; None where there is none, or none that can be read."""
    if whole is None or whole.fsc is None:
        return None
    try:
        curve = read_fsc_curve(_source(whole.fsc))
    except MicrographiaError as exc:
        return {"path": whole.declared.fsc, "unreadable": exc.message}
    return {
        "path": whole.declared.fsc,
        "kind": curve.kind,
        "spatial_frequency_per_a": curve.spatial_frequency_per_a.round(8).tolist(),
        "correlation": curve.correlation.round(6).tolist(),
        "resolution_a": _first_below(curve.spatial_frequency_per_a, curve.correlation, 0.143),
    }


def coarse(values: Volume) -> Volume:
    """Return a map on the grid on which maps are compared at low resolution."""
    z, y, x = (min(n, _COARSE_SIDE) for n in values.shape)
    return fourier_crop(values, (z, y, x))


def _mask(whole: StoredMap, one: DensityMap, two: DensityMap) -> tuple[Volume | None, Document | None]:
    """Return the deposited mask; without one that fits, one around the density that the half maps share."""
    refused = ""
    mask = None
    if whole.mask is not None:
        try:
            mask = read_mask(whole.mask.open(), _name(whole.mask), one)
        except InvalidInputError as exc:
            refused = exc.message
    path = whole.mask.record.path if whole.mask is not None and mask is not None else None
    if mask is None:
        mask = soft_mask(one.values, two.values, voxel_size_a=one.voxel_size_a)
    if mask is None:
        return None, {"path": None, "refused": refused} if refused else None
    faces = [np.take(mask, end, axis) for axis in range(3) for end in (0, -1)]
    return mask, {
        "path": path,
        "refused": refused,
        "share_of_box": round(float(mask.mean()), 5),
        "touches_faces": any(float(face.max()) > _EDGE for face in faces),
    }


def _first_below(frequency: np.ndarray[Any, Any], correlation: np.ndarray[Any, Any], threshold: float) -> float | None:
    below = np.flatnonzero(correlation < threshold)
    if not below.size or below[0] == 0:
        return None
    i = int(below[0])
    share = (correlation[i - 1] - threshold) / (correlation[i - 1] - correlation[i])
    at = float(frequency[i - 1] + share * (frequency[i] - frequency[i - 1]))
    return round(1 / at, 4) if at > 0 else None


def _source(stored: StoredBytes) -> ByteSource:
    opened = stored.open()
    assert isinstance(opened, ByteSource)
    return opened


def _name(image: StoredImage) -> str:
    return image.record.path.rpartition("/")[2]
