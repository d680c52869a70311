"""LIF, Leica Image Files of LAS AF and LAS X: every image of the file, with its channels, times, sections and positions.

Read lazily and streamed without conversion: samples lie uncompressed in blocks of memory, and the XML in front tells the distance in bytes
along each axis. A mosaic's positions are an axis of their own (``m``). Images whose channels do not follow each other at regular distances,
and lifetime data (FLIM), are named in a remark and not read.
Metadata understood: names of images, spacing, names of channels (look-up table and fluorophore), objective, magnification, aperture,
immersion, microscope.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from micrographia.formats.cursor import Cursor, printable, refuse_short, refused
from micrographia.formats.description import Contents, LazyImage, UnreadableError, unsupported
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout

_MAGIC, _TEST = 0x70, 0x2A
_LONGEST_XML_BYTES = 256 << 20
_LONGEST_NAME = 4096
_MOST_BLOCKS = 100_000
_MOST_DEPTH = 64
# DimID → axis: x, y, z, time, emission wavelength, rotation, xt slices, t slices, excitation wavelength, mosaic
_AXES = {1: "x", 2: "y", 3: "z", 4: "t", 5: "l", 6: "r", 7: "n", 8: "q", 9: "e", 10: "m"}
_ORDER = "mqnretlczyx"


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of memory: where its bytes lie."""

    offset: int
    size_bytes: int


def inspect(source: ByteSource, path: str) -> Contents:
    """Return every image of a LIF file; see `registry`."""
    root, blocks = _parts(source)
    images: list[ImageHeader] = []
    remarks: list[Finding] = []
    for name, element in _elements(root, "", 0):
        try:
            header = _header(source, name, element, blocks)
        except UnreadableError as exc:
            remarks.append(exc.finding(path))
            continue
        except (KeyError, ValueError, OverflowError) as exc:
            remarks.append(refused(source, "lif", f"{name}: {exc!r}"[:200], "sizes and distances of every axis").finding(path))
            continue
        if header is not None:
            images.append(header)
    if not images and not remarks:
        remarks.append(Finding("lif.no_image", "warning", path, f"{path} holds no image."))
    return Contents(tuple(images), {"version": printable(root.get("Version") or "")[:20]}, tuple(remarks))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    return RawImage(source, header or inspect(source, source.name).images[index])


def _parts(source: ByteSource) -> tuple[Element, dict[str, _Block]]:
    """Return the XML and the blocks of memory by their names."""
    cursor = Cursor(source, "lif")
    start, _, test, length = cursor.unpack("IIBI")
    if (start, test) != (_MAGIC, _TEST) or length * 2 > _LONGEST_XML_BYTES:
        raise cursor.refused(f"another start, or XML of {length} characters", "0x70 and 0x2A in front of the XML")
    try:
        root = fromstring(cursor.read(length * 2).decode("utf-16-le"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as exc:
        raise cursor.refused(f"XML that cannot be read: {exc}"[:200], "the XML of LAS") from exc
    word = "I" if root.get("Version") == "1" else "Q"
    blocks: dict[str, _Block] = {}
    for _ in range(_MOST_BLOCKS):
        if cursor.position == source.size:
            return root, blocks
        start, _, test, size, second, length = cursor.unpack(f"IIB{word}BI")
        if (start, test, second) != (_MAGIC, _TEST, _TEST) or length * 2 > _LONGEST_NAME:
            raise cursor.refused(f"no block of memory at byte {cursor.position}", "0x70 and 0x2A in front of it")
        name = cursor.read(length * 2).decode("utf-16-le", "replace")
        blocks[name] = _Block(cursor.position, size)
        cursor.skip(size)
    raise cursor.refused(f"more than {_MOST_BLOCKS} blocks of memory", "fewer")


def _elements(root: Element, name: str, depth: int) -> Iterator[tuple[str, Element]]:
    """Yield (name with those of its folders, element) of all elements with an image."""
    if depth > _MOST_DEPTH:
        return
    for element in [*root.findall("./Element"), *root.findall("./Children/Element")]:
        own = f"{name}/{printable(element.get('Name') or '')[:100]}".strip("/")
        if element.find("./Data/Image") is not None:
            yield own, element
        yield from _elements(element, own, depth + 1)


def _header(source: ByteSource, name: str, element: Element, blocks: dict[str, _Block]) -> ImageHeader | None:
    memory = element.find("./Memory")
    description = element.find("./Data/Image/ImageDescription")
    block = blocks.get("" if memory is None else memory.get("MemoryBlockID") or "")
    if description is None or block is None or not block.size_bytes:
        return None
    channels = [c.attrib for c in description.findall("./Channels/ChannelDescription")]
    dtype = _dtype(source, name, channels)
    lengths: dict[str, tuple[int, int]] = {}
    spacing: dict[str, tuple[float, str]] = {}
    for dimension in description.findall("./Dimensions/DimensionDescription"):
        axis, count = _AXES.get(int(dimension.attrib["DimID"]), ""), int(dimension.attrib["NumberOfElements"])
        if not axis or axis in lengths or not 0 < count < 1 << 31:
            raise refused(source, "lif", f"{name}: axis {dimension.attrib['DimID'][:20]} of {count}", "known axes, each once")
        lengths[axis] = count, int(dimension.attrib["BytesInc"])
        if count > 1:
            spacing[axis] = abs(float(dimension.get("Length") or "nan")) / (count - 1), dimension.get("Unit") or ""
    distances = [int(c.get("BytesInc") or 0) for c in channels]
    if len(channels) > 1:
        if len(set(np.diff(distances).tolist())) > 1:
            raise refused(source, "lif", f"{name}: channels at bytes {distances[:20]}", "regular distances", rule="channels")
        lengths["c"] = len(channels), distances[1] - distances[0]
    missing = {a: (1, 0) for a in "yx" if a not in lengths}
    lengths |= missing
    axes = "".join(a for a in _ORDER if a in lengths and (lengths[a][0] > 1 or a in "yx"))
    layout = RawLayout(block.offset + distances[0], tuple(lengths[a][1] for a in axes), dtype.str)
    _refuse_outside(source, name, block, layout, [lengths[a][0] for a in axes])
    # metres are no handy unit for a voxel
    zyx = [float(f"{spacing[a][0] * 1e6:.7g}") if a in spacing and isfinite(spacing[a][0]) else None for a in "zyx"]
    size = voxel_size(zyx, ["µm" if spacing.get(a, (0, "m"))[1] == "m" else "" for a in "zyx"])
    names = tuple(_channel(c, k) for k, c in enumerate(channels)) if "c" in axes else ()
    shape = tuple(lengths[a][0] for a in axes)
    return ImageHeader(axes, shape, dtype.name, size, name, layout, channels=names, metadata=_facts(element))


def _dtype(source: ByteSource, name: str, channels: list[dict[str, str]]) -> np.dtype[Any]:
    found = set()
    for channel in channels:
        bits, is_float = int(channel["Resolution"]), channel.get("DataType") == "1"
        item = next((n for n in (1, 2, 4, 8) if bits <= 8 * n), 0)
        found.add(f"<{'f' if is_float else 'u'}{item}")
    if not found or not found <= {"<u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"}:
        raise refused(source, "lif", f"{name}: channels of types {sorted(found)}", "numbers", rule="sample_type")
    if len(found) > 1:
        raise unsupported(f"{source.name}: {name}", "lif.sample_type", f"channels of types {sorted(found)}", "numbers of one type")
    return np.dtype(found.pop())


def _refuse_outside(source: ByteSource, name: str, block: _Block, layout: RawLayout, shape: list[int]) -> None:
    """Refuse distances that lead out of the block of memory."""
    reach = [(n - 1) * stride for n, stride in zip(shape, layout.strides, strict=True)]
    first = layout.offset + sum(min(0, r) for r in reach)
    end = layout.offset + sum(max(0, r) for r in reach) + np.dtype(layout.dtype).itemsize
    if (
        first < block.offset
        or end > block.offset + block.size_bytes
        or any(s == 0 and n > 1 for n, s in zip(shape, layout.strides, strict=True))
    ):
        found = f"{name}: samples from byte {first} to {end}"
        raise refused(source, "lif", found, f"within the {block.size_bytes} bytes from byte {block.offset}", rule="size")
    refuse_short(source, "lif", end)


def _channel(attributes: dict[str, str], number: int) -> str:
    return printable(attributes.get("LUTName") or "")[:50] or f"channel {number + 1}"


def _facts(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for setting in element.iter("ATLConfocalSettingDefinition"):
        said = {key: printable(setting.get(name) or "")[:200] for key, name in (("objective", "ObjectiveName"), ("immersion", "Immersion"))}
        about = {
            key: float(f"{number:.6g}")
            for key, name in (("magnification", "Magnification"), ("numerical_aperture", "NumericalAperture"))
            if (number := _number(setting.get(name))) is not None
        }
        objective = {"model": said["objective"], "immersion": said["immersion"], **about}
        found["objective"] = {key: value for key, value in objective.items() if value}
        if model := printable(setting.get("MicroscopeModel") or ""):
            found["microscope"] = model[:200]
        break
    return found


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) and number > 0 else None
