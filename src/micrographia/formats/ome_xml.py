"""OME-XML: sizes, voxel sizes, channels, objective, plates; alone (.ome.xml, .companion.ome), in OME-TIFF and beside OME-Zarr.

The metadata that `inspect` gives, JSON-ready::

    images      [{name, sizes: {x, y, z, c, t}, dtype, order, voxel_size, channels: [{name, …}], time_increment_s, acquired,
                  objective, instrument}]
    instruments [{id, microscope, objectives: [{…}], detectors: [{…}]}]
    plates      [{name, rows, columns, wells: [{row, column, fields}]}]
    creator, file_names (files that hold the planes, where it names them)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # the types; defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from micrographia.formats.description import Contents, UnreadableError
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.image import VoxelSize

_MOST_BYTES = 1 << 27
_MOST_WELLS = 10_000
_MOST_NAMES = 1_000

_DTYPES = {"bit": "bool", "float": "float32", "double": "float64", "complex": "complex64", "double-complex": "complex128"}


@dataclass(frozen=True, slots=True)
class OmeImage:
    """One `Image` of an OME-XML document."""

    name: str
    """Its name; may be empty."""
    sizes: dict[str, int]
    """Lengths along x, y, z, c, t."""
    dtype: str
    """NumPy name of the pixel type."""
    voxel_size: VoxelSize | None
    """Physical sizes, None where they are absent."""
    channels: tuple[str, ...]
    """Channel names, one a channel; empty when none has a name."""
    metadata: dict[str, Any]
    """All of it, JSON-ready."""


@dataclass(frozen=True, slots=True)
class OmeDocument:
    """What an OME-XML document says."""

    images: tuple[OmeImage, ...]
    """In the order of the document."""
    metadata: dict[str, Any]
    """JSON-ready, see the module."""


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what an OME-XML file says; UnreadableError when it is none."""
    if source.size > _MOST_BYTES:
        raise _unreadable(source.name, f"{source.size} bytes", f"at most {_MOST_BYTES} bytes")
    return Contents(metadata=parse_ome_xml(source.read(0, source.size), source.name).metadata)


def parse_ome_xml(document: bytes | str, name: str = "OME-XML") -> OmeDocument:
    """Return the contents of an OME-XML document; UnreadableError when it is none, or has entities or a document type."""
    try:
        root = fromstring(document.strip().strip("\0") if isinstance(document, str) else document.strip(b"\0 \r\n\t"), forbid_dtd=True)
    except DefusedXmlException as exc:
        raise _unreadable(name, f"a document type or entities ({type(exc).__name__})", "plain OME-XML") from exc
    except (ParseError, ValueError, LookupError) as exc:
        raise _unreadable(name, str(exc), "an XML document") from exc
    if _tag(root) != "OME":
        raise _unreadable(name, f"the root element {_tag(root)!r}", "the root element 'OME'")
    instruments = {_text(e, "ID"): _instrument(e) for e in _children(root, "Instrument")}
    images = tuple(_image(e, instruments) for e in _children(root, "Image"))
    metadata: dict[str, Any] = {"images": [i.metadata for i in images]}
    if instruments:
        metadata["instruments"] = list(instruments.values())
    if plates := [_plate(e) for e in _children(root, "Plate")]:
        metadata["plates"] = plates
    if creator := _text(root, "Creator"):
        metadata["creator"] = creator
    names = dict.fromkeys(_text(e, "FileName") for e in root.iter() if _tag(e) == "UUID" and e.get("FileName"))
    if names:
        metadata["file_names"] = list(names)[:_MOST_NAMES]
    return OmeDocument(images, metadata)


def _image(element: Element, instruments: dict[str, dict[str, Any]]) -> OmeImage:
    pixels = next(_children(element, "Pixels"), Element("Pixels"))
    sizes = {axis: _integer(pixels, f"Size{axis.upper()}", 1) for axis in "xyzct"}
    dtype = _DTYPES.get(_text(pixels, "Type"), _text(pixels, "Type"))
    size = voxel_size([_number(pixels, f"PhysicalSize{a}") for a in "ZYX"], [_text(pixels, f"PhysicalSize{a}Unit") or "µm" for a in "ZYX"])
    channels = [_channel(e) for e in _children(pixels, "Channel")]
    names = [c.get("name", "") for c in channels]
    metadata: dict[str, Any] = {
        "name": _text(element, "Name"),
        "sizes": sizes,
        "dtype": dtype,
        "order": _text(pixels, "DimensionOrder"),
        "voxel_size": size.as_json() if size else None,
        "channels": channels,
    }
    if (seconds := _number(pixels, "TimeIncrement")) is not None:
        metadata["time_increment_s"] = seconds
    acquired = next((e.text for e in _children(element, "AcquisitionDate") if e.text), None)
    if acquired:
        metadata["acquired"] = acquired.strip()
    instrument = instruments.get(next((_text(e, "ID") for e in _children(element, "InstrumentRef")), ""), {})
    if instrument.get("microscope"):
        metadata["instrument"] = instrument["microscope"]
    used = next((_text(e, "ID") for e in _children(element, "ObjectiveSettings")), "")
    objective = next((o for o in instrument.get("objectives", ()) if o.get("id") == used), None)
    if objective:
        metadata["objective"] = objective
    return OmeImage(metadata["name"], sizes, dtype, size, tuple(names) if any(names) else (), metadata)


def _channel(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, attribute in (("name", "Name"), ("fluorophore", "Fluor"), ("mode", "AcquisitionMode"), ("contrast", "ContrastMethod")):
        if text := _text(element, attribute):
            found[key] = text
    for key, attribute in (("excitation_nm", "ExcitationWavelength"), ("emission_nm", "EmissionWavelength")):
        if (value := _number(element, attribute)) is not None and _text(element, f"{attribute}Unit") in ("", "nm"):
            found[key] = value
    if samples := _integer(element, "SamplesPerPixel", 0):
        found["samples"] = samples
    if _text(element, "Color").lstrip("-").isdigit():  # a signed 32-bit RGBA
        found["colour"] = f"{int(_text(element, 'Color')) & 0xFFFFFFFF:08X}"[:6]
    return found


def _instrument(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {"id": _text(element, "ID")}
    microscope = next(_children(element, "Microscope"), None)
    if microscope is not None:
        found["microscope"] = _attributes(microscope, ("Manufacturer", "Model", "Type"))
    objectives = []
    for objective in _children(element, "Objective"):
        about = _attributes(objective, ("ID", "Manufacturer", "Model", "Immersion", "Correction"))
        for key, attribute in (("magnification", "NominalMagnification"), ("numerical_aperture", "LensNA")):
            if (value := _number(objective, attribute)) is not None:
                about[key] = value
        objectives.append(about)
    if objectives:
        found["objectives"] = objectives
    if detectors := [_attributes(d, ("ID", "Manufacturer", "Model", "Type")) for d in _children(element, "Detector")]:
        found["detectors"] = detectors
    return found


def _plate(element: Element) -> dict[str, Any]:
    wells = [
        {"row": _integer(w, "Row", 0), "column": _integer(w, "Column", 0), "fields": sum(1 for _ in _children(w, "WellSample"))}
        for w in _children(element, "Well")
    ]
    return {
        "name": _text(element, "Name"),
        "rows": _integer(element, "Rows", 0),
        "columns": _integer(element, "Columns", 0),
        "well_count": len(wells),
        "wells": wells[:_MOST_WELLS],
    }


def _attributes(element: Element, names: tuple[str, ...]) -> dict[str, Any]:
    return {name.lower(): _text(element, name) for name in names if element.get(name)}


def _children(element: Element, tag: str) -> Iterator[Element]:
    return (child for child in element if _tag(child) == tag)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Element, attribute: str) -> str:
    return (element.get(attribute) or "").strip()[:4096]


def _number(element: Element, attribute: str) -> float | None:
    try:
        value = float(element.get(attribute) or "")
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _integer(element: Element, attribute: str, default: int) -> int:
    text = _text(element, attribute)
    return int(text) if text.isdigit() and len(text) < 16 else default


def _unreadable(name: str, found: str, expected: str) -> UnreadableError:
    return UnreadableError("ome_xml.unreadable", f"{name} cannot be read as OME-XML.", found=found[:200], expected=expected)
