"""Private maps for the viewer: small copies as OME-Zarr that lie beside the result of their comparison and go with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from micrographia.derive.shards import array_metadata
from micrographia.imaging.density import DensityMap
from micrographia.imaging.resampling import coarsened

_LONGEST = 128
_AXES = "zyx"
_LITTLE = [{"name": "bytes", "configuration": {"endian": "little"}}]


def write_small_copy(density: DensityMap, folder: Path) -> dict[str, Any]:
    """Write a map, Fourier-cropped to at most 128 voxels a side, as an OME-Zarr image of one chunk; return what a viewer is told of it."""
    factor = min(1.0, _LONGEST / max(density.shape_zyx))
    z, y, x = (max(8, round(n * factor)) for n in density.shape_zyx)
    small = coarsened(density, (z, y, x)) if factor < 1 else density
    values = np.ascontiguousarray(small.values, "<f4")
    inner = [folder, folder / "0", folder / "0/c", folder / "0/c/0", folder / "0/c/0/0"]
    for made in inner:  # one by one: a comparison that was deleted meanwhile stays deleted
        made.mkdir()
    (inner[-1] / "0").write_bytes(values.data)
    array = array_metadata(values.shape, values.shape, np.dtype("f4"), _AXES, codecs=_LITTLE)
    (folder / "0" / "zarr.json").write_text(json.dumps(array), encoding="utf-8")
    (folder / "zarr.json").write_text(json.dumps(_group(small)), encoding="utf-8")
    return {
        "voxel_size_a": list(small.voxel_size_a),
        "origin_xyz_a": list(small.origin_xyz_a),
        "minimum": float(values.min()),
        "maximum": float(values.max()),
        "mean": float(values.mean(dtype=np.float64)),
        "sigma": float(values.std(dtype=np.float64)),
    }


def _group(density: DensityMap) -> dict[str, Any]:
    axes = [{"name": axis, "type": "space", "unit": "angstrom"} for axis in _AXES]
    scale = [{"type": "scale", "scale": list(density.voxel_size_a)}]
    image = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
    return {"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", "multiscales": [image]}}}
