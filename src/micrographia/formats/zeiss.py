"""CZI, Carl Zeiss Image files of ZEN: one image a scene, with channels, times, sections, and mosaics put together from their tiles.

Read lazily: the directory tells where each tile lies, and only tiles that an index touches are read and decoded (uncompressed, Zstandard,
JPEG XR, JPEG). Where tiles overlap the one with the higher number is shown; where none lies is 0. Not streamed without conversion. The
lower levels of ZEN's pyramid, and attachments such as label and preview, stay in the file. Phases, illuminations, rotations and views are
axes of their own.
Metadata understood: spacing, names of channels, objective, dates and microscope from ZEN's XML.

Source: the format as C. Gohlke's czifile (BSD) describes it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any
from xml.etree.ElementTree import Element

import imagecodecs
import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from numpy.typing import NDArray

from micrographia.errors import MicrographiaError
from micrographia.formats.chunks import chunk_ranges
from micrographia.formats.cursor import Cursor, printable, refused
from micrographia.formats.description import Contents, LazyImage, unsupported
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.image import ImageHeader, VoxelSize

_SEGMENT_BYTES = 32
_ENTRY_BYTES, _DIMENSION_BYTES = 32, 20
_MOST_TILES = 2_000_000
_MOST_DIMENSIONS = 20
_LONGEST_XML_BYTES = 64 << 20
_LARGEST_TILE_BYTES = 512 << 20
_MOST_SCENES = 10_000
# a canvas that is mostly empty may be larger than the file, but not without bound
_HIGHEST_RATIO = 20_000
_SMALL_BYTES = 1 << 30
# code → type of a sample and samples a pixel (blue, green, red, unused)
_PIXELS = {0: ("u1", 1), 1: ("u2", 1), 2: ("f4", 1), 3: ("u1", 3), 4: ("u2", 3), 8: ("f4", 3), 9: ("u1", 4), 12: ("i4", 1), 13: ("f8", 1)}
_COMPLEX_PIXELS = frozenset((10, 11))
_COMPRESSIONS = {0: "none", 1: "JPEG", 4: "JPEG XR", 5: "Zstandard", 6: "Zstandard with packed bytes"}
_LZW, _FIRST_OF_CAMERAS = 2, 100
# ZEN's letter → axis, slowest first
_LEADING = {"V": "v", "H": "h", "I": "i", "R": "r", "B": "b", "T": "t", "C": "c", "Z": "z"}
_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError, struct.error)


@dataclass(frozen=True, slots=True)
class _Tile:
    """One entry of the directory."""

    pixel: int
    position: int
    compression: int
    dimension_count: int
    start: dict[str, int]
    size: dict[str, int]
    is_full: bool

    def rectangle(self) -> tuple[int, int, int, int]:
        """Return y, x, height, width."""
        return self.start["Y"], self.start["X"], self.size["Y"], self.size["X"]


def inspect(source: ByteSource, path: str) -> Contents:
    """Return one image a scene; see `registry`."""
    scenes, xml = _scenes(source)
    root = _xml(source, xml)
    size, names = _spacing(root), _channels(root)
    facts = _facts(root)
    images = tuple(_header(source, scene, tiles, size, names, many=len(scenes) > 1) for scene, tiles in list(scenes.items())[:_MOST_SCENES])
    return Contents(images, facts)


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the scene as a lazy array; see `registry`."""
    scenes, _ = _scenes(source)
    header = header or inspect(source, source.name).images[index]
    return _Scene(source, header, list(scenes.values())[index])


class _Scene(LazyImage):
    def __init__(self, source: ByteSource, header: ImageHeader, tiles: list[_Tile]) -> None:
        super().__init__(header)
        self._source = source
        self._leading = [next(k for k, a in _LEADING.items() if a == axis) for axis in header.axes if axis in _LEADING.values()]
        self._samples = _PIXELS[tiles[0].pixel][1]
        if self._samples > 1:
            self._leading = [k for k in self._leading if k != "C"]
        self._first = {k: min(t.start.get(k, 0) for t in tiles) for k in (*self._leading, "Y", "X")}
        self._tiles: dict[tuple[int, ...], list[_Tile]] = {}
        # ZEN shows the tile with the higher number on top, wherever it stands in the directory
        for tile in sorted(tiles, key=lambda t: t.start.get("M", 0)):
            place = tuple(tile.start.get(k, 0) - self._first[k] for k in self._leading)
            self._tiles.setdefault(place, []).append(tile)

    def read(self, ranges: Ranges) -> NDArray[Any]:
        by_axis = dict(zip(self.axes, ranges, strict=True))
        picked = [by_axis[_LEADING[k]] for k in self._leading]
        rows, columns = by_axis["y"], by_axis["x"]
        out = np.zeros((*(len(r) for r in picked), len(rows), len(columns), self._samples), self.dtype)
        for where in np.ndindex(*(len(r) for r in picked)):
            for tile in self._tiles.get(tuple(r[i] for r, i in zip(picked, where, strict=True)), ()):
                self._place(out[where], tile, rows, columns)
        if self._samples == 1:
            return out[..., 0]
        # red first; ZEN stores blue first
        colours = np.moveaxis(out[..., 2::-1], -1, len(picked))[(slice(None),) * len(picked)]
        array = np.moveaxis(colours, len(picked), self.axes.index("c"))
        return array[tuple(list(by_axis["c"]) if a == "c" else slice(None) for a in self.axes)]

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the image in slabs as high as its tiles, as far as `max_bytes` allows, so that each tile is decoded about once."""
        heights = [tile.size["Y"] for tiles in self._tiles.values() for tile in tiles[:1]]
        chunk = tuple(max(heights) if a == "y" else n if a in "cx" else 1 for a, n in zip(self.axes, self.shape, strict=True))
        for ranges in chunk_ranges(self.shape, chunk, self.dtype.itemsize, max_bytes):
            yield self.read(ranges)

    def _place(self, out: NDArray[Any], tile: _Tile, rows: range, columns: range) -> None:
        top, left, height, width = tile.rectangle()
        y, x = top - self._first["Y"], left - self._first["X"]
        if not (y <= rows[-1] and rows[0] < y + height and x <= columns[-1] and columns[0] < x + width):
            return
        down = [i for i, row in enumerate(rows) if y <= row < y + height]
        across = [i for i, column in enumerate(columns) if x <= column < x + width]
        if down and across:
            data = _decoded(self._source, tile, self.dtype, self._samples)
            out[np.ix_(down, across)] = data[np.ix_([rows[i] - y for i in down], [columns[i] - x for i in across])]


def _decoded(source: ByteSource, tile: _Tile, dtype: np.dtype[Any], samples: int) -> NDArray[Any]:
    cursor = Cursor(source, "czi")
    cursor.seek(tile.position)
    if not cursor.read(16).startswith(b"ZISRAWSUBBLOCK"):
        raise cursor.refused(f"no tile at byte {tile.position}", "ZISRAWSUBBLOCK")
    cursor.skip(16)
    metadata, _, length = cursor.unpack("iiq")
    cursor.seek(tile.position + _SEGMENT_BYTES + max(256, 16 + _ENTRY_BYTES + _DIMENSION_BYTES * tile.dimension_count) + max(0, metadata))
    data = cursor.read(length)
    _, _, height, width = tile.rectangle()
    stored = dtype.newbyteorder("<")
    wanted = height * width * samples * dtype.itemsize
    try:
        if tile.compression in (1, 4):
            decode = imagecodecs.jpegxr_decode if tile.compression == 4 else imagecodecs.jpeg_decode
            array = np.asarray(decode(data)).reshape(height, width, samples)
            return array[..., ::-1] if samples == 3 else array  # the codecs give red first
        if tile.compression in (5, 6):
            data = _zstandard(data, wanted, is_packed=tile.compression == 6)
        return np.frombuffer(data[:wanted], stored).reshape(height, width, samples)
    except _ERRORS as exc:
        if isinstance(exc, MicrographiaError):
            raise
        raise refused(source, "czi", f"a tile that cannot be decoded ({exc})"[:200], f"{height} × {width} pixels") from exc


def _zstandard(data: bytes, wanted: int, *, is_packed: bool) -> bytes:
    """Undo Zstandard; in the second form a header says whether the low bytes of all samples come before the high ones."""
    swapped = False
    if is_packed:
        header = data[0]
        swapped = header == 3 and data[1] == 1 and bool(data[2] & 1)
        data = data[header:]
    decoded: bytes = bytes(imagecodecs.zstd_decode(data, out=wanted))
    if swapped:
        halves = np.frombuffer(decoded, np.uint8).reshape(2, -1)
        decoded = halves.T.tobytes()
    return decoded


def _scenes(source: ByteSource) -> tuple[dict[int, list[_Tile]], int]:
    """Return the tiles of full resolution by scene, and where the XML lies."""
    cursor = Cursor(source, "czi")
    if not cursor.read(16).startswith(b"ZISRAWFILE"):
        raise cursor.refused("another start", "ZISRAWFILE")
    cursor.seek(84)
    directory, xml = cursor.unpack("qq")
    cursor.seek(directory)
    if not cursor.read(16).startswith(b"ZISRAWDIRECTORY"):
        raise cursor.refused(f"no directory at byte {directory}", "ZISRAWDIRECTORY; was the file closed properly?")
    cursor.skip(16)
    count = cursor.one("i")
    if not 0 < count <= _MOST_TILES or count * (_ENTRY_BYTES + 2 * _DIMENSION_BYTES) > source.size:
        raise cursor.refused(f"{count} tiles", f"1 to {_MOST_TILES} that the file can hold")
    cursor.skip(124)
    scenes: dict[int, list[_Tile]] = {}
    for _ in range(count):
        tile = _tile(cursor)
        if tile.is_full:
            scenes.setdefault(tile.start.get("S", 0), []).append(tile)
    if not scenes:
        raise cursor.refused("no tile of full resolution", "at least one")
    return dict(sorted(scenes.items())), xml


def _tile(cursor: Cursor) -> _Tile:
    schema, pixel, position, _, compression, pyramid, count = cursor.unpack("2siqiiB5xi")
    if schema != b"DV" or not 0 < count <= _MOST_DIMENSIONS:
        raise cursor.refused(f"an entry {schema!r} of {count} dimensions at byte {cursor.position}", f"DV and 1 to {_MOST_DIMENSIONS}")
    start: dict[str, int] = {}
    size: dict[str, int] = {}
    is_full = pyramid == 0
    for _ in range(count):
        name, first, length, _, stored = cursor.unpack("4siifi")
        letter = name.rstrip(b"\0 ").decode("latin-1")
        start[letter], size[letter] = first, length
        is_full = is_full and stored in (0, length)
    if not {"X", "Y"} <= size.keys() or min(size["X"], size["Y"]) < 1:
        raise cursor.refused(f"a tile of size {size}"[:200], "positive X and Y")
    return _Tile(pixel, position, compression, count, start, size, is_full)


def _header(
    source: ByteSource, scene: int, tiles: list[_Tile], size: VoxelSize | None, names: tuple[str, ...], *, many: bool
) -> ImageHeader:
    pixels = {t.pixel for t in tiles}
    unknown = {t.compression for t in tiles} - _COMPRESSIONS.keys()
    if len(pixels) > 1 or not pixels <= _PIXELS.keys() or unknown:
        found = f"pixels of types {sorted(pixels)}, compressions {sorted(unknown)}"
        expected = f"one type of {list(_PIXELS)}, compressions {list(_COMPRESSIONS)}"
        if pixels <= _PIXELS.keys() | _COMPLEX_PIXELS and all(c == _LZW or c >= _FIRST_OF_CAMERAS for c in unknown):
            raise unsupported(source.name, "czi.sample_type", found, expected)
        raise refused(source, "czi", found, expected, rule="sample_type")
    form, samples = _PIXELS[pixels.pop()]
    dtype = np.dtype(form)
    if max(t.size["Y"] * t.size["X"] for t in tiles) * samples * dtype.itemsize > _LARGEST_TILE_BYTES:
        raise refused(source, "czi", "a tile too large to decode", f"at most {_LARGEST_TILE_BYTES} bytes", rule="size")
    lengths = {}
    for letter, axis in _LEADING.items():
        starts = [t.start.get(letter, 0) for t in tiles]
        lengths[axis] = max(starts) - min(starts) + 1
    if samples > 1:
        if lengths["c"] > 1:
            raise unsupported(source.name, "czi.sample_type", f"{lengths['c']} channels of {samples} colours", "channels or colours")
        lengths["c"] = 3
    for letter, axis in (("Y", "y"), ("X", "x")):
        lengths[axis] = max(t.start[letter] + t.size[letter] for t in tiles) - min(t.start[letter] for t in tiles)
    axes = "".join(a for a in (*_LEADING.values(), "y", "x") if lengths[a] > 1 or a in "yx")
    shape = tuple(lengths[a] for a in axes)
    if prod(shape) * dtype.itemsize > max(_SMALL_BYTES, _HIGHEST_RATIO * source.size):
        raise refused(source, "czi", f"an image of {shape} from {source.size} bytes", "a size that the file can hold", rule="size")
    colours = ("red", "green", "blue") if samples > 1 else names
    metadata = {"compression": sorted({_COMPRESSIONS[t.compression] for t in tiles}), "tiles": len(tiles)}
    channels = colours if len(colours) == lengths["c"] and "c" in axes else ()
    name = f"scene {scene}" if many else ""
    return ImageHeader(axes, shape, dtype.name, size, name, channels=channels, metadata=metadata)


def _xml(source: ByteSource, position: int) -> Element | None:
    """Return ZEN's XML; None where there is none that can be read: the pixels can be all the same."""
    try:
        cursor = Cursor(source, "czi")
        cursor.seek(position)
        if position <= 0 or not cursor.read(16).startswith(b"ZISRAWMETADATA"):
            return None
        cursor.skip(16)
        length = cursor.one("i")
        cursor.skip(252)
        if not 0 < length <= _LONGEST_XML_BYTES:
            return None
        root: Element = fromstring(cursor.read(length).rstrip(b"\0"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, MicrographiaError):
        return None
    return root


def _spacing(root: Element | None) -> VoxelSize | None:
    found: dict[str, float] = {}
    for distance in _all(root, ".//Scaling/Items/Distance"):
        try:
            value = float(distance.findtext("Value") or "")
        except ValueError:
            continue
        if isfinite(value) and value > 0:
            found.setdefault(distance.get("Id") or "", float(f"{value * 1e6:.7g}"))
    return voxel_size([found.get(a) for a in "ZYX"], "µm")


def _channels(root: Element | None) -> tuple[str, ...]:
    return tuple(
        printable(c.get("Name") or c.get("Id") or "")[:100] for c in _all(root, ".//Information/Image/Dimensions/Channels/Channel")
    )


def _facts(root: Element | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for objective in _all(root, ".//Information/Instrument/Objectives/Objective"):
        said = {"model": printable(objective.get("Name") or "")[:200], "immersion": printable(objective.findtext("Immersion") or "")[:50]}
        for key, name in (("magnification", "NominalMagnification"), ("numerical_aperture", "LensNA")):
            try:
                said[key] = float(objective.findtext(name) or "")  # type: ignore[assignment]
            except ValueError:
                continue
        found.setdefault("objective", {key: value for key, value in said.items() if value})
    for key, path in (("acquired", ".//Information/Image/AcquisitionDateAndTime"), ("software", ".//Information/Application/Name")):
        for element in _all(root, path):
            if text := printable(element.text or ""):
                found.setdefault(key, text[:200])
    return found


def _all(root: Element | None, path: str) -> Iterator[Element]:
    return iter(() if root is None else root.findall(path)[:1000])
