"""SER, series of TIA (FEI's Tecnai Imaging and Analysis): one image or many of the same size.

Read lazily and streamed without conversion: the images of a series lie uncompressed at regular distances and are one stack; where
distances or sizes differ, each is an image of its own. Rows come in the order of the file. Series of spectra are named in a remark.
Metadata understood: calibration (metres become the voxel size, else `calibration`), names and units of the scanned axes, when it was taken.
The .emi file beside it is stored and not interpreted.

Source: C. Boothroyd, «ser file format», http://www.er-c.org/cbb/info/TIAformat/.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from math import prod
from typing import Any

import numpy as np

from micrographia.formats.cursor import Cursor, refuse_short, refused
from micrographia.formats.description import Contents, LazyImage
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout

_MAGIC = b"II\x97\x01"
_SPECTRA, _IMAGES = 0x4120, 0x4122
_VERSIONS = (0x210, 0x220)
_SAMPLES = {1: "u1", 2: "u2", 3: "u4", 4: "i1", 5: "i2", 6: "i4", 7: "f4", 8: "f8", 9: "c8", 10: "c16"}
_MOST_ELEMENTS = 4_000_000
_MOST_AXES = 4
# elements of differing sizes that are shown
_MOST_IMAGES = 10_000
_ELEMENT_BYTES = 50


@dataclass(frozen=True, slots=True)
class _Element:
    """The header of one image."""

    samples: int
    shape: tuple[int, int]
    spacing: tuple[float, float]


def inspect(source: ByteSource, path: str) -> Contents:
    """Return the images of a TIA series; see `registry`."""
    cursor = Cursor(source, "ser")
    if source.size < 30 or cursor.read(4) != _MAGIC:
        raise refused(source, "ser", "another start", "II and the series number 0x0197")
    version, kind, _, total, valid = cursor.unpack("HIIII")
    if version not in _VERSIONS or kind not in (_SPECTRA, _IMAGES) or not total <= _MOST_ELEMENTS:
        raise refused(source, "ser", f"version {version:#x}, data type {kind:#x}, {total} elements", "a series of TIA")
    if kind == _SPECTRA:
        message = f"{path} holds {valid} spectra; they are stored and not interpreted."
        return Contents(metadata={"spectra": valid}, remarks=(Finding("ser.spectra", "warning", path, message),))
    word = "I" if version == _VERSIONS[0] else "Q"
    table, axis_count = cursor.unpack(f"{word}I")
    if axis_count > _MOST_AXES:
        raise refused(source, "ser", f"{axis_count} dimensions", f"at most {_MOST_AXES}")
    axes = [_axis(cursor) for _ in range(axis_count)]
    count = min(valid, total)
    cursor.seek(table)
    width = 4 if word == "I" else 8
    offsets = np.frombuffer(cursor.read(total * width), f"<u{width}")[:count].astype(np.int64)
    if not count or (offsets < 0).any() or int(offsets.max()) + _ELEMENT_BYTES > source.size:
        raise refused(source, "ser", f"{count} elements that reach beyond the file", "at least one inside of it")
    metadata: dict[str, Any] = {"elements": count}
    if axes:
        metadata["axes"] = [about for about, _ in axes]
    if started := _time(source, cursor, table + total * width, width):
        metadata["date"] = started
    lengths = [n for _, n in axes][::-1]
    return Contents(_images(source, offsets, lengths), metadata)


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    return RawImage(source, header or inspect(source, source.name).images[index])


def _images(source: ByteSource, offsets: np.ndarray[Any, Any], lengths: list[int]) -> tuple[ImageHeader, ...]:
    first = _element(source, int(offsets[0]))
    steps = np.diff(offsets)
    is_regular = len(offsets) == 1 or ((steps == steps[0]).all() and steps[0] > 0)
    if is_regular and (len(offsets) == 1 or _element(source, int(offsets[-1])) == first):
        step = int(steps[0]) if len(offsets) > 1 else 0
        return (_header(source, first, int(offsets[0]), len(offsets), step, lengths),)
    return tuple(_header(source, _element(source, o), o, 1, 0, []) for o in offsets[:_MOST_IMAGES].tolist())


def _header(source: ByteSource, one: _Element, offset: int, count: int, step: int, lengths: list[int]) -> ImageHeader:
    dtype = np.dtype(f"<{_SAMPLES[one.samples]}")
    start = offset + _ELEMENT_BYTES
    image_bytes = prod(one.shape) * dtype.itemsize
    if count > 1 and step < image_bytes:
        raise refused(source, "ser", f"images {step} bytes apart", f"{image_bytes} bytes each")
    refuse_short(source, "ser", start + (count - 1) * step + image_bytes)
    scanned = tuple(n for n in lengths if n > 1)
    leading = (scanned if prod(scanned) == count and len(scanned) <= 3 else (count,)) if count > 1 else ()
    axes = "qtz"[3 - len(leading) :] + "yx"
    strides = [step * prod(leading[k + 1 :]) for k in range(len(leading))] + [one.shape[1] * dtype.itemsize, dtype.itemsize]
    y, x = (abs(float(f"{v:.7g}")) if math.isfinite(v) else None for v in one.spacing)
    # lengths are in metres; spatial frequencies (1/m) are far above a metre
    size = (
        voxel_size([None, None if y is None else y * 1e9, None if x is None else x * 1e9], "nm") if y and x and max(y, x) < 1e-2 else None
    )
    metadata = {} if size or not y or not x else {"calibration": [{"scale": v, "unit": "1/m"} for v in (x, y)]}
    layout = RawLayout(start, tuple(strides), dtype.str)
    return ImageHeader(axes, (*leading, *one.shape), dtype.name, size, layout=layout, is_stack="z" in axes, metadata=metadata)


def _element(source: ByteSource, offset: int) -> _Element:
    cursor = Cursor(source, "ser")
    cursor.seek(offset)
    _, dx, _, _, dy, _, samples, nx, ny = cursor.unpack("ddIddIHII")
    if samples not in _SAMPLES or not 0 < nx < 1 << 24 or not 0 < ny < 1 << 24:
        raise refused(source, "ser", f"{nx} × {ny} samples of type {samples}", f"positive sizes and a type of {list(_SAMPLES)}")
    return _Element(samples, (ny, nx), (dy, dx))


def _axis(cursor: Cursor) -> tuple[dict[str, Any], int]:
    """Return what one scanned axis counts, and its length."""
    length, _, step, _ = cursor.unpack("IddI")
    description = cursor.text(_bounded(cursor, cursor.one("I")))
    units = cursor.text(_bounded(cursor, cursor.one("I")))
    about: dict[str, Any] = {"length": length, "name": description, "unit": units}
    return (about | {"step": step} if math.isfinite(step) else about), length


def _bounded(cursor: Cursor, length: int) -> int:
    if length > 1 << 16:
        raise cursor.refused(f"text of {length} bytes", "at most 65,536")
    return length


def _time(source: ByteSource, cursor: Cursor, table: int, width: int) -> str:
    """Return when the first element was taken, empty when the file does not say."""
    if table + width > source.size:
        return ""
    cursor.seek(table)
    place = int.from_bytes(cursor.read(width), "little")
    if place + 8 > source.size:
        return ""
    cursor.seek(place)
    _, seconds = cursor.unpack("HxxI")
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""
