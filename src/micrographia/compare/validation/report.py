"""Computing the validation report of a map: one document, made once like the pictures of the map. Runs in a worker process."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from micrographia.archive.stored_map import StoredMap
from micrographia.compare.validation.findings import findings_of, resolution_of
from micrographia.compare.validation.half_maps import HalfMaps, coarse, deposited_curve, measure_half_maps
from micrographia.compare.validation.models import model_curves
from micrographia.compare.validation.product import REPORT
from micrographia.derive.product import Job
from micrographia.errors import InvalidInputError
from micrographia.formats.density import read_density
from micrographia.imaging.density import DensityMap
from micrographia.imaging.distribution import density_histogram, enclosed_volume, protein_mass_kda, volume_at
from micrographia.imaging.spectrum import guinier_fit, rotationally_averaged_power
from micrographia.imaging.symmetry import map_symmetry
from micrographia.imaging.views import central_indices, largest_variance_indices

# larger boxes are coarsened: with half maps, mask and their transforms a worker has memory for no more
LONGEST_SIDE = 320
PARTS = ("fsc", "raps", "density_histogram", "volume_estimate", "symmetry", "slices")

Document = dict[str, Any]


def write_report(job: Job, folder: Path) -> None:
    """Write ``report.json``."""
    halves = measure_half_maps(job.map, LONGEST_SIDE)
    document: Document = {"map": _about(job), "declared": _declared(job.map), "fsc": halves.fsc, "deposited_fsc": deposited_curve(job.map)}
    missing = {"fsc": halves.why_not} if halves.fsc is None else {}
    try:
        density = read_density(job.stored.open(), _file_name(job), longest_side=LONGEST_SIDE)
    except InvalidInputError as exc:
        missing |= dict.fromkeys(PARTS[1:], exc.message)
    else:
        document |= _measured(density, job, halves)
    document = dict.fromkeys(PARTS) | document | {"missing": missing}
    document["findings"] = [finding.as_json() for finding in findings_of(document)]
    (folder / REPORT).write_text(json.dumps(document, allow_nan=False, separators=(",", ":")), encoding="utf-8")


def _measured(density: DensityMap, job: Job, halves: HalfMaps) -> Document:
    values, size = density.values, density.voxel_size_a
    spectrum = rotationally_averaged_power(values, voxel_size_a=size)
    fit = guinier_fit(spectrum, resolution_a=resolution_of({"fsc": halves.fsc}) or _declared(job.map)["resolution_a"])
    return {
        "computed_on": {"shape_zyx": list(density.shape_zyx), "voxel_size_zyx_a": list(size)},
        "raps": {**spectrum.as_json(), "guinier": fit.as_json() if fit else None},
        "density_histogram": density_histogram(values).as_json(),
        "volume_estimate": {**enclosed_volume(values, voxel_size_a=size).as_json(), "contour": _contour(density, job)},
        "slices": _slices(density, job),
        "half_map_agreement": _agreement(density, halves),
        "models": model_curves(job.map, density),
        "symmetry": map_symmetry(density, resolution_a=_trusted_a(halves, job)).as_json(),
    }


def _trusted_a(halves: HalfMaps, job: Job) -> float | None:
    """Detail in which signal outweighs noise, Å: where the half maps correlate by more than a half; else what is declared."""
    measured: float | None = halves.fsc["resolution_a"]["0.5"] if halves.fsc else None
    return measured or _declared(job.map)["resolution_a"]


def _about(job: Job) -> Document:
    record = job.record
    return {
        "path": record.path,
        "shape_zyx": list(record.shape),
        "voxel_size_zyx_a": list(record.voxel_size.in_angstrom()) if record.voxel_size else None,
    }


def _declared(whole: StoredMap | None) -> Document:
    said = whole.declared if whole else None
    return {name: getattr(said, name, None) or None for name in ("resolution_a", "resolution_method", "symmetry", "contour_level")}


def _contour(density: DensityMap, job: Job) -> Document | None:
    """What lies above the contour level at which the map is shown."""
    level = job.contour
    if level is None:
        return None
    values = density.values
    volume = volume_at(values, level, voxel_size_a=density.voxel_size_a)
    faces = [np.take(values, end, axis) for axis in range(3) for end in (0, -1)]
    return {
        "level": level,
        "is_declared": level == _declared(job.map)["contour_level"],
        "volume_nm3": round(volume, 3),
        "protein_mass_kda": round(protein_mass_kda(volume), 2),
        "share_of_box": round(volume * 1000 / (values.size * math.prod(density.voxel_size_a)), 6),
        "share_of_faces": round(sum(int((f >= level).sum()) for f in faces) / sum(f.size for f in faces), 6),
    }


def _slices(density: DensityMap, job: Job) -> Document:
    """Sections to look at, counted in the deposited file, whose sections lie closer where the box was coarsened."""
    closer = {axis: n / m for axis, n, m in zip("zyx", job.record.shape, density.shape_zyx, strict=True)}
    found = {"central": central_indices(density.shape_zyx), "largest_variance": largest_variance_indices(density.values)}
    return {which: {axis: int(index * closer[axis]) for axis, index in indices.items()} for which, indices in found.items()}


def _agreement(density: DensityMap, halves: HalfMaps) -> float | None:
    """Correlation of the map with the mean of its half maps, at low resolution; None without half maps of the same box."""
    mine, theirs = coarse(density.values), halves.coarse_mean
    if theirs is None or mine.shape != theirs.shape:
        return None
    return round(float(np.corrcoef(mine.ravel(), theirs.ravel())[0, 1]), 4)


def _file_name(job: Job) -> str:
    return job.record.path.rpartition("/")[2]
