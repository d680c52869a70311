"""NIfTI-1 and NIfTI-2 in one file (.nii), and the same inside gzip (.nii.gz).

Read lazily and streamed without conversion: samples lie uncompressed behind the header; inside gzip the file is decoded as a stream
up to what is asked for. Values are those stored: a slope and intercept that a program may apply are kept as `scl_slope` and
`scl_inter`, not applied.
Colour becomes channels. Pairs of .hdr and .img are not interpreted.
Metadata understood: spacing and its unit, description, affine transform (sform), time between volumes.

Source: https://nifti.nimh.nih.gov/nifti-1/ and https://nifti.nimh.nih.gov/nifti-2/.
"""

from __future__ import annotations

import struct
from math import isfinite, prod
from typing import Any

import numpy as np

from micrographia.formats.cursor import printable, refuse_short, refused
from micrographia.formats.description import Contents, LazyImage, unsupported
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.image import ImageHeader, RawLayout

_SAMPLES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 32: "c8", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8", 1792: "c16",
}  # fmt: skip
# single bits, numbers of 128 bits
_NOT_DECODED = (1, 1536, 2048)
_COLOURS = {128: ("red", "green", "blue"), 2304: ("red", "green", "blue", "alpha")}
_UNITS = {1: "m", 2: "mm", 3: "µm"}
# header bytes → form and first byte of: dimensions, sample type, spacing, first byte of data, slope, units, description, sform code, rows
_FIELDS = {
    348: (("8h", 40), ("h", 70), ("8f", 76), ("f", 108), ("2f", 112), ("B", 123), ("80s", 148), ("h", 254), ("12f", 280)),
    540: (("8q", 16), ("h", 12), ("8d", 104), ("q", 168), ("2d", 176), ("i", 500), ("80s", 240), ("i", 348), ("12d", 400)),
}
_MAGIC = {348: (344, (b"n+1\0",)), 540: (4, (b"n+2\0",))}
# fastest first
_AXES = "xyztcqp"
_ORDER = "pqtczyx"


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what a NIfTI header says; see `registry`."""
    header = _header(source)
    assert header.layout is not None
    refuse_short(source, "nifti", data_end(source))
    return Contents((header,))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    return RawImage(source, header or inspect(source, source.name).images[index])


def data_end(source: ByteSource) -> int:
    """Return the byte after the last sample that the header claims."""
    header = _header(source)
    assert header.layout is not None
    return header.layout.offset + header.size_bytes


def _header(source: ByteSource) -> ImageHeader:
    size, order = _kind(source)
    head = source.read(0, size)
    dim, code, spacing, start, slope, units, description, has_rows, rows = (
        struct.unpack_from(f"{order}{form}", head, at) for form, at in _FIELDS[size]
    )
    offset = int(start[0]) if isfinite(start[0]) else -1
    if not 1 <= dim[0] <= 7 or min(dim[1 : dim[0] + 1]) < 1 or offset < size:
        raise refused(source, "nifti", f"dimensions {list(dim)}, data from byte {start[0]}", "1 to 7 positive dimensions behind the header")
    if code[0] in _NOT_DECODED:
        raise unsupported(source.name, "nifti.sample_type", f"samples of type {code[0]}", f"one of {[*_SAMPLES, *_COLOURS]}")
    colours = _COLOURS.get(code[0], ())
    if not colours and code[0] not in _SAMPLES:
        raise refused(source, "nifti", f"samples of type {code[0]}", f"one of {[*_SAMPLES, *_COLOURS]}", rule="sample_type")
    dtype = np.dtype("u1" if colours else f"{order}{_SAMPLES[code[0]]}")
    lengths = [int(n) for n in dim[1 : dim[0] + 1]] + [1] * (2 - dim[0])
    item = dtype.itemsize * max(1, len(colours))
    axes = {a: (n, item * prod(lengths[:k])) for k, (a, n) in enumerate(zip(_AXES, lengths, strict=False)) if n > 1 or a in "xy"}
    if colours:
        name = "c" if "c" not in axes else "q"
        axes[name] = (len(colours), 1)
    shown = "".join(a for a in _ORDER if a in axes)
    unit = _UNITS.get(units[0] & 7, "mm" if units[0] & 7 == 0 else "")
    zyx = [float(f"{abs(spacing[k]):.7g}") if k <= dim[0] else None for k in (3, 2, 1)]
    return ImageHeader(
        shown,
        tuple(axes[a][0] for a in shown),
        dtype.name,
        voxel_size(zyx, unit),
        layout=RawLayout(offset, tuple(axes[a][1] for a in shown), dtype.str),
        channels=colours if axes.get("c", (0, 0))[0] == len(colours) else (),
        metadata=_facts(slope, description[0], has_rows[0], rows, spacing[4] if "t" in axes else 0),
    )


def _facts(slope: tuple[float, ...], description: bytes, has_rows: int, rows: tuple[float, ...], step: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if all(isfinite(v) for v in slope) and slope[0] != 0 and tuple(slope) != (1.0, 0.0):
        found |= {"scl_slope": slope[0], "scl_inter": slope[1]}
    if text := printable(description.split(b"\0", 1)[0].decode("latin-1")):
        found["description"] = text
    if has_rows > 0 and all(isfinite(v) for v in rows):
        found["affine"] = [list(rows[k : k + 4]) for k in (0, 4, 8)]
    if isfinite(step) and step > 0:
        found["time_step"] = float(f"{step:.7g}")
    return found


def _kind(source: ByteSource) -> tuple[int, str]:
    """Return the length of the header and its byte order."""
    if source.size >= 348:
        start = source.read(0, 4)
        for order in "<>":
            size = struct.unpack(f"{order}i", start)[0]
            if size in _MAGIC and source.size >= size and source.read(_MAGIC[size][0], 4) in _MAGIC[size][1]:
                return size, order
    raise refused(source, "nifti", "no NIfTI header of one file", "348 or 540 in the first four bytes and n+1 or n+2")
