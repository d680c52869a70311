"""Amira and Avizo meshes (.am): lattices, which are images or labels; other contents are named and stay in the file.

A raw lattice is read lazily and streamed without conversion; one in run lengths (HxByteRLE) or zlib (HxZip) is decoded as a whole, within
a bound, when the first part of it is asked for. Text (ASCII) lattices and other kinds of mesh (surfaces, tetrahedra, spread sheets) are
named in the metadata and not read.
Metadata understood: bounding box and unit of length (the voxel size), content line, materials (names, ids and colours of labels).

Source: the AmiraMesh file format as the Amira user's guide describes it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import partial
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.cursor import printable, refuse_short, refused
from micrographia.formats.decoded import DecodedImage
from micrographia.formats.description import Contents, LazyImage, unsupported
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.image import ImageHeader, RawLayout, VoxelSize

_LONGEST_HEADER = 1 << 20
_LARGEST_DECODED = 512 << 20
_MOST_LISTED = 500
_START = re.compile(rb"(?:\A|\n)# Data section follows\s*?\n|\n@1\r?\n")
_FIRST_LINE = re.compile(r"#\s*(?:AmiraMesh|Avizo|HyperMesh|HyperSurface)\s+(?:3D\s+)?(\S+)")
_LATTICE = re.compile(r"^define\s+Lattice\s+(\d+)\s+(\d+)\s+(\d+)", re.MULTILINE)
_DATA = re.compile(r"Lattice\s*\{\s*(\w+)(?:\[(\d+)\])?\s+(\w+)\s*\}\s*=?\s*@(\d+)(?:\(\s*(\w+)\s*,\s*(\d+)\s*\))?")
_DEFINED = re.compile(r"^(?:define\s+)?(n?[A-Z]\w*)\s+(\d+)\s*$", re.MULTILINE)
_BOX = re.compile(r"BoundingBox\s+((?:[-+.\deE]+\s+){5}[-+.\deE]+)")
_UNIT = re.compile(r'Coordinates\s+"([^"\n]{1,20})"')
_CONTENT = re.compile(r'Content\s+"([^"\n]{1,200})"')
_MATERIALS = re.compile(r"Materials\s*\{")
_MATERIAL = re.compile(r"(\w[\w\-. ]{0,99}?)\s*\{([^{}]{0,2000})\}")
_ID = re.compile(r"\bId\s+(\d{1,9})")
_COLOUR = re.compile(r'\bColor\s+"?([-+.\deE]+)\s+([-+.\deE]+)\s+([-+.\deE]+)')
_SAMPLES = {"byte": "u1", "short": "i2", "ushort": "u2", "int": "i4", "int32": "i4", "float": "f4", "double": "f8", "complex": "c8"}
_ENDIAN = {"BINARY-LITTLE-ENDIAN": "<", "BINARY": ">"}


@dataclass(frozen=True, slots=True)
class _Section:
    """Encoded bytes of one lattice."""

    offset: int
    length: int
    encoding: str


def inspect(source: ByteSource, path: str) -> Contents:
    """Return the lattices of an Amira mesh; see `registry`."""
    text, start = _text(source)
    order = _ENDIAN.get(_encoding(source, text), "")
    metadata = _facts(text)
    if not (order and _LATTICE.search(text)):
        defined = {name: int(n) for name, n in _DEFINED.findall(text)[:_MOST_LISTED] if len(n) < 19}
        return Contents(metadata=metadata | {"defined": defined, "encoding": _encoding(source, text)})
    return Contents(tuple(header for header, _ in _lattices(source, text, start, order)), metadata)


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the lattice as a lazy array; see `registry`."""
    text, start = _text(source)
    known, section = _lattices(source, text, start, _ENDIAN[_encoding(source, text)])[index]
    return RawImage(source, known) if known.layout else DecodedImage(known, partial(_decoded, source, known, section))


def _decoded(source: ByteSource, header: ImageHeader, section: _Section) -> NDArray[Any]:
    encoded = source.read(section.offset, section.length)
    wanted = header.size_bytes
    try:
        data = _run_lengths(encoded, wanted) if section.encoding == "HxByteRLE" else zlib.decompressobj().decompress(encoded, wanted)
    except (zlib.error, ValueError) as exc:
        raise refused(source, "amira", f"samples that cannot be decoded ({exc})"[:200], f"{wanted} bytes") from exc
    if len(data) != wanted:
        raise refused(source, "amira", f"{len(data)} bytes of samples", f"{wanted} bytes")
    stored = np.dtype(str(header.metadata["stored_dtype"]))
    shape = [n for a, n in zip(header.axes, header.shape, strict=True) if a != "c"]
    if "c" in header.axes:  # components of a vector lie beside each other
        return np.moveaxis(np.frombuffer(data, stored).reshape(*shape, header.shape[0]), -1, 0).astype(header.dtype)
    return np.frombuffer(data, stored).reshape(shape).astype(header.dtype, copy=False)


def _run_lengths(encoded: bytes, wanted: int) -> bytes:
    """Decode HxByteRLE: a byte below 128 repeats the next byte, one above is followed by as many bytes less 128 as they are."""
    out = bytearray()
    at = 0
    while at + 1 < len(encoded) and len(out) < wanted:
        count = encoded[at]
        if count < 128:
            out += encoded[at + 1 : at + 2] * count
            at += 2
        else:
            out += encoded[at + 1 : at + 1 + count - 128]
            at += 1 + count - 128
    return bytes(out[:wanted])


def _text(source: ByteSource) -> tuple[str, int]:
    """Return the header and the first byte after it."""
    head = source.read(0, min(source.size, _LONGEST_HEADER))
    match = _START.search(head)
    if match is None or not head.startswith(b"#"):
        raise refused(source, "amira", "no line «# Data section follows»", f"one within the first {_LONGEST_HEADER} bytes")
    return head[: match.start() + 1].decode("latin-1"), match.start() + (1 if match[0].startswith(b"\n@") else len(match[0]))


def _encoding(source: ByteSource, text: str) -> str:
    match = _FIRST_LINE.match(text)
    if match is None:
        raise refused(source, "amira", printable(text[:80]), "# AmiraMesh and an encoding in the first line")
    return match[1].upper()


def _lattices(source: ByteSource, text: str, start: int, order: str) -> list[tuple[ImageHeader, _Section]]:
    match = _LATTICE.search(text)
    assert match is not None
    if max(len(n) for n in match.groups()) > 9 or min(nxyz := [int(n) for n in match.groups()]) < 1:
        raise refused(source, "amira", f"a lattice of {match[0][:100]!r}", "three positive lengths")
    size = _voxel_size(text, nxyz)
    shape = tuple(reversed(nxyz))
    found = []
    at = start
    for kind, components, name, number, encoding, encoded in sorted(_DATA.findall(text)[:_MOST_LISTED], key=lambda m: int(m[3][:9])):
        if kind not in _SAMPLES:
            raise refused(source, "amira", f"samples of type {kind!r}", f"one of {list(_SAMPLES)}", rule="sample_type")
        dtype = np.dtype(f"{order}{_SAMPLES[kind]}")
        count = int(components[:6] or 1)
        wanted = prod(shape) * dtype.itemsize * count
        length = int(encoded[:18]) if encoded else wanted
        at = _data_start(source, at, number)
        refuse_short(source, "amira", at + length)
        layout = _layout(at, shape, dtype, count) if not encoding else None
        if encoding and (encoding not in ("HxByteRLE", "HxZip") or wanted > _LARGEST_DECODED):
            expected = f"HxByteRLE or HxZip and at most {_LARGEST_DECODED} bytes decoded"
            raise unsupported(source.name, "amira.encoding", f"{encoding} of {wanted} bytes", expected)
        axes, full = ("czyx", (count, *shape)) if count > 1 else ("zyx", shape)
        about = {"stored_dtype": dtype.str, "encoding": encoding or "raw"}
        found.append((ImageHeader(axes, full, dtype.name, size, name, layout, metadata=about), _Section(at, length, encoding)))
        at += length
    return found


def _layout(at: int, shape: tuple[int, ...], dtype: np.dtype[Any], count: int) -> RawLayout:
    item = dtype.itemsize * count
    strides = (shape[1] * shape[2] * item, shape[2] * item, item)
    return RawLayout(at, (dtype.itemsize, *strides) if count > 1 else strides, dtype.str)


def _data_start(source: ByteSource, at: int, number: str) -> int:
    """Return the byte after the line ``@number`` at or shortly after a byte."""
    near = source.read(at, min(64, max(0, source.size - at)))
    match = re.search(rb"@" + number.encode() + rb"\r?\n", near)
    if match is None:
        raise refused(source, "amira", f"no line @{number} at byte {at}", f"@{number} where its data begin")
    return at + match.end()


def _voxel_size(text: str, nxyz: list[int]) -> VoxelSize | None:
    match = _BOX.search(text)
    try:
        box = [float(v) for v in match[1].split()] if match else []
    except ValueError:
        return None
    if len(box) != 6 or not all(isfinite(v) for v in box):
        return None
    # the box reaches from the centre of the first voxel to that of the last
    steps = [float(f"{(box[2 * k + 1] - box[2 * k]) / (n - 1):.7g}") if n > 1 else None for k, n in enumerate(nxyz)]
    unit = _UNIT.search(text)
    return voxel_size(steps[::-1], unit[1] if unit else "Å")


def _facts(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if content := _CONTENT.search(text):
        found["content"] = printable(content[1])
    if start := _MATERIALS.search(text):
        materials = []
        for name, body in _MATERIAL.findall(_block(text, start.end()))[:_MOST_LISTED]:
            one: dict[str, Any] = {"name": printable(name)}
            if number := _ID.search(body):
                one["id"] = int(number[1])
            if colour := _COLOUR.search(body):
                try:
                    one["colour"] = [float(v) for v in colour.groups()]
                except ValueError:
                    one.pop("colour", None)
            materials.append(one)
        found["materials"] = materials
    return found


def _block(text: str, start: int) -> str:
    """Return what stands between a brace that opens before a place and the one that closes it."""
    depth = 1
    for match in re.finditer(r"[{}]", text[start:]):
        depth += 1 if match[0] == "{" else -1
        if not depth:
            return text[start : start + match.start()]
    return text[start:]
