"""OIR, Olympus and Evident microscopes (FV3000, FV4000, LEXT): one image a file, with its times, wavelengths, sections and channels.

Read lazily: an index tells where the blocks of each plane lie, and only rows that are asked for are read. Samples lie uncompressed but in
pieces, so they are not streamed from the file's own bytes. Planes of long recordings that the program put into further files beside the
first (`name_00001`) are zeros, and that is said; overview (reference) pictures, thumbnails, regions and look-up tables stay in the file.
Metadata understood: spacing, interval, names and ranges of wavelength of channels, significant bits, date.

Source: the layout as C. Gohlke's oirfile (BSD) describes it; there is no published specification.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from numpy.typing import NDArray

from micrographia.formats.cursor import printable, refused
from micrographia.formats.description import Contents, LazyImage
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader

_MAGIC = b"OLYMPUSRAWFORMAT"
_HEADER_BYTES = 96
_METADATA, _FRAME, _NAME, _SAMPLES = 0, 1, 3, 4
_INDEX_MARK = b"\xff\xff\xff\xff"
_LONGEST_INDEX_BYTES = 64 << 20
_LONGEST_XML_BYTES = 64 << 20
_LONGEST_NAME = 1024
_LARGEST_PLANE_BYTES = 1 << 30
# frames of which the positions are looked at
_MOST_FRAMES_READ = 2_000
# planes that are missing are zeros, within reason
_HIGHEST_RATIO = 20
# name of a block of samples: …t001l002z003_…_channel_part
_SUFFIX = re.compile(r"(?:_\d+_\d+)?_([0-9a-f-]{1,64})_\d+$")
_PLACE = re.compile(r"([tlz])(\d{1,9})")
_AXES = {"t": "TIMELAPSE", "l": "LAMBDA", "z": "ZSTACK"}
_DTYPES = {1: "u1", 2: "u2", 4: "f4"}


@dataclass(slots=True)
class _File:
    """What the blocks say."""

    frames: list[Element] = field(default_factory=list)
    xml: dict[str, Element] = field(default_factory=dict)
    """First document of each kind, by the prefix of its root: lsmimage, fileinfo."""
    planes: dict[tuple[tuple[int, int, int], str], list[tuple[int, int]]] = field(default_factory=dict)
    """Place along t, l, z and the channel's id → byte and length of each part."""


def inspect(source: ByteSource, path: str) -> Contents:
    """Return the image of an OIR file; see `registry`."""
    file = _opened(source)
    if not file.frames or not file.planes:
        raise refused(source, "oir", f"{len(file.frames)} frames, {len(file.planes)} planes", "at least one")
    height, width, dtype, bits = _frame(source, file.frames[0])
    channels = _channels(file)
    first = [min(place[k] for place, _ in file.planes) for k in range(3)]
    spans = {axis: max(place[k] for place, _ in file.planes) - first[k] + 1 for k, axis in enumerate("tlz")}
    planned = {axis: max(spans[axis], _planned(file, axis)) for axis in spans}
    if prod(planned.values()) * len(channels) <= _HIGHEST_RATIO * len(file.planes):
        spans = planned
    lengths = {**spans, "c": len(channels), "y": height, "x": width}
    axes = "".join(a for a in "tlczyx" if lengths[a] > 1 or a in "yx")
    remarks = []
    count = prod(spans.values()) * len(channels)
    if count > _HIGHEST_RATIO * len(file.planes):
        raise refused(source, "oir", f"{len(file.planes)} planes", f"{count} planes", rule="size")
    if count > len(file.planes):
        message = f"{path}: {count - len(file.planes)} of {count} planes are not in this file; they are shown as zeros."
        hint = "They may lie in the next file."
        remarks.append(Finding("oir.missing_planes", "warning", path, message, f"{len(file.planes)} planes", hint=hint))
    names = tuple(c["name"] for c in channels) if "c" in axes else ()
    metadata: dict[str, Any] = {"channels": channels, "significant_bits": bits, "acquired": _date(file), "first": first}
    interval = _step(file, "TIMELAPSE") if spans["t"] > 1 else None
    if interval:
        metadata["time_increment_s"] = float(f"{interval / 1000:.7g}")
    spacing = [_step(file, "ZSTACK") if spans["z"] > 1 else None, *_pixel(file)]
    header = ImageHeader(
        axes,
        tuple(lengths[a] for a in axes),
        dtype.name,
        voxel_size(spacing, "µm"),
        channels=names if all(names) else (),
        metadata={key: value for key, value in metadata.items() if value},
    )
    return Contents((header,), {}, tuple(remarks))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    return _OirImage(source, header or inspect(source, source.name).images[index], _opened(source))


class _OirImage(LazyImage):
    def __init__(self, source: ByteSource, header: ImageHeader, file: _File) -> None:
        super().__init__(header)
        self._source = source
        numbers = {channel["id"]: k for k, channel in enumerate(_channels(file))}
        first = header.metadata.get("first", (1, 1, 1))
        self._planes = {}
        for (place, channel), parts in file.planes.items():
            along = {axis: place[k] - first[k] for k, axis in enumerate("tlz")} | {"c": numbers[channel]}
            self._planes[tuple(along[a] for a in header.axes[:-2])] = parts

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept."""
        out = np.zeros(tuple(len(r) for r in ranges), self.dtype)
        rows, columns = ranges[-2:]
        for where in np.ndindex(out.shape[:-2]):
            parts = self._planes.get(tuple(r[i] for r, i in zip(ranges, where, strict=False)))
            if parts is not None:
                out[where] = self._rows(parts, rows)[:: rows.step, columns.start : columns[-1] + 1 : columns.step]
        return out

    def _rows(self, parts: list[tuple[int, int]], rows: range) -> NDArray[Any]:
        """Return the rows from the first to the last wanted; zeros where the plane is shorter."""
        row_bytes = self.shape[-1] * self.dtype.itemsize
        start, end = rows[0] * row_bytes, (rows[-1] + 1) * row_bytes
        pieces, position = [], 0
        for offset, length in parts:
            first, last = max(start, position), min(end, position + length)
            if first < last:
                pieces.append(self._source.read(offset + first - position, last - first))
            position += length
        data = b"".join(pieces).ljust(end - start, b"\0")
        return np.frombuffer(data, self.dtype.newbyteorder("<")).reshape(-1, self.shape[-1])


def _opened(source: ByteSource) -> _File:
    if source.size < _HEADER_BYTES or source.read(0, len(_MAGIC)) != _MAGIC:
        raise refused(source, "oir", "another start", _MAGIC.decode())
    size, index = struct.unpack("<QQ", source.read(32, 16))
    if not _HEADER_BYTES <= index <= size <= source.size or size - index > _LONGEST_INDEX_BYTES:
        raise refused(source, "oir", f"an index from byte {index} to {size}", f"one within the {source.size} bytes of the file")
    table = source.read(index, size - index)
    if table[:4] != _INDEX_MARK:
        raise refused(source, "oir", "no index of blocks", "one; was the file closed properly?")
    file = _File()
    name = ""
    for (place,) in struct.iter_unpack("<Q", table[4 : 4 + (len(table) - 4) // 8 * 8]):
        if place == 0 or place + 8 > size:
            break
        length, kind = struct.unpack("<II", source.read(place, 8))
        if kind == _SAMPLES and name:
            if place + 8 + length > source.size:
                raise refused(source, "oir", f"a block of {length} bytes at byte {place}", "one within the file", rule="size")
            _add(file, name, place + 8, length)
        elif kind in (_METADATA, _FRAME):
            _understand(source, file, kind, place + 8, length)
        name = _name(source, place + 8) if kind == _NAME else ""
    return file


def _name(source: ByteSource, place: int) -> str:
    if place + 12 > source.size:
        return ""
    length = struct.unpack("<8xI", source.read(place, 12))[0]
    return source.read(place + 12, length).decode("ascii", "replace") if length <= min(_LONGEST_NAME, source.size - place - 12) else ""


def _add(file: _File, name: str, place: int, length: int) -> None:
    match = _SUFFIX.search(name)
    if match is None or name.startswith("REF_"):
        return
    places = {axis: int(number) for axis, number in _PLACE.findall(name[: match.start()])}
    key = (places.get("t", 0), places.get("l", 0), places.get("z", 0)), match[1]
    file.planes.setdefault(key, []).append((place, length))


def _understand(source: ByteSource, file: _File, kind: int, place: int, length: int) -> None:
    """Keep the XML documents of a block."""
    if kind == _FRAME and len(file.frames) >= _MOST_FRAMES_READ:
        return
    if length > min(_LONGEST_XML_BYTES, source.size - place):
        raise refused(source, "oir", f"{length} bytes of metadata at byte {place}", f"at most {_LONGEST_XML_BYTES} within the file")
    for document in source.read(place, length).split(b"<?xml")[1:]:
        text = document.partition(b"?>")[2]
        try:
            root = fromstring(text[: text.rfind(b">") + 1], forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError):
            continue
        if kind == _FRAME:
            file.frames.append(root)
        else:
            prefix = text.lstrip()[1:60].partition(b":")[0].decode("ascii", "replace")
            file.xml.setdefault(prefix, root)


def _frame(source: ByteSource, frame: Element) -> tuple[int, int, np.dtype[Any], int]:
    height, width, depth, bits = (int(_number(_first(frame, name)) or 0) for name in ("height", "width", "depth", "bitCounts"))
    if min(height, width) < 1 or depth not in _DTYPES or height * width * depth > _LARGEST_PLANE_BYTES:
        raise refused(
            source, "oir", f"planes of {height} × {width} samples of {depth} bytes", "positive sizes, 1, 2 or 4 bytes", rule="size"
        )
    return height, width, np.dtype(_DTYPES[depth]), bits


def _channels(file: _File) -> list[dict[str, Any]]:
    """Return the channels that have planes, in the order of the program."""
    there = {channel for _, channel in file.planes}
    found: dict[str, tuple[float, dict[str, Any]]] = {}
    for element in _all(file.xml.get("lsmimage"), "channel"):
        key = element.get("id") or ""
        if key in there and key not in found:
            names = [text for e in _all(element, "name") if (text := (e.text or "").strip())]
            channel: dict[str, Any] = {"id": key, "name": printable(names[-1])[:100] if names else ""}
            span = [_number(_first(element, name)) for name in ("startWavelength", "endWavelength")]
            if all(span):
                channel["emission_range_nm"] = span
            found[key] = (_number(element.get("order") or "") or 0.0, channel)
    ordered = [channel for _, channel in sorted(found.values(), key=lambda one: one[0])]
    return ordered + [{"id": key, "name": f"channel {len(ordered) + k + 1}"} for k, key in enumerate(sorted(there - found.keys()))]


def _planned(file: _File, axis: str) -> int:
    """Return how long an axis was meant to be."""
    for element in _all(file.xml.get("lsmimage"), "axis"):
        if element.get("enable") == "true" and any((child.text or "").strip() == _AXES[axis] for child in element):
            return int(_number(_first(element, "maxSize")) or 0)
    return 0


def _step(file: _File, axis: str) -> float | None:
    """Return the distance between the first two positions along an axis: µm, or milliseconds."""
    positions = {
        number
        for frame in file.frames
        for element in _all(frame, "axisValue")
        if _first(element, "axisType") == axis and (number := _number(_first(element, "position"))) is not None
    }
    low = sorted(positions)[:2]
    return float(f"{low[1] - low[0]:.7g}") if len(low) == 2 else None


def _pixel(file: _File) -> tuple[float | None, float | None]:
    for element in _all(file.xml.get("lsmimage"), "length"):
        y, x = _number(_first(element, "y")), _number(_first(element, "x"))
        return y, x
    return None, None


def _date(file: _File) -> str:
    return printable(_first(file.xml.get("lsmimage"), "creationDateTime") or _first(file.xml.get("fileinfo"), "creationDateTime"))[:50]


def _all(root: Element | None, name: str) -> Iterator[Element]:
    """Yield the elements of a name, whatever their namespace."""
    return iter(()) if root is None else (e for e in root.iter() if e.tag.rpartition("}")[2] == name)


def _first(root: Element | None, name: str) -> str:
    """Return the text of the first element of a name that has any."""
    return next((text for e in _all(root, name) if (text := (e.text or "").strip())), "")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
