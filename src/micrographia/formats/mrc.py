"""MRC2014 and its family (.mrc .mrcs .map .ccp4 .rec .st .ali): header, geometry, and the modes whose samples must be unpacked.

Read lazily and streamed without conversion: samples lie uncompressed behind the header; complex integers and packed 4-bit samples (modes 3
and 101) are unpacked when they are asked for.
Metadata understood: voxel size, origin, order of axes, labels, what the header claims of the statistics, and from the extended headers of
FEI and SerialEM the tilt, dose, defocus and pixel size of each section.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.description import Contents, LazyImage, UnreadableError
from micrographia.formats.mrc_extended import section_metadata
from micrographia.formats.mrc_layout import (
    HEADER_BYTES,
    HEADER_STRUCT,
    IMOD_SIGNED_BYTES,
    IMOD_STAMP,
    IMOD_STANDARD_ORIGIN,
    KNOWN_EXTENDED_HEADERS,
    MODES,
    MrcHeader,
)
from micrographia.formats.raw import RawImage, read_ranges
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout, Statistics, VoxelSize

_PERMUTATIONS = frozenset(permutations((1, 2, 3)))
_STAMPS = {0x44: "<", 0x11: ">"}
_STACK_SUFFIXES = (".mrcs", ".st", ".ali")
_VOLUME_SUFFIXES = (".rec", ".map", ".ccp4", "_rec.mrc")


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what an MRC header says; see `registry`."""
    header, order, doubts = read_header(source)
    geometry = _geometry(header)
    needed = geometry.offset + geometry.data_bytes
    if needed > source.size:
        raise UnreadableError(
            "mrc.truncated",
            f"{source.name}: the header claims {header.nx} × {header.ny} × {header.nz} samples of mode {header.mode}, more than it holds.",
            found=f"{source.size} bytes",
            expected=f"{needed} bytes",
            hint="Transfer the file again from where it was made; the end is missing or the header is wrong.",
        )
    remarks = []
    if needed < source.size:
        remarks.append(
            Finding(
                "mrc.trailing_bytes",
                "warning",
                path,
                f"{source.size - needed} bytes follow the last section that the header knows of.",
                found=f"{source.size} bytes",
                expected=f"{needed} bytes",
                hint="Correct the number of sections in the header if images are missing from it.",
            )
        )
    labels = _labels(header)
    doubts += _departures(header, labels)
    if doubts:
        remarks.append(
            Finding(
                "mrc.standard",
                "warning",
                path,
                "The header departs from the MRC2014 standard; it was read all the same.",
                found="; ".join(doubts),
                expected="a header after MRC2014",
                hint="Nothing need be done if the dimensions and the voxel size shown are right.",
            )
        )
    sections = section_metadata(source, header, order) if header.nsymbt > 0 else {}
    image = _image(source.name, header, order, geometry, _metadata(header, order, labels) | sections)
    if finding := _voxel_size_finding(path, header, image):
        remarks.append(finding)
    return Contents((image,), remarks=tuple(remarks))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image of an MRC file as a lazy array; see `registry`."""
    raw, order, _ = read_header(source)
    geometry = _geometry(raw)
    if header is None or header.layout is not None:
        header = inspect(source, source.name).images[index]
    if header.layout is not None:
        return RawImage(source, header)
    return (_PairsOfInt16 if raw.mode == 3 else _HalfBytes)(source, header, geometry, order)


def data_end(source: ByteSource) -> int:
    """Return the byte after the last sample that the header claims."""
    header, _, _ = read_header(source)
    geometry = _geometry(header)
    return geometry.offset + geometry.data_bytes


def read_header(source: ByteSource) -> tuple[MrcHeader, str, list[str]]:
    """Return the header, the byte order (``<`` or ``>``) and what is doubtful about it; UnreadableError when it makes no sense."""
    if source.size < HEADER_BYTES:
        raise _nonsense(source, f"{source.size} bytes", "at least 1024 bytes, the length of the header alone")
    head = source.read(0, HEADER_BYTES)
    stamped = _STAMPS.get(head[212], "")
    headers = {order: MrcHeader._make(HEADER_STRUCT[order].unpack(head)) for order in ((stamped,) if stamped else "<>")}
    if stamped and not _makes_sense(headers[stamped]):
        other = "<" if stamped == ">" else ">"
        headers[other] = MrcHeader._make(HEADER_STRUCT[other].unpack(head))
    order = (
        max(headers, key=lambda o: (_makes_sense(headers[o]), _is_permutation(headers[o]), -abs(headers[o].nx)))
        if len(headers) > 1
        else stamped
    )
    header = headers[order]
    if not _makes_sense(header):
        found = f"mode {header.mode}, {header.nx} × {header.ny} × {header.nz} samples, extended header of {header.nsymbt} bytes"
        raise _nonsense(source, found, f"positive dimensions and a mode of {', '.join(map(str, MODES))}")
    doubts = []
    if stamped != order:
        doubts.append(f"machine stamp {head[212:216].hex(' ')}, though the bytes are {'little' if order == '<' else 'big'}-endian")
    return header, order, doubts


def _nonsense(source: ByteSource, found: str, expected: str) -> UnreadableError:
    return UnreadableError(
        "mrc.unreadable",
        f"{source.name} is not an MRC file.",
        found=found,
        expected=expected,
        hint="Save it again with the program that made it, or give it the suffix of what it is.",
    )


def _makes_sense(header: MrcHeader) -> bool:
    return header.mode in MODES and header.nx > 0 and header.ny > 0 and header.nz > 0 and header.nsymbt >= 0


def _is_permutation(header: MrcHeader) -> bool:
    return (header.mapc, header.mapr, header.maps) in _PERMUTATIONS


@dataclass(frozen=True, slots=True)
class _Geometry:
    """Where the samples lie, by physical axis (1 x, 2 y, 3 z; 0 the colour sample)."""

    offset: int
    data_bytes: int
    lengths: dict[int, int]
    strides: dict[int, float]
    columns: int
    """Axis that runs along the columns of the file."""


def _geometry(header: MrcHeader) -> _Geometry:
    sample_bytes = MODES[header.mode].sample_bytes
    row_bytes = math.ceil(header.nx * sample_bytes)
    axes = (header.mapc, header.mapr, header.maps) if _is_permutation(header) else (1, 2, 3)
    lengths = dict(zip(axes, (header.nx, header.ny, header.nz), strict=True))
    strides: dict[int, float] = dict(zip(axes, (sample_bytes, row_bytes, row_bytes * header.ny), strict=True))
    return _Geometry(HEADER_BYTES + header.nsymbt, row_bytes * header.ny * header.nz, lengths, strides, axes[0])


def _image(name: str, header: MrcHeader, order: str, geometry: _Geometry, metadata: dict[str, Any]) -> ImageHeader:
    mode = MODES[header.mode]
    axes, physical = ("yx", (2, 1)) if geometry.lengths[3] == 1 else ("zyx", (3, 2, 1))
    shape = tuple(geometry.lengths[a] for a in physical)
    strides = tuple(int(geometry.strides[a]) for a in physical)
    stored, shown = mode.stored, mode.shown
    if header.mode == 0 and header.imod_stamp == IMOD_STAMP and not header.imod_flags & IMOD_SIGNED_BYTES:
        stored, shown = "u1", "uint8"
    if header.mode == 16:
        axes, shape, strides = "s" + axes, (3, *shape), (1, *strides)
    elif _is_volume_stack(header):
        axes, shape = "tzyx", (header.nz // header.mz, header.mz, *shape[-2:])
        strides = (strides[0] * header.mz, *strides) if len(strides) == 3 else (0, 0, *strides)
    is_stack = axes == "zyx" and _is_stack(name.lower(), header)
    voxel_size = _voxel_size(header, metadata, flat=is_stack or "z" not in axes)
    return ImageHeader(
        axes,
        shape,
        shown,
        voxel_size=voxel_size,
        layout=RawLayout(geometry.offset, strides, f"{'|' if stored[1] == '1' else order}{stored}") if stored else None,
        origin=_origin(header, voxel_size),
        is_stack=is_stack,
        header_statistics=_header_statistics(header),
        metadata=metadata,
    )


def _is_volume_stack(header: MrcHeader) -> bool:
    return (
        401 <= header.ispg <= 630
        and header.mz > 0
        and header.nz % header.mz == 0
        and header.maps not in (1, 2)
        and bool(MODES[header.mode].stored)
    )


def _is_stack(name: str, header: MrcHeader) -> bool:
    """Whether z counts separate images: the suffix says it, or space group 0; old programs wrote 0 for volumes too."""
    if name.endswith(_STACK_SUFFIXES):
        return True
    if header.ispg != 0 or header.maps in (1, 2) or name.endswith(_VOLUME_SUFFIXES):
        return False
    is_cube = header.nx == header.ny == header.nz
    return header.mz == 1 or not (is_cube or header.nxstart or header.nystart or header.nzstart)


def _voxel_size(header: MrcHeader, metadata: dict[str, Any], *, flat: bool) -> VoxelSize | None:
    x, y, z = _spacing(header.xlen, header.mx), _spacing(header.ylen, header.my), _spacing(header.zlen, header.mz)
    if x is None or y is None:  # some microscopes write it per section only
        x = _first_positive(metadata.get("pixel_size_x_a"))
        y = _first_positive(metadata.get("pixel_size_y_a")) or x
    return VoxelSize(None if flat else z, y, x) if x and y else None


def _spacing(length_a: float, count: int) -> float | None:
    # seven digits: what a float32 cell length knows, so that 8.1 stays 8.1
    return _seven_digits(length_a / count) if count > 0 and 0 < length_a < math.inf else None


def _seven_digits(value: float) -> float:
    return float(f"{value:.7g}")


def _first_positive(value: Any) -> float | None:
    first = value[0] if isinstance(value, list) else value
    return first if first is not None and 0 < first < math.inf else None


def _origin(header: MrcHeader, voxel_size: VoxelSize | None) -> tuple[float, float, float] | None:
    """Position (z, y, x) of the first voxel: ORIGIN where it is set, else the start in the cell × voxel size."""
    if voxel_size is None or voxel_size.z is None or voxel_size.y is None or voxel_size.x is None:
        return None
    origin = (header.zorigin, header.yorigin, header.xorigin)
    if any(origin) and all(map(math.isfinite, origin)):
        # IMOD stored it with the opposite sign before it followed the standard
        is_inverted = header.imod_stamp == IMOD_STAMP and not header.imod_flags & IMOD_STANDARD_ORIGIN and header.nversion < 20140
        z, y, x = (_seven_digits(-v if is_inverted else v) for v in origin)
        return z, y, x
    axes = (header.mapc, header.mapr, header.maps) if _is_permutation(header) else (1, 2, 3)
    start = dict(zip(axes, (header.nxstart, header.nystart, header.nzstart), strict=True))
    return _seven_digits(start[3] * voxel_size.z), _seven_digits(start[2] * voxel_size.y), _seven_digits(start[1] * voxel_size.x)


def _header_statistics(header: MrcHeader) -> Statistics | None:
    """Return what the header claims, None where it says «not determined» (dmax < dmin, dmean out of range, rms < 0)."""
    values = (header.dmin, header.dmax, header.dmean, header.rms)
    if not all(map(math.isfinite, values)) or not header.dmin <= header.dmean <= header.dmax or header.rms < 0 or not any(values):
        return None
    return Statistics(*values)


def _metadata(header: MrcHeader, order: str, labels: list[str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"mode": header.mode, "space_group": header.ispg}
    if order == ">":
        metadata["byte_order"] = "big"
    if labels:
        metadata["labels"] = [label for label in labels if label]
    angles = (header.alpha, header.beta, header.gamma)
    if any(0 < a < 180 and abs(a - 90) > 1e-3 for a in angles):
        metadata["cell_angles_deg"] = [_seven_digits(a) if math.isfinite(a) else None for a in angles]
    if header.nsymbt and (kind := header.exttyp.strip(b"\0 ")):
        metadata["extended_header"] = _printable(kind)
    return metadata


def _labels(header: MrcHeader) -> list[str]:
    """Return the labels up to the last that holds text."""
    data = header.labels.rstrip(b"\0 ")
    return [_printable(data[i : i + 80].partition(b"\0")[0]) for i in range(0, len(data), 80)]


def _printable(data: bytes) -> str:
    text = " ".join(data.decode("latin-1").split())
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _departures(header: MrcHeader, labels: list[str]) -> list[str]:
    """What a strict validator would refuse and a reader need not."""
    found = []
    if header.map != b"MAP ":
        found.append("no «MAP » in the header")
    if header.nversion not in (20140, 20141):
        found.append(f"format version {header.nversion}")
    if header.mx < 0 or header.my < 0 or header.mz < 0:
        found.append(f"negative cell sampling {header.mx} × {header.my} × {header.mz}")
    if header.xlen < 0 or header.ylen < 0 or header.zlen < 0:
        found.append(f"negative cell {header.xlen:g} × {header.ylen:g} × {header.zlen:g} Å")
    if not _is_permutation(header):
        found.append(f"axis order {header.mapc} {header.mapr} {header.maps}, read as 1 2 3")
    if header.ispg < 0:
        found.append(f"space group {header.ispg}")
    if 401 <= header.ispg <= 630 and not _is_volume_stack(header):
        found.append(f"a stack of volumes of {header.mz} sections cannot have {header.nz} sections")
    if len(labels) != header.nlabl or not all(labels):
        found.append(f"{header.nlabl} labels announced, {sum(map(bool, labels))} found")
    if header.nsymbt > 0 and header.exttyp not in KNOWN_EXTENDED_HEADERS:
        found.append(f"extended header of unknown type «{_printable(header.exttyp.strip(bytes(1)))}»")
    return found


def _voxel_size_finding(path: str, header: MrcHeader, image: ImageHeader) -> Finding | None:
    size = image.voxel_size
    if size is not None and (size.z is not None or image.is_stack or "z" not in image.axes):
        return None
    return Finding(
        "mrc.voxel_size",
        "warning",
        path,
        "The header gives no usable voxel size.",
        found=f"cell {header.xlen:g} × {header.ylen:g} × {header.zlen:g} Å over {header.mx} × {header.my} × {header.mz} voxels",
        expected="a positive cell length and sampling along every axis",
        hint="Set the voxel size in the header, or declare it in the sheet.",
    )


class _UnpackedImage(LazyImage):
    """An image whose samples must be decoded; positions of the bytes as for a raw one."""

    def __init__(self, source: ByteSource, header: ImageHeader, geometry: _Geometry, order: str) -> None:
        super().__init__(header)
        self._source = source
        self._order = order
        self._offset = geometry.offset
        self._physical = tuple({"z": 3, "y": 2, "x": 1}[letter] for letter in header.axes)
        self._columns = self._physical.index(geometry.columns) if geometry.columns in self._physical else None
        self._strides = tuple(int(geometry.strides[a]) for a in self._physical)


class _PairsOfInt16(_UnpackedImage):
    """Mode 3: complex numbers as pairs of 16-bit integers."""

    def read(self, ranges: Ranges) -> NDArray[Any]:
        layout = RawLayout(self._offset, (*self._strides, 2), f"{self._order}i2")
        pairs = read_ranges(self._source, layout, (*ranges, range(2))).astype(np.float32)
        return pairs.view(np.complex64)[..., 0]


class _HalfBytes(_UnpackedImage):
    """Mode 101: two 4-bit samples a byte, the first in the low half."""

    def read(self, ranges: Ranges) -> NDArray[Any]:
        k = self._columns
        if k is None:  # a single column, which no axis shows
            return read_ranges(self._source, RawLayout(self._offset, self._strides, "|u1"), ranges) & np.uint8(15)
        wanted = ranges[k]
        first = wanted[0] // 2
        in_bytes = (*ranges[:k], range(first, wanted[-1] // 2 + 1), *ranges[k + 1 :])
        strides = (*self._strides[:k], 1, *self._strides[k + 1 :])
        packed = read_ranges(self._source, RawLayout(self._offset, strides, "|u1"), in_bytes)
        halves = np.stack((packed & np.uint8(15), packed >> np.uint8(4)), axis=k + 1)
        shape = (*packed.shape[:k], packed.shape[k] * 2, *packed.shape[k + 1 :])
        columns = slice(wanted[0] - 2 * first, wanted[-1] - 2 * first + 1, wanted.step)
        return halves.reshape(shape)[(slice(None),) * k + (columns,)]
