"""DM3 and DM4, Gatan DigitalMicrograph: images, stacks, spectrum images, 4D-STEM.

Read lazily and streamed without conversion: samples lie uncompressed behind a tree of tags, so any part is read by exact byte ranges.
The thumbnail that the program keeps in the same file is left out; spectra of one dimension are no images. A third dimension without
a length unit (energy loss, time, tilts) makes a stack. Packed complex half transforms are named in a remark and not read.
Metadata understood: calibration of each axis (lengths become the voxel size, whatever else is kept as `calibration`), high tension,
magnification, camera length, operation mode, spherical aberration, stage tilt, exposure, date, microscope, camera.

Source: the tag layout as published at https://er-c.org/cbb/info/dmformat/ and in the documentation of ImageJ's DM3 reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

import numpy as np

from micrographia.formats.cursor import Cursor, printable, refuse_short, refused
from micrographia.formats.description import Contents, LazyImage, UnreadableError, unsupported
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.formats.units import length_unit, voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout, VoxelSize

_MOST_TAGS = 200_000
_MOST_DEPTH = 32
_MOST_IMAGES = 100
_LONGEST_LABEL = 1024
# longer arrays of numbers are image data or tables: where they lie is kept, not their values
_LONGEST_TEXT = 4096
# codes of numbers in tags
_NUMBERS = {2: "h", 3: "i", 4: "H", 5: "I", 6: "f", 7: "d", 8: "B", 9: "b", 10: "B", 11: "q", 12: "Q"}
_STRUCT, _STRING, _ARRAY = 15, 18, 20
# codes of samples (DataType of an image)
_SAMPLES = {
    1: "i2", 2: "f4", 3: "c8", 6: "u1", 7: "i4", 9: "i1", 10: "u2", 11: "u4", 12: "f8", 13: "c16", 14: "u1", 39: "i8", 40: "u8",
}  # fmt: skip
_RGBA = 23
# packed complex half transforms, other colours
_NOT_DECODED = frozenset((5, 8, *range(15, 23), *range(24, 29)))
# label in the image's tags → name here, and what it is multiplied with
_FACTS = {
    "Microscope Info/Voltage": ("voltage_kv", 1e-3),
    "Microscope Info/Indicated Magnification": ("magnification", 1.0),
    "Microscope Info/Actual Magnification": ("actual_magnification", 1.0),
    "Microscope Info/STEM Camera Length": ("camera_length_mm", 1.0),
    "Microscope Info/Cs(mm)": ("spherical_aberration_mm", 1.0),
    "Microscope Info/Stage Position/Stage Alpha": ("stage_alpha_deg", 1.0),
    "Microscope Info/Stage Position/Stage Beta": ("stage_beta_deg", 1.0),
    "Microscope Info/Operation Mode": ("operation_mode", 0),
    "Microscope Info/Imaging Mode": ("imaging_mode", 0),
    "Microscope Info/Illumination Mode": ("illumination_mode", 0),
    "Microscope Info/Microscope": ("microscope", 0),
    "Microscope Info/Name": ("microscope", 0),
    "Session Info/Microscope": ("microscope", 0),
    "Session Info/Specimen": ("specimen", 0),
    "Acquisition/Device/Name": ("detector", 0),
    "Acquisition/Parameters/High Level/Exposure (s)": ("exposure_s", 1.0),
    "DataBar/Exposure Time (s)": ("exposure_s", 1.0),
    "DataBar/Acquisition Date": ("date", 0),
    "DataBar/Acquisition Time": ("time", 0),
    "Meta Data/Format": ("data_format", 0),
    "Meta Data/Signal": ("signal", 0),
}


@dataclass(frozen=True, slots=True)
class _Stored:
    """A long array: where it lies."""

    offset: int
    size_bytes: int


def inspect(source: ByteSource, path: str) -> Contents:
    """Return the images of a DM3 or DM4 file; see `registry`."""
    tree = _Tags(source).read()
    thumbnails = {t.get("ImageIndex") for t in _groups(tree.get("Thumbnails"))}
    images: list[ImageHeader] = []
    remarks: list[Finding] = []
    order = ">" if tree["big_endian"] else "<"
    entries = list(_groups(tree.get("ImageList")))
    for number, entry in enumerate(entries):
        if number in thumbnails and len(entries) > 1:
            continue
        try:
            header = _header(source, entry, order)
        except UnreadableError as exc:
            remarks.append(exc.finding(path))
            continue
        if header is not None:
            images.append(header)
    if not images and not remarks:
        remarks.append(Finding("dm.no_image", "warning", path, f"{path} holds no image with two dimensions.", f"{len(entries)} arrays"))
    return Contents(tuple(images[:_MOST_IMAGES]), {"version": tree["version"]}, tuple(remarks))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    return RawImage(source, header or inspect(source, source.name).images[index])


def _header(source: ByteSource, entry: Mapping[str, Any], order: str) -> ImageHeader | None:
    data = entry.get("ImageData")
    if not isinstance(data, Mapping):
        return None
    # of x, y, z …: fastest first
    sides = [n for n in _values(data.get("Dimensions")) if isinstance(n, int)]
    stored, code = data.get("Data"), data.get("DataType")
    if len([n for n in sides if n > 1]) < 2 or len(sides) > 5 or stored is None:
        return None
    if not isinstance(stored, _Stored) or min(sides) < 1:
        raise refused(source, "dm", f"an array of {sides} samples", "samples for all of it")
    if code in _NOT_DECODED:
        raise unsupported(source.name, "dm.sample_type", f"samples of type {code}", f"a type of {[*_SAMPLES, _RGBA]}")
    if code != _RGBA and code not in _SAMPLES:
        raise refused(source, "dm", f"samples of type {code!r}", f"a type of {[*_SAMPLES, _RGBA]}", rule="sample_type")
    dtype = np.dtype(f"{order}u4" if code == _RGBA else f"{order}{_SAMPLES[code]}")
    if prod(sides) * dtype.itemsize > stored.size_bytes:
        raise refused(source, "dm", f"{stored.size_bytes} bytes of samples", f"{prod(sides) * dtype.itemsize} bytes")
    refuse_short(source, "dm", stored.offset + prod(sides) * dtype.itemsize)
    strides = [dtype.itemsize * prod(sides[:k]) for k in range(len(sides))]
    axes = "qtzyx"[-len(sides) :]
    size, calibration = _calibration(data)
    metadata = _facts(entry) | ({"calibration": calibration} if calibration else {})
    name = printable(entry["Name"])[:200] if isinstance(entry.get("Name"), str) else ""
    if code == _RGBA:  # blue, green, red, unused
        shape, layout = (3, *sides[::-1]), RawLayout(stored.offset + 2, (-1, *strides[::-1]), "|u1")
        colours = ("red", "green", "blue")
        return ImageHeader(f"c{axes}", shape, "uint8", size, name, layout, channels=colours, metadata=metadata)
    layout = RawLayout(stored.offset, tuple(strides[::-1]), dtype.str)
    is_stack = "z" in axes and (size is None or size.z is None)
    return ImageHeader(axes, tuple(sides[::-1]), dtype.name, size, name, layout, is_stack=is_stack, metadata=metadata)


def _calibration(data: Mapping[str, Any]) -> tuple[VoxelSize | None, list[dict[str, Any]]]:
    """Return the voxel size and, where an axis is no length, what each axis (fastest first) counts."""
    calibrations = data.get("Calibrations")
    axes = list(_groups(calibrations.get("Dimension")))[:5] if isinstance(calibrations, Mapping) else []
    scales = [a["Scale"] if isinstance(a.get("Scale"), float) and isfinite(a["Scale"]) else None for a in axes]
    units = [a["Units"] if isinstance(a.get("Units"), str) else "" for a in axes]
    padded = [*scales, None, None, None][:3][::-1], [*units, "", "", ""][:3][::-1]
    size = voxel_size([None if s is None else float(f"{s:.7g}") for s in padded[0]], padded[1])
    if all(length_unit(u) or not u for u in units):
        return size, []
    return size, [{"scale": s, "unit": printable(u)[:50]} for s, u in zip(scales, units, strict=True)]


def _facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for label, (name, factor) in _FACTS.items():
        value: Any = entry.get("ImageTags")
        for part in label.split("/"):
            value = value.get(part) if isinstance(value, Mapping) else None
        if factor and isinstance(value, int | float) and isfinite(value) and value:
            found.setdefault(name, float(f"{value * factor:.7g}"))
        elif not factor and isinstance(value, str) and printable(value):
            found.setdefault(name, printable(value)[:200])
    return found


class _Tags:
    """The tree of tags: groups as dictionaries (members without a label are numbered), text and numbers as they are."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._cursor = Cursor(source, "dm", ">")
        self._count = 0

    def read(self) -> dict[str, Any]:
        version = self._cursor.one("I")
        if version not in (3, 4):
            raise refused(self._source, "dm", f"version {version}", "3 or 4 in the first four bytes")
        self._length = "Q" if version == 4 else "I"
        self._cursor.one(self._length)
        self._order = "<" if self._cursor.one("I") == 1 else ">"
        tree = self._group(0)
        return {**tree, "version": version, "big_endian": self._order == ">"}

    def _group(self, depth: int) -> dict[str, Any]:
        if depth > _MOST_DEPTH:
            raise refused(self._source, "dm", f"tags more than {_MOST_DEPTH} groups deep", "a flatter tree")
        _, _, count = self._cursor.unpack(f"BB{self._length}")
        found: dict[str, Any] = {}
        for number in range(count):
            self._count += 1
            if self._count > _MOST_TAGS:
                raise refused(self._source, "dm", f"more than {_MOST_TAGS} tags", "fewer")
            kind, length = self._cursor.unpack("BH")
            if length > _LONGEST_LABEL:
                raise refused(self._source, "dm", f"a label of {length} bytes at byte {self._cursor.position}", f"at most {_LONGEST_LABEL}")
            label = self._cursor.read(length).decode("latin-1") or str(number)
            end = self._cursor.one("Q") + self._cursor.position if self._length == "Q" else None
            if kind == 20:
                found[label] = self._group(depth + 1)
            elif kind == 21:
                found[label] = self._data(label)
                if end is not None:
                    self._cursor.seek(end)
            else:
                raise refused(self._source, "dm", f"a tag of kind {kind} at byte {self._cursor.position}", "20 or 21")
        return found

    def _data(self, label: str) -> Any:
        if self._cursor.read(4) != b"%%%%":
            raise refused(self._source, "dm", f"no tag data at byte {self._cursor.position}", "%%%%")
        count = self._cursor.one(self._length)
        if not 1 <= count <= 1000:
            raise refused(self._source, "dm", f"a type of {count} parts", "1 to 1,000")
        return self._value(iter(self._cursor.unpack(f"{count}{self._length}")), is_text=label != "Data")

    def _value(self, parts: Iterator[int], *, is_text: bool) -> Any:
        """Return the value whose type `parts` describe."""
        code = next(parts, -1)
        if code == _STRING:
            return self._text(next(parts, 0) * 2)
        if code == _ARRAY:
            return self._array(parts, is_text=is_text)
        forms = self._struct(parts) if code == _STRUCT else self._number(code)
        values = np.frombuffer(self._cursor.read(self._bytes(forms)), np.dtype([(str(i), f) for i, f in enumerate(forms)]))[0].tolist()
        return list(values) if code == _STRUCT else values[0]

    def _array(self, parts: Iterator[int], *, is_text: bool) -> Any:
        code = next(parts, -1)
        forms = self._struct(parts) if code == _STRUCT else self._number(code)
        size_bytes = next(parts, 0) * self._bytes(forms)
        # text is an array of 16-bit numbers; so may samples be
        if is_text and code == 4 and size_bytes <= _LONGEST_TEXT:
            return self._text(size_bytes)
        stored = _Stored(self._cursor.position, size_bytes)
        self._cursor.skip(size_bytes)
        return stored

    def _text(self, size_bytes: int) -> str:
        if size_bytes > _LONGEST_TEXT:
            self._cursor.skip(size_bytes)
            return ""
        text = self._cursor.read(size_bytes).decode("utf-16-le" if self._order == "<" else "utf-16-be", "replace")
        return text.split("\0", 1)[0]

    def _struct(self, parts: Iterator[int]) -> list[str]:
        next(parts, 0)  # length of its name, which is always empty
        fields = next(parts, 0)
        if not 1 <= fields <= 400:
            raise refused(self._source, "dm", f"a structure of {fields} fields", "1 to 400")
        codes = [(next(parts, -1), next(parts, -1))[1] for _ in range(fields)]
        return [form for code in codes for form in self._number(code)]

    def _number(self, code: int) -> list[str]:
        if code not in _NUMBERS:
            raise refused(self._source, "dm", f"a value of type {code} at byte {self._cursor.position}", f"one of {list(_NUMBERS)}")
        return [f"{self._order}{_NUMBERS[code]}"]

    @staticmethod
    def _bytes(forms: list[str]) -> int:
        return sum(np.dtype(form).itemsize for form in forms)


def _groups(tree: object) -> Iterator[Mapping[str, Any]]:
    """Yield the groups of a numbered list."""
    return (v for v in _values(tree) if isinstance(v, Mapping))


def _values(tree: object) -> list[Any]:
    return list(tree.values()) if isinstance(tree, Mapping) else []
