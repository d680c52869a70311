"""What the metadata of a TIFF file say of its series: voxel size, channels, how it was made. OME-XML, ImageJ, LSM, SEM makers, tags."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tifffile

from micrographia.formats.description import UnreadableError
from micrographia.formats.ome_xml import OmeDocument, OmeImage, parse_ome_xml
from micrographia.formats.units import voxel_size
from micrographia.model.image import VoxelSize

# resolution tags are made for paper: 72 … 4,800 dpi say nothing of the specimen, pixels below 2 µm do
_LARGEST_PIXEL_MM = 2e-3
_LONGEST_TEXT = 2_000
# what OME-XML tells of how a series was made
_OME_KEYS = ("channels", "time_increment_s", "acquired", "objective", "instrument")


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What is known of one series."""

    voxel_size: VoxelSize | None = None
    """None when nothing says it."""
    channels: tuple[str, ...] = ()
    """Names, as far as the metadata has them."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready."""


def of_series(tif: tifffile.TiffFile, series: list[Any], number: int) -> SeriesFacts:
    """Return what the metadata say of the series at place `number`."""
    page = series[number].keyframe
    metadata: dict[str, Any] = {"kind": series[number].kind, "pages": len(series[number].pages)}
    if page.compression != 1:
        metadata["compression"] = getattr(page.compression, "name", str(page.compression)).lower()
    image = _ome_image(tif, series, number)
    if image:
        metadata |= {key: image.metadata[key] for key in _OME_KEYS if image.metadata.get(key)}
        return SeriesFacts(image.voxel_size, image.channels, metadata)
    size, origin = _voxel_size(tif, page)
    if size:
        metadata["voxel_size_from"] = origin
    if tif.is_imagej:
        facts = tif.imagej_metadata or {}
        if isinstance(interval := facts.get("finterval"), int | float) and 0 < interval < float("inf"):
            metadata["time_increment_s"] = float(interval)
    return SeriesFacts(size, _channels(tif), metadata)


def file_metadata(tif: tifffile.TiffFile) -> dict[str, Any]:
    """Return what the first page says of the file as a whole: description, software, date, OME-XML's instruments and plates."""
    page = tif.pages.first
    found: dict[str, Any] = {}
    for key, text in (("software", page.software), ("description", "" if tif.is_ome else page.description)):
        if text and str(text).strip("\0 \n"):
            found[key] = str(text).strip("\0 \n")[:_LONGEST_TEXT]
    for key, tag in (("date", "DateTime"), ("artist", "Artist"), ("maker", "Make"), ("model", "Model")):
        if (entry := page.tags.get(tag)) is not None and isinstance(entry.value, str) and entry.value.strip("\0 "):
            found[key] = entry.value.strip("\0 ")[:_LONGEST_TEXT]
    document = _ome(tif)
    if document:
        found["ome"] = {key: value for key, value in document.metadata.items() if key != "images"}
    return found


def _ome(tif: tifffile.TiffFile) -> OmeDocument | None:
    if not tif.is_ome:
        return None
    try:
        return parse_ome_xml(tif.ome_metadata or "", tif.filename)
    except UnreadableError:  # the pixels can be read all the same
        return None


def _ome_image(tif: tifffile.TiffFile, series: list[Any], number: int) -> OmeImage | None:
    """Return the OME image of a series: the one at its place that has its size."""
    document = _ome(tif)
    if document is None:
        return None
    lengths = dict(zip(series[number].axes, series[number].shape, strict=True))
    fitting = [i for i in document.images if (i.sizes["y"], i.sizes["x"]) == (lengths.get("Y"), lengths.get("X"))]
    if len(document.images) == len(series) and document.images[number] in fitting:
        return document.images[number]
    named = [i for i in fitting if i.name == series[number].name]
    return next(iter(named or fitting), None)


def _voxel_size(tif: tifffile.TiffFile, page: Any) -> tuple[VoxelSize | None, str]:
    """Return the voxel size and which metadata said it."""
    with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError, IndexError):  # metadata of makers take any form
        if tif.is_imagej:
            return _of_imagej(tif.imagej_metadata or {}, page), "ImageJ"
        if tif.is_lsm and tif.lsm_metadata:
            return voxel_size([float(tif.lsm_metadata[f"VoxelSize{a}"]) for a in "ZYX"], "m"), "LSM"
        if tif.is_fei and tif.fei_metadata:
            scan = tif.fei_metadata["Scan"]
            return voxel_size([None, float(scan["PixelHeight"]), float(scan["PixelWidth"])], "m"), "FEI"
        if tif.is_sem and tif.sem_metadata:
            _, value, unit = next(tif.sem_metadata[k] for k in ("ap_image_pixel_size", "ap_pixel_size") if k in tif.sem_metadata)
            return voxel_size([None, float(value), float(value)], unit), "Zeiss SEM"
        if tif.is_micromanager and page.tags.get(51123):
            value = float(page.tags[51123].value["PixelSizeUm"])
            return voxel_size([None, value, value], "µm"), "Micro-Manager"
    return _of_resolution(page), "resolution tags"


def _of_imagej(facts: Mapping[str, Any], page: Any) -> VoxelSize | None:
    y, x = _spacing(page, "YResolution"), _spacing(page, "XResolution")
    spacing = facts.get("spacing")
    return voxel_size([float(spacing) if isinstance(spacing, int | float) else None, y, x], str(facts.get("unit", "")))


def _of_resolution(page: Any) -> VoxelSize | None:
    unit = page.tags.get("ResolutionUnit")
    millimetres = {2: 25.4, 3: 10.0}.get(int(unit.value)) if unit is not None and isinstance(unit.value, int) else None
    y, x = _spacing(page, "YResolution"), _spacing(page, "XResolution")
    if not millimetres or not y or not x or max(y, x) * millimetres > _LARGEST_PIXEL_MM:
        return None
    return voxel_size([None, *(float(f"{length * millimetres * 1e6:.7g}") for length in (y, x))], "nm")


def _spacing(page: Any, tag: str) -> float | None:
    """Return the distance between pixels in the tag's unit: the reciprocal of a rational number."""
    entry = page.tags.get(tag)
    if entry is None or not isinstance(entry.value, tuple) or len(entry.value) != 2:
        return None
    numerator, denominator = entry.value
    # the rational number approximates what was meant to some nine digits
    return float(f"{denominator / numerator:.7g}") if numerator else None


def _channels(tif: tifffile.TiffFile) -> tuple[str, ...]:
    with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
        if tif.is_lsm and tif.lsm_metadata:
            return tuple(str(name) for name in tif.lsm_metadata["ChannelColors"]["ColorNames"])
    return ()
