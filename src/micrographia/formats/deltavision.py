"""DeltaVision (.dv, .r3d), the light microscopes' cousin of MRC: up to five channels and many times in one file.

Source: the IVE image file format (Priism; https://msg.ucsf.edu/IVE/IVE4_HTML/IM_ref2.html).
"""

from __future__ import annotations

import math
import struct
from typing import Any

from micrographia.formats.description import Contents, LazyImage, UnreadableError
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout, VoxelSize

_HEADER_BYTES = 1024
_TYPES = {0: "u1", 1: "i2", 2: "f4", 4: "c8", 6: "u2", 7: "i4"}
_SHOWN = {"u1": "uint8", "i2": "int16", "f4": "float32", "c8": "complex64", "u2": "uint16", "i4": "int32"}
# order in the file, fastest first
_SEQUENCES = {0: "ztc", 1: "czt", 2: "zct"}
_MAGIC = {b"\xa0\xc0": "<", b"\xc0\xa0": ">"}


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what a DeltaVision header says; see `registry`."""
    if source.size < _HEADER_BYTES or (order := _MAGIC.get((head := source.read(0, _HEADER_BYTES))[96:98])) is None:
        raise _unreadable(source, "no DeltaVision header", "the number 0xC0A0 at byte 96 of at least 1024")
    nx, ny, sections, mode = struct.unpack_from(f"{order}4i", head)
    extended_bytes = struct.unpack_from(f"{order}i", head, 92)[0]
    if min(nx, ny, sections) <= 0 or mode not in _TYPES or extended_bytes < 0:
        raise _unreadable(source, f"{nx} × {ny} × {sections} samples of type {mode}", f"positive dimensions and a type of {list(_TYPES)}")
    code = _TYPES[mode]
    item = int(code[1])
    needed = _HEADER_BYTES + extended_bytes + nx * ny * sections * item
    if needed > source.size:
        raise UnreadableError(
            "deltavision.truncated",
            f"{source.name}: the header claims {nx} × {ny} × {sections} samples, more than the file holds.",
            found=f"{source.size} bytes",
            expected=f"{needed} bytes",
            hint="Transfer the file again from where it was made.",
        )
    times, sequence = struct.unpack_from(f"{order}2h", head, 180)
    waves = struct.unpack_from(f"{order}h", head, 196)[0]
    remarks: tuple[Finding, ...] = ()
    if times < 1 or waves < 1 or sections % (times * waves) or sequence not in _SEQUENCES:
        remarks = (_doubtful(path, sections, times, waves, sequence),)
        times, waves, sequence = 1, 1, 0
    counts = {"z": sections // (times * waves), "t": times, "c": waves}
    section_bytes = nx * ny * item
    strides = {"x": item, "y": nx * item}
    for axis in _SEQUENCES[sequence]:
        strides[axis] = section_bytes
        section_bytes *= counts[axis]
    lengths = counts | {"y": ny, "x": nx}
    axes = "".join(a for a in "tczyx" if lengths[a] > 1 or a in "yx")
    header = ImageHeader(
        axes,
        tuple(lengths[a] for a in axes),
        _SHOWN[code],
        voxel_size=_voxel_size(head, order, has_z="z" in axes),
        layout=RawLayout(_HEADER_BYTES + extended_bytes, tuple(strides[a] for a in axes), f"{'|' if item == 1 else order}{code}"),
        channels=tuple(f"{nm} nm" for nm in struct.unpack_from(f"{order}5h", head, 198)[:waves]) if "c" in axes else (),
        metadata=_metadata(head, order, waves),
    )
    return Contents((header,), remarks=remarks)


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    return RawImage(source, header or inspect(source, source.name).images[index])


def _voxel_size(head: bytes, order: str, *, has_z: bool) -> VoxelSize | None:
    x, y, z = (float(f"{v:.7g}") if 0 < v < math.inf else None for v in struct.unpack_from(f"{order}3f", head, 40))
    return VoxelSize(z if has_z else None, y, x, "micrometer") if x and y else None


def _metadata(head: bytes, order: str, waves: int) -> dict[str, Any]:
    titles = (head[i : i + 80].split(b"\0", 1)[0].decode("latin-1") for i in range(224, 1024, 80))
    labels = [" ".join(title.split()) for title in titles if title.strip() and title.isprintable()]
    wavelengths = [nm for nm in struct.unpack_from(f"{order}5h", head, 198)[: max(waves, 0)] if nm > 0]
    return ({"labels": labels} if labels else {}) | ({"wavelengths_nm": wavelengths} if wavelengths else {})


def _doubtful(path: str, sections: int, times: int, waves: int, sequence: int) -> Finding:
    return Finding(
        "deltavision.dimensions",
        "warning",
        path,
        "Times, channels and sections do not fit together; all were read as sections.",
        found=f"{sections} sections in all, {times} times, {waves} channels, sequence {sequence}",
        expected="sections = times × channels × z, sequence 0 to 2",
        hint="Say in the sheet what the sections are.",
    )


def _unreadable(source: ByteSource, found: str, expected: str) -> UnreadableError:
    return UnreadableError(
        "deltavision.unreadable",
        f"{source.name} is not a DeltaVision file.",
        found=found,
        expected=expected,
        hint="Save it again with the program that made it, or give it the suffix of what it is.",
    )
