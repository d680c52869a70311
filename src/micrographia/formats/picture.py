"""PNG, JPEG, BMP and WebP: one image, or colour channels ``cyx``; what its header says is compared with what is decoded.

Not read lazily: such a file is decoded as a whole, within a bound on its pixels, when the first part of it is asked for, and not streamed
without conversion. Grey values keep their type (PNG: 8 or 16 bit); palettes become colours; of an animation the first frame is shown.
Metadata understood: the resolution of PNG (pHYs) and JPEG (JFIF) where it is finer than any printer's; the orientation of JPEG (EXIF),
by which pictures are shown upright.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from micrographia.errors import IntegrityError
from micrographia.formats.cursor import refused
from micrographia.formats.decoded import DecodedImage
from micrographia.formats.description import Contents, LazyImage, UnreadableError, unsupported
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.image import ImageHeader, VoxelSize

_MOST_PIXELS = 1 << 28
_LARGEST_FILE_BYTES = 1 << 29
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_COLOURS = {2: ("grey", "alpha"), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}
# a coarser resolution is that of a page or a screen, not of a specimen
_LARGEST_PIXEL_NM = 10_000
_MOST_SEGMENTS = 2_000
_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError, struct.error, IntegrityError)
_ORIENTATION_TAG = 0x112
# from here on rows of the file are columns of the scene
_FIRST_TURNED = 5
_JPEG_BITS = range(2, 17)
_BMP_BITS, _BMP_COMPRESSIONS = (1, 4, 8, 16, 24, 32), range(7)
# start of frame: all but the tables that share the range of its markers
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what the header of a picture says; see `registry`."""
    return Contents((_header(source),))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image, decoded when it is first asked for; see `registry`."""
    header = header or _header(source)
    return DecodedImage(header, partial(_decoded, source, header))


def _decoded(source: ByteSource, header: ImageHeader) -> NDArray[Any]:
    kind = _kind(source)
    try:
        array = np.asarray(_CODECS[kind][1](source.read(0, source.size)))
    except _ERRORS as exc:
        raise refused(source, "picture", f"{type(exc).__name__}: {exc}"[:200], f"pixels as {kind} encodes them") from exc
    array = np.moveaxis(array, -1, 0) if array.ndim == 3 else array
    array = _upright(array, int(header.metadata.get("orientation", 1)))
    if array.shape != header.shape or array.dtype != header.dtype:
        raise refused(source, "picture", f"{array.dtype} pixels of shape {array.shape}", f"{header.dtype} of shape {header.shape}")
    return array


def _header(source: ByteSource) -> ImageHeader:
    kind = _kind(source)
    try:
        width, height, channels, dtype, size = _CODECS[kind][0](source)
    except _ERRORS as exc:
        if isinstance(exc, UnreadableError):
            raise
        raise refused(source, "picture", f"a header that ends early or contradicts itself ({exc})"[:200], f"a whole {kind} file") from exc
    if not (width > 0 and height > 0 and channels in (1, 2, 3, 4)):
        raise refused(source, "picture", f"{width} × {height} pixels of {channels} channels", "positive sizes and 1 to 4 channels")
    if width * height * channels > _MOST_PIXELS or source.size > _LARGEST_FILE_BYTES:
        found = f"{width} × {height} × {channels} samples in {source.size} bytes"
        raise unsupported(source.name, "picture.size", found, f"at most {_MOST_PIXELS} samples")
    metadata: dict[str, Any] = {"encoding": kind}
    if kind == "JPEG" and (orientation := _orientation(source)) > 1:
        metadata["orientation"] = orientation
        if orientation >= _FIRST_TURNED:
            width, height = height, width
            size = voxel_size([None, size.x, size.y], size.unit) if size else None
    if channels == 1:
        return ImageHeader("yx", (height, width), dtype, size, metadata=metadata)
    return ImageHeader("cyx", (channels, height, width), dtype, size, channels=_COLOURS[channels], metadata=metadata)


_Facts = tuple[int, int, int, str, VoxelSize | None]


def _png(source: ByteSource) -> _Facts:
    width, height, bits, colour = struct.unpack(">IIBB", source.read(16, 10))
    channels, size, at = _PNG_CHANNELS[colour], None, 33
    for _ in range(_MOST_SEGMENTS):
        length, name = struct.unpack(">I4s", source.read(at, 8))
        if name == b"tRNS":
            channels += channels in (1, 3)
        elif name == b"pHYs":
            x, y, unit = struct.unpack(">IIB", source.read(at + 8, 9))
            size = _size(y, x) if unit == 1 else None
        elif name == b"IDAT":
            break
        at += 12 + length
    return width, height, channels, "uint16" if bits == 16 else "uint8", size


def _jpeg(source: ByteSource) -> _Facts:
    size = None
    for marker, at in _jpeg_segments(source):
        if marker == 0xE0 and source.read(at, 5) == b"JFIF\0":
            unit, x, y = struct.unpack(">BHH", source.read(at + 7, 5))
            size = _size(y * 100, x * 100) if unit == 2 else None
        elif marker in _JPEG_FRAMES:
            bits, height, width, channels = struct.unpack(">BHHB", source.read(at, 6))
            if bits != 8 or channels == 4:
                found = f"a JPEG with {bits} bits and {channels} channels"
                if bits in _JPEG_BITS and channels in (1, 3, 4):
                    raise unsupported(source.name, "picture.coding", found, "8 bits, grey or colour")
                raise refused(source, "picture", found, "8 bits, grey or colour")
            return width, height, channels, "uint8", size
    raise refused(source, "picture", "no start of a frame", "a whole JPEG file")


def _orientation(source: ByteSource) -> int:
    """Return how a camera was held (EXIF, 1 to 8), 1 where the file does not say it."""
    with contextlib.suppress(*_ERRORS):
        exif = next((at + 6 for marker, at in _jpeg_segments(source) if marker == 0xE1 and source.read(at, 6) == b"Exif\0\0"), None)
        if exif is None:
            return 1
        order = "<" if source.read(exif, 2) == b"II" else ">"
        tags = exif + struct.unpack(f"{order}I", source.read(exif + 4, 4))[0]
        for k in range(min(_MOST_SEGMENTS, *struct.unpack(f"{order}H", source.read(tags, 2)))):
            tag, _, _, value = struct.unpack(f"{order}HHIH", source.read(tags + 2 + 12 * k, 10))
            if tag == _ORIENTATION_TAG:
                return value if value in range(1, 9) else 1
    return 1


def _upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return rows and columns as the scene was, whichever way the camera was held."""
    if orientation >= _FIRST_TURNED:
        array = array.swapaxes(-1, -2)
    if orientation in (2, 3, 6, 7):
        array = array[..., ::-1]
    return array[..., ::-1, :] if orientation in (3, 4, 7, 8) else array


def _jpeg_segments(source: ByteSource) -> Iterator[tuple[int, int]]:
    """Yield (marker, first byte of its content)."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        mark, marker, length = struct.unpack(">BBH", source.read(at, 4))
        if mark != 0xFF or length < 2:
            return
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        yield marker, at + 4
        at += 2 + length


def _bmp(source: ByteSource) -> _Facts:
    header, width, height, _, bits, compression = struct.unpack("<IiiHHI", source.read(14, 20))
    if header < 40 or bits not in (8, 24, 32) or compression not in (0, 3):
        found, expected = f"a BMP of {bits} bits, compression {compression}", "24 or 32 bits, or 8 bits grey, uncompressed"
        if header >= 40 and bits in _BMP_BITS and compression in _BMP_COMPRESSIONS:
            raise unsupported(source.name, "picture.coding", found, expected)
        raise refused(source, "picture", found, expected)
    # what the palette makes of 8 bits only the decoder knows
    channels = 1 if bits == 8 else 3
    if width > 0 and 0 < abs(height) * width < 1 << 22:
        array = imagecodecs.bmp_decode(source.read(0, source.size))
        channels = array.shape[2] if array.ndim == 3 else 1
    return width, abs(height), channels, "uint8", None


def _webp(source: ByteSource) -> _Facts:
    name = source.read(12, 4)
    if name == b"VP8X":
        flags, width, height = source.read(20, 1)[0], *(int.from_bytes(source.read(n, 3), "little") + 1 for n in (24, 27))
        return width, height, 4 if flags & 0x10 else 3, "uint8", None
    if name == b"VP8L":
        bits = int.from_bytes(source.read(21, 4), "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 4 if bits >> 28 & 1 else 3, "uint8", None
    width, height = struct.unpack("<HH", source.read(26, 4))
    return width & 0x3FFF, height & 0x3FFF, 3, "uint8", None


def _size(per_metre_y: int, per_metre_x: int) -> VoxelSize | None:
    if not per_metre_y or not per_metre_x or 1e9 / min(per_metre_x, per_metre_y) > _LARGEST_PIXEL_NM:
        return None
    return voxel_size([None, *(float(f"{1e9 / n:.6g}") for n in (per_metre_y, per_metre_x))], "nm")


_CODECS: dict[str, tuple[Callable[[ByteSource], _Facts], Callable[[bytes], Any]]] = {
    "PNG": (_png, imagecodecs.png_decode),
    "JPEG": (_jpeg, imagecodecs.jpeg8_decode),
    "BMP": (_bmp, imagecodecs.bmp_decode),
    "WebP": (_webp, imagecodecs.webp_decode),
}


def _kind(source: ByteSource) -> str:
    head = source.read(0, min(16, source.size))
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if head[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if head[:2] == b"BM":
        return "BMP"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    raise refused(source, "picture", "another start", "PNG, JPEG, BMP or WebP")
