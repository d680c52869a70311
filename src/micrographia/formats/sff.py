"""EMDB-SFF segmentations in XML (versions 0.7 and 0.8): segments, and their lattices as images of labels.

A lattice is decoded as a whole (base64 and zlib, within a bound) when the first part of it is asked for; it is not streamed without
conversion. Meshes and shapes stay in the file and are counted. The HDF5 form is read as HDF5; the JSON form is stored, not interpreted.
Metadata understood: name, software, kind of segmentation, transforms, for each segment its number, name and counts of meshes and shapes.

Source: https://www.ebi.ac.uk/emdb/emdb_sff.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse
from numpy.typing import NDArray

from micrographia.formats.cursor import printable, refused
from micrographia.formats.decoded import DecodedImage
from micrographia.formats.description import Contents, LazyImage
from micrographia.formats.file_object import SourceFile
from micrographia.formats.source import ByteSource
from micrographia.model.image import ImageHeader

_LARGEST_FILE_BYTES = 1 << 30
_LARGEST_DECODED = 512 << 20
_MOST_SEGMENTS = 1_000
_MODES = {f"{kind}{bits}": np.dtype(f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)} | {
    "float32": np.dtype("float32"),
    "float64": np.dtype("float64"),
}
_SHAPES = frozenset(("cone", "cuboid", "cylinder", "ellipsoid"))


def inspect(source: ByteSource, path: str) -> Contents:
    """Return the segments of a segmentation, and its lattices as images; see `registry`."""
    images: list[ImageHeader] = []
    metadata: dict[str, Any] = {"kind": "segmentation", "segments": [], "segment_count": 0, "mesh_count": 0, "shape_count": 0}
    for tag, element in _parts(source):
        if tag == "lattice":
            images.append(_header(source, element))
        elif tag == "segment":
            _add_segment(metadata, element)
        elif tag == "name" and "name" not in metadata:
            metadata["name"] = _text(element)
        elif tag == "software":
            metadata.setdefault("software", " ".join(_text(child) for child in list(element)[:2]).strip())
        elif tag == "primarydescriptor":
            metadata["primary_descriptor"] = _text(element)
        elif tag == "transformationmatrix":
            metadata.setdefault("transforms", []).append(_text(_child(element, "data")))
    return Contents(tuple(images), metadata)


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the lattice as a lazy array; see `registry`."""
    header = header or inspect(source, source.name).images[index]
    return DecodedImage(header, partial(_lattice, source, header, index))


def _lattice(source: ByteSource, header: ImageHeader, index: int) -> NDArray[Any]:
    lattices = (element for tag, element in _parts(source) if tag == "lattice")
    element = next((e for number, e in enumerate(lattices) if number == index), None)
    data = None if element is None else _child(element, "data")
    wanted = header.size_bytes
    try:
        encoded = b64decode((data.text or "") if data is not None else "")
        decoded = zlib.decompressobj().decompress(encoded, wanted)
    except (binascii.Error, zlib.error, ValueError) as exc:
        raise refused(source, "sff", f"a lattice that cannot be decoded ({exc})"[:200], "base64 and zlib") from exc
    if len(decoded) != wanted:
        raise refused(source, "sff", f"{len(decoded)} bytes of a lattice", f"{wanted} bytes")
    stored = np.dtype(header.dtype).newbyteorder(">" if header.metadata.get("endianness") == "big" else "<")
    return np.frombuffer(decoded, stored).reshape(header.shape).astype(header.dtype)


def _parts(source: ByteSource) -> Iterator[tuple[str, Element]]:
    """Yield (tag without underscores, element) of the parts of a segmentation; what was yielded is forgotten."""
    if source.size > _LARGEST_FILE_BYTES:
        raise refused(source, "sff", f"{source.size} bytes of XML", f"at most {_LARGEST_FILE_BYTES}", rule="size")
    depth, kept = 0, 0
    try:
        for event, element in iterparse(SourceFile(source), events=("start", "end"), forbid_dtd=True):
            tag = element.tag.replace("_", "").lower()
            if event == "start":
                depth += 1
                if depth == 1 and tag != "segmentation":
                    raise refused(source, "sff", f"an element {element.tag[:50]!r}", "segmentation")
                kept += tag in ("segment", "lattice", "software", "transformationmatrix")
                continue
            depth -= 1
            if tag in ("segment", "lattice", "software", "transformationmatrix"):
                kept -= 1
                yield tag, element
                element.clear()
            elif depth == 1 and tag in ("name", "primarydescriptor"):
                yield tag, element
            elif tag in ("v", "p", "vertex", "polygon", "vertices", "triangles", "normals", "polygonlist") or not kept:
                element.clear()
    except (ParseError, DefusedXmlException, ValueError) as exc:
        raise refused(source, "sff", f"XML that cannot be read: {exc}"[:200], "whole XML without a document type") from exc


def _header(source: ByteSource, element: Element) -> ImageHeader:
    size, mode = _child(element, "size"), _text(_child(element, "mode"))
    if size is None or mode not in _MODES:
        raise refused(source, "sff", f"a lattice of type {mode[:50]!r}", f"a size and one of {list(_MODES)}")
    texts = [_text(_child(size, key)) for key in ("sections", "rows", "cols")]
    shape = tuple(int(t) if t.isascii() and t.isdigit() and len(t) < 10 else 0 for t in texts)
    if min(shape) < 1 or prod(shape) * _MODES[mode].itemsize > _LARGEST_DECODED:
        raise refused(
            source, "sff", f"a lattice of {texts} samples"[:200], f"positive sizes and at most {_LARGEST_DECODED} bytes", rule="size"
        )
    about = {"endianness": _text(_child(element, "endianness"))[:10]}
    return ImageHeader("zyx", shape, _MODES[mode].name, name=f"lattice {printable(element.get('id') or '0')[:20]}", metadata=about)


def _add_segment(metadata: dict[str, Any], element: Element) -> None:
    tags = [child.tag.replace("_", "").lower() for child in element.iter()]
    meshes, shapes = tags.count("mesh"), sum(tag in _SHAPES for tag in tags)
    metadata["segment_count"] += 1
    metadata["mesh_count"] += meshes
    metadata["shape_count"] += shapes
    if len(metadata["segments"]) < _MOST_SEGMENTS:
        about = _child(element, "biologicalannotation")
        name = "" if about is None else _text(_child(about, "name")) or _text(_child(about, "description"))
        one = {"id": printable(element.get("id") or "")[:20], "name": name, "mesh_count": meshes, "shape_count": shapes}
        metadata["segments"].append({key: value for key, value in one.items() if value})


def _child(element: Element, tag: str) -> Element | None:
    return next((child for child in element if child.tag.replace("_", "").lower() == tag), None)


def _text(element: Element | None) -> str:
    return "" if element is None else printable((element.text or "")[:2000])[:1000]
