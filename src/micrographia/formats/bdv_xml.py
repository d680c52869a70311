"""The XML that BigDataViewer keeps beside an HDF5 or N5: names of its setups, how far apart their samples lie, which angle they saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from micrographia.formats.cursor import printable
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.image import VoxelSize

_LONGEST_XML_BYTES = 64 << 20
_MOST_SETUPS = 100_000
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Setup:
    """One view of the sample."""

    name: str
    """As its user called it; may be empty."""
    voxel_size: VoxelSize | None
    """None where the XML says none that can be used."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Names of channel, angle, tile and illumination."""


def setups_of(source: ByteSource | None) -> dict[int, Setup]:
    """Return the setups by number; none where there is no such XML, or it is another program's."""
    if source is None or source.size > _LONGEST_XML_BYTES:
        return {}
    try:
        root: Element = fromstring(source.read(0, source.size), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return {}
    if root.tag != "SpimData":
        return {}
    views = root.find("./SequenceDescription/ViewSetups")
    if views is None:
        return {}
    names = {
        (group.get("name") or "", (one.findtext("id") or "").strip()): printable(one.findtext("name") or "")[:_LONGEST_NAME]
        for group in views.findall("./Attributes")
        for one in group
    }
    found: dict[int, Setup] = {}
    for view in views.findall("./ViewSetup")[:_MOST_SETUPS]:
        number = (view.findtext("id") or "").strip()
        if number.isdigit() and len(number) < 10:
            seen = {one.tag: (one.text or "").strip() for one in view.findall("./attributes/*")}
            attributes = {key: names.get((key, value)) or printable(value)[:_LONGEST_NAME] for key, value in seen.items()}
            found[int(number)] = Setup(printable(view.findtext("name") or "").strip()[:_LONGEST_NAME], _voxel_size(view), attributes)
    return found


def _voxel_size(view: Element) -> VoxelSize | None:
    try:
        x, y, z = (float(word) for word in (view.findtext("./voxelSize/size") or "").split())
    except ValueError:
        return None
    return voxel_size([z, y, x], view.findtext("./voxelSize/unit") or "") if all(map(isfinite, (x, y, z))) else None
