"""How far a map agrees with the atomic models that were deposited with it; where it does not, whether hand or place explain it."""

from __future__ import annotations

from typing import Any

import gemmi
import numpy as np

from micrographia.archive.stored import StoredBytes
from micrographia.archive.stored_map import StoredMap
from micrographia.errors import MicrographiaError, TooLargeError
from micrographia.formats.coordinates import parse_model
from micrographia.formats.source import ByteSource
from micrographia.imaging.alignment import superpose
from micrographia.imaging.density import DensityMap
from micrographia.imaging.fourier import fourier_crop
from micrographia.imaging.model_map import map_from_model, model_map_fsc

_MOST_MODELS = 3
# longer files take more memory as atoms than a worker has
_MOST_BYTES = 60_000_000
# atoms are drawn on a grid twice as fine: with longer sides that takes more memory than a worker has
_LONGEST_SIDE = 192
# a model that agrees in so much coarser detail than is declared lies elsewhere, or is of something else
_FAR = 2.5

Document = dict[str, Any]


def model_curves(whole: StoredMap | None, density: DensityMap) -> list[Document]:
    """Return for each deposited model the correlation of the map with it, or why there is none."""
    if whole is None or not whole.models:
        return []
    coarse = _coarsened(density)
    return [_held_against(coarse, stored, whole.declared.resolution_a) for stored in whole.models[:_MOST_MODELS]]


def _held_against(density: DensityMap, stored: StoredBytes, resolution_a: float | None) -> Document:
    try:
        model = parse_model(_bytes(stored), stored.name)[0]
        found = model_map_fsc(model, density)
    except MicrographiaError as exc:
        return {"path": stored.name, "unreadable": exc.message}
    curve = {name: value for name, value in found.as_json().items() if name != "phase_randomised"}
    agrees_a = (found.masked or found.unmasked).resolution_a["0.5"]
    expected_a = max(resolution_a or 0, 2 * max(density.voxel_size_a))
    # a curve that never falls agrees throughout
    disagrees = (found.masked or found.unmasked).correlation[1:].min() < 0.5 and (agrees_a is None or agrees_a > _FAR * expected_a)
    return {"path": stored.name, **curve} | ({"superposition": _superposition(density, model)} if disagrees else {})


def _superposition(density: DensityMap, model: gemmi.Model) -> Document:
    """Where the model would agree with the map, were it free to move."""
    predicted = map_from_model(model, density, resolution_a=4 * max(density.voxel_size_a))
    found = superpose(density, DensityMap(predicted, density.voxel_size_a, density.origin_xyz_a))
    middle = np.array([*density.middle_xyz_a, 1.0])
    return {
        "mirrored": found.mirrored,
        "confidence": round(found.confidence, 3),
        "moved_a": round(float(np.linalg.norm((found.transform @ middle - middle)[:3])), 2),
    }


def _coarsened(density: DensityMap) -> DensityMap:
    z, y, x = (min(n, _LONGEST_SIDE) for n in density.shape_zyx)
    if (z, y, x) == density.shape_zyx:
        return density
    size = tuple(v * n / m for v, n, m in zip(density.voxel_size_a, density.shape_zyx, (z, y, x), strict=True))
    return DensityMap(fourier_crop(density.values, (z, y, x)), (size[0], size[1], size[2]), density.origin_xyz_a)


def _bytes(stored: StoredBytes) -> bytes:
    source = stored.open()
    assert isinstance(source, ByteSource)
    if source.size > _MOST_BYTES:
        raise TooLargeError(f"{stored.name} is longer than {_MOST_BYTES // 1_000_000} MB; longer models are not held against maps here.")
    return source.read(0, source.size)
