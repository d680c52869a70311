"""Which viewer shows an image in the browser, and everything that viewer is told (`frontend/src/descriptor.ts`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from micrographia.catalogue import ImageRow
from micrographia.model.contour import shown_contour
from micrographia.model.image import METRES, Statistics
from micrographia.model.records import ImageRecord
from micrographia.model.sheet import Map
from micrographia.web.pages.overlays import PointSet, images_beside, point_sets, tilt_captions
from micrographia.web.pages.wording import counts_images
from micrographia.web.site import Site

_BUILT = Path(__file__).parents[1] / "static/viewers"
# Okabe & Ito (2008): told apart by people of any colour vision
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
_MOST_POINTS = 50_000
_MASK_OPACITY = 0.4
_VOLUMES = ("light-sheet", "tomogram", "volume")
_FRAME_WORDS = {"tilt series": "Tilt", "movie": "Frame", "particles": "Particle", "class averages": "Class"}


@dataclass(frozen=True, slots=True)
class Viewing:
    """One viewer on a page."""

    kind: str
    """map, volume, multichannel or micrograph."""
    descriptor: str
    """JSON for ``data-descriptor``."""


@dataclass(frozen=True, slots=True)
class ViewerFiles:
    """The built script and styles that mount the viewers of a page."""

    script: str
    styles: tuple[str, ...]


@cache
def viewer_files() -> ViewerFiles | None:
    """Return the addresses of what ``./dev viewers`` built; None where it was never built."""
    manifest = _BUILT / "manifest.json"
    if not manifest.is_file():
        return None
    entry = json.loads(manifest.read_text(encoding="utf-8"))["src/main.ts"]
    return ViewerFiles(f"/static/viewers/{entry['file']}", tuple(f"/static/viewers/{name}" for name in entry.get("css", ())))


def viewing(site: Site, row: ImageRow, document: Mapping[str, Any]) -> Viewing | None:
    """Return which viewer shows an image and what it is told; None where only still pictures can be shown."""
    record, links = row.record, document["links"]
    lengths = {axis: n for axis, n in zip(record.axes, record.shape, strict=True) if n > 1}
    is_stack = counts_images(document)
    if viewer_files() is None or np.dtype(record.dtype).kind not in "iufb" or not {"y", "x"} <= lengths.keys():
        return None
    told: dict[str, Any] | None = None
    kind = _kind_of_viewer(record, lengths, is_stack=is_stack)
    if kind == "micrograph":
        told = _micrograph(site, row, document, lengths)
    elif links.get("zarr") and kind == "multichannel":
        told = {"zarr": links["zarr"]}
    elif links.get("zarr") and record.statistics:
        told = _map(site, row, links["zarr"]) if kind == "map" else _volume(site, row, links["zarr"])
    return Viewing(kind, json.dumps(told)) if told else None


def _kind_of_viewer(record: ImageRecord, lengths: Mapping[str, int], *, is_stack: bool) -> str:
    if "c" in lengths:
        # three planes of what was taken as a volume; cells are looked at plane by plane
        is_volume = "z" in lengths and "t" not in lengths and record.kind in _VOLUMES
        return "volume" if is_volume else "multichannel"
    if "z" not in lengths or is_stack or "s" in record.axes:
        return "micrograph"
    if record.kind in ("map", "half map", "mask", "additional map", "subtomogram"):
        return "map"
    return "multichannel" if "t" in lengths else "volume"


def _micrograph(site: Site, row: ImageRow, document: Mapping[str, Any], lengths: Mapping[str, int]) -> dict[str, Any] | None:
    record, links = row.record, document["links"]
    several = [axis for axis in record.axes if axis in lengths and axis not in "yxs"]
    iiif = links.get("iiif")
    if len(several) > 1 or not (several or iiif) or (several and record.statistics is None):
        return None
    frames = None
    if several:
        axis = several[0]
        count = lengths[axis]
        captions = tilt_captions(site, row, count) or [""] * count
        frames = {
            "axis": axis,
            "word": _FRAME_WORDS.get(record.kind, "Image"),
            "start": count // 2,
            "captions": captions,
            "slice": links["slice"],
        }
    pixel_size_a = _in_angstrom(record)[2] if record.voxel_size else None
    limits = _limits(record.statistics)
    sets = [_points_in_plane(p, record) for p in point_sets(site, row)]
    return {
        "columns": lengths["x"],
        "rows": lengths["y"],
        "iiif": iiif.removesuffix("/info.json") if iiif and not several else None,
        "windowed": record.statistics is not None and "s" not in record.axes,
        "frames": frames,
        "zarr": links.get("zarr") if "s" not in record.axes else None,
        "axes": record.axes,
        "limits": limits,
        "pixelSizeA": pixel_size_a,
        "picks": [p for p in sets if p["points"]],
    }


def _points_in_plane(points: PointSet, record: ImageRecord) -> dict[str, Any]:
    """Points and the frame of each (−1: they lie in all frames, as those of a micrograph do in its movie)."""
    xyz, frames = points.xyz, points.frames
    if record.kind in ("particles", "class averages"):  # these frames have nothing in common: points of all are points of none
        xyz, frames = xyz[frames >= 0], frames[frames >= 0]
    xyz, frames = xyz[:_MOST_POINTS, :2], frames[:_MOST_POINTS]
    return {
        "label": points.label,
        "diameterA": points.diameter_a,
        "points": _rounded(xyz),
        "frames": frames.tolist() if (frames >= 0).any() else None,
    }


def _volume(site: Site, row: ImageRow, zarr: str) -> dict[str, Any]:
    record = row.record
    is_segmentation = record.kind == "segmentation" and np.dtype(record.dtype).kind in "iu"
    overlays = [] if is_segmentation else images_beside(site, row, ("segmentation",))
    points = [p for p in point_sets(site, row) if not np.isnan(p.xyz).any()]
    return {
        "image": {"zarr": zarr, "limits": _limits(record.statistics), "isSegmentation": is_segmentation},
        "segmentations": [
            {"zarr": o.zarr, "label": o.label}
            for o in overlays
            if o.row.record.header.shape_zyx == record.header.shape_zyx and np.dtype(o.row.record.dtype).kind in "iu"
        ],
        "points": [_points_in_space(p) for p in points],
        "sizeZyx": record.header.shape_zyx,
        "voxelSizeM": [a * METRES["angstrom"] for a in _in_angstrom(record)] if record.voxel_size else None,
    }


def _points_in_space(points: PointSet) -> dict[str, Any]:
    return {"label": points.label, "diameterA": points.diameter_a, "positionsXyz": _rounded(points.xyz[:_MOST_POINTS])}


def _map(site: Site, row: ImageRow, zarr: str) -> dict[str, Any]:
    declared = site.entry(row.id.accession, row.id.version).record.sheet.map_with(row.record.role)
    sources = [_map_source(row.record, zarr, _name(row.record), declared, is_shown=True, number=0)]
    if row.record.kind in ("map", "half map"):
        beside = images_beside(site, row, ("map", "half map", "mask"), same_role=True)
        shown = [o for o in beside if o.row.record.statistics]
        sources += [_map_source(o.row.record, o.zarr, o.label, declared, is_shown=False, number=n) for n, o in enumerate(shown, start=1)]
    return {"maps": sources, "slices": True}


def map_source(site: Site, row: ImageRow, *, label: str, number: int) -> dict[str, Any]:
    """Return what the map viewer is told of a map of the archive that has statistics; `number` chooses its colour."""
    declared = site.entry(row.id.accession, row.id.version).record.sheet.map_with(row.record.role)
    zarr = f"/zarr/{row.id}-r{site.recipe}"
    return _map_source(row.record, zarr, label, declared, is_shown=True, number=number)


def _map_source(record: ImageRecord, zarr: str, label: str, declared: Map | None, *, is_shown: bool, number: int) -> dict[str, Any]:
    found = record.statistics
    assert found is not None
    origin = record.origin or (0.0, 0.0, 0.0)
    factor = METRES[record.voxel_size.unit] / METRES["angstrom"] if record.voxel_size else 1.0
    return {
        "zarr": zarr,
        "label": label,
        "colour": COLOURS[number % len(COLOURS)],
        "contour": shown_contour(record, declared),
        "opacity": _MASK_OPACITY if record.kind == "mask" and not is_shown else 1,
        "shown": is_shown,
        "voxelSizeA": _in_angstrom(record),
        "originA": [o * factor for o in origin],
        "statistics": {"minimum": found.minimum, "maximum": found.maximum, "mean": found.mean, "sigma": found.standard_deviation},
    }


def _limits(found: Statistics | None) -> dict[str, float]:
    """Black and white of the pictures that the server makes, and how far sliders may go beyond."""
    if found is None:
        return {"low": 0.0, "high": 255.0, "minimum": 0.0, "maximum": 255.0}
    low, high = found.low, found.high
    if low is None or high is None or not high > low:
        low, high = found.minimum, found.maximum
    # a hot pixel must not squeeze what matters into one step of a slider
    span = 3 * (high - low)
    ends = {"low": low, "high": high, "minimum": max(found.minimum, low - span), "maximum": min(found.maximum, high + span)}
    return {name: float(f"{value:.7g}") for name, value in ends.items()}


def _in_angstrom(record: ImageRecord) -> tuple[float, float, float]:
    """Size of a voxel along z, y, x; where one is not known, that along x stands for it."""
    if record.voxel_size is None:
        return 1.0, 1.0, 1.0
    z, y, x = record.voxel_size.in_angstrom()
    known = x or y or z or 1.0
    return z or known, y or known, x or known


def _name(record: ImageRecord) -> str:
    return record.path.rpartition("/")[2]


def _rounded(points: Sequence[Any] | np.ndarray[Any, Any]) -> list[list[float]]:
    return [[round(float(v), 2) for v in point] for point in points]
