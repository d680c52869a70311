"""EER (Electron Event Representation), movies of Thermo Fisher's Falcon cameras: one TIFF page a frame, electrons as run lengths.

Read lazily: a frame is decoded when it is asked for, through tifffile and imagecodecs. Not streamed without conversion: what is stored
is the list of electrons, what is shown is their number in each pixel (uint8). Axes are ``tyx``, as many frames as were recorded, and rows
and columns are those of the camera; the quarter-pixel positions that a processing program may render (super-resolution) stay in the file
and are named in the metadata as `subpixel_bits`. A final image that the camera stored beside the frames is an image of its own.
Metadata understood: the items of the camera's acquisition XML (exposure, dose, date, camera, sensor size, …) under `acquisition`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import tifffile
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from micrographia.formats import tiff
from micrographia.formats.cursor import printable
from micrographia.formats.description import Contents, LazyImage, UnreadableError
from micrographia.formats.file_object import SourceFile
from micrographia.formats.source import ByteSource
from micrographia.formats.tiff_pages import DECODING_ERRORS
from micrographia.formats.units import voxel_size
from micrographia.model.image import ImageHeader, VoxelSize

_METADATA_TAG = 65001
_VARIABLE = 65002
_COMPRESSIONS = (65000, 65001, _VARIABLE)
_LONGEST_XML_BYTES = 1 << 20
_MOST_ITEMS = 500
# the pixels of the sensor are micrometres wide; only a smaller size can be that on the specimen
_LARGEST_PIXEL_M = 1e-7


def inspect(source: ByteSource, path: str) -> Contents:
    """Return the frames as one image, and the final image where the camera stored one; see `registry`."""
    contents = tiff.inspect(source, path)
    facts, bits = _facts(source)
    size = _pixel_size(facts)
    images = tuple(_movie(h, bits, size) if h.dtype == "bool" else replace(h, name="integrated") for h in contents.images)
    metadata = {**contents.metadata, **({"acquisition": facts} if facts else {})}
    return Contents(images, metadata, contents.remarks)


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array that decodes the frames it is asked for; see `registry`."""
    return tiff.open_image(source, index, header or inspect(source, source.name).images[index])


def _movie(header: ImageHeader, bits: int, size: VoxelSize | None) -> ImageHeader:
    axes = header.axes.replace("z", "t")
    metadata = {**header.metadata, "subpixel_bits": bits}
    return replace(header, axes=axes, dtype="uint8", name="", voxel_size=size, metadata=metadata)


def _facts(source: ByteSource) -> tuple[dict[str, Any], int]:
    """Return the items of the acquisition XML, and the bits of a position within a pixel along each axis."""
    try:
        file: Any = SourceFile(source)
        with tifffile.TiffFile(file, name="a.eer", _multifile=False) as tif:
            xml = tif.pages.first.tags.valueof(_METADATA_TAG)
            frame = next((page for page in tif.pages[:2] if page.compression in _COMPRESSIONS), None)
            bits = 2 if frame is None or frame.compression != _VARIABLE else int(frame.aspage().tags.valueof(65008, 2))
    except DECODING_ERRORS as exc:
        raise UnreadableError("eer.unreadable", f"{source.name} cannot be read as EER.", found=str(exc)[:200]) from exc
    if not isinstance(xml, bytes) or len(xml) > _LONGEST_XML_BYTES:
        return {}, bits
    try:
        root = fromstring(xml.rstrip(b"\0").decode("utf-8", "replace"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):  # the frames can be read all the same
        return {}, bits
    facts: dict[str, Any] = {}
    for item in root.findall("./item")[:_MOST_ITEMS]:
        name, text = printable(item.get("name") or "")[:200], printable(item.text or "")[:1000]
        if name and text:
            unit = printable(item.get("unit") or "")[:20]
            facts[f"{name} ({unit})" if unit else name] = text
    return facts, bits


def _pixel_size(facts: dict[str, Any]) -> VoxelSize | None:
    try:
        y, x = (float(facts[f"sensorPixelSize.{side} (m)"]) for side in ("height", "width"))
    except (KeyError, ValueError):
        return None
    return voxel_size([None, y * 1e10, x * 1e10], "Å") if 0 < max(y, x) < _LARGEST_PIXEL_M else None
