"""ND2, Nikon NIS-Elements since version 2: one image a position of the stage, with its times, sections and channels.

Read lazily: the map of chunks at the end tells where each frame lies. Streamed without conversion where frames are uncompressed and follow
each other at regular distances, which is usual; frames that are deflated without loss, or lie irregularly, are read one by one. Frames of a
recording that was stopped early are zeros. Colour pictures are given red first; the file keeps blue first. The older form with JPEG 2000
inside, and lossy compression, are stored, not interpreted.
Metadata understood: spacing, interval, names and emission wavelengths of channels, names of positions, significant bits, objective,
magnification, aperture, date and software. Regions, binary masks and events stay in the file.

Source: the layout as T. Lambert's nd2 (BSD) describes it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.formats.cursor import Cursor, refused
from micrographia.formats.description import Contents, LazyImage, unsupported
from micrographia.formats.nikon_meaning import Loop, channels, facts, loops_of, spacing, without
from micrographia.formats.nikon_values import decoded, table
from micrographia.formats.raw import RawImage
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource
from micrographia.formats.units import voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout

_MAGIC = 0x0ABECEDA
_OLD_MAGIC = b"\0\0\0\x0cjP  "
_CHUNK = struct.Struct("<IIQ")
_MAP_NAME, _MAP_END = b"ND2 FILEMAP SIGNATURE NAME 0001!", b"ND2 CHUNK MAP SIGNATURE 0000001!"
_FRAME = b"ImageDataSeq|"
# time of the frame, in front of its samples
_TIME_BYTES = 8
_LONGEST_MAP_BYTES = 256 << 20
_LONGEST_METADATA_BYTES = 64 << 20
_LONGEST_NAME_BYTES = 1 << 16
_LARGEST_FRAME_BYTES = 1 << 30
# eCompression
_LOSSY = 1
_MOST_FRAMES = 4_000_000
_MOST_POSITIONS = 10_000
# a recording may be stopped early, but more than this of what was planned is a lie
_HIGHEST_RATIO = 1_000
# frames whose own headers are looked at before a layout is promised
_MOST_PROBES = 64
_ORDER = "qrtczyx"


@dataclass(frozen=True, slots=True)
class _Frames:
    """How frames look and where they lie."""

    height: int
    width: int
    samples: int
    row_bytes: int
    dtype: np.dtype[Any]
    is_deflated: bool
    is_colour: bool
    places: NDArray[np.int64]
    """Byte of each frame's chunk; -1 where there is none."""
    loops: tuple[Loop, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of one frame as stored, undeflated."""
        return self.height * self.row_bytes


def inspect(source: ByteSource, path: str) -> Contents:
    """Return one image a position of the stage; see `registry`."""
    if source.read(0, min(8, source.size)) == _OLD_MAGIC:
        message = f"{path} is an ND2 file of the older form, with JPEG 2000 inside: it is stored, not interpreted."
        hint = "Save it again with a NIS-Elements since version 4, or add an OME-TIFF beside it."
        return Contents(remarks=(Finding("nd2.old_form", "warning", path, message, "JPEG 2000", "a map of chunks", hint),))
    frames, picture, said = _opened(source)
    positions = next((loop for loop in frames.loops if loop.axis == "p"), Loop("p", 1))
    remarks = []
    missing = int(np.count_nonzero(frames.places < 0))
    if missing:
        message = f"{path}: {missing} of {frames.places.size} frames are not in the file; they are shown as zeros."
        remarks.append(Finding("nd2.missing_frames", "warning", path, message, f"{frames.places.size - missing} frames"))
    if positions.count > _MOST_POSITIONS:
        message = f"{path} has {positions.count} positions; the first {_MOST_POSITIONS} are shown."
        remarks.append(Finding("nd2.many_positions", "warning", path, message))
    names, _ = channels(picture, frames.samples)
    size = voxel_size(spacing(picture, list(frames.loops)), "µm")
    images = []
    for number in range(min(positions.count, _MOST_POSITIONS)):
        name = positions.names[number] if number < len(positions.names) else ""
        name = (name or f"position {number + 1}") if positions.count > 1 else ""
        axes, shape, places = _presented(frames, number)
        metadata = {**said, "position": number, **({"compression": "deflate"} if frames.is_deflated else {})}
        layout = _layout(source, frames, axes, places)
        given = names if "c" in axes else ()
        images.append(ImageHeader(axes, shape, frames.dtype.name, size, name, layout, channels=given, metadata=metadata))
    return Contents(tuple(images), {}, tuple(remarks))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the position as a lazy array; see `registry`."""
    header = header or inspect(source, source.name).images[index]
    if header.layout is not None:
        return RawImage(source, header)
    frames, _, _ = _opened(source)
    axes, shape, places = _presented(frames, int(header.metadata["position"]))
    if (axes, shape) != (header.axes, header.shape):
        raise InvalidInputError(f"{source.name} is not what its description says.")
    return _Nd2Image(source, header, frames, places)


class _Nd2Image(LazyImage):
    """Frames that are deflated or lie irregularly, read one by one."""

    def __init__(self, source: ByteSource, header: ImageHeader, frames: _Frames, places: NDArray[np.int64]) -> None:
        super().__init__(header)
        self._source = source
        self._frames = frames
        self._places = places

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept."""
        by_axis = dict(zip(self.axes, ranges, strict=True))
        rows, columns, samples = by_axis["y"], by_axis["x"], by_axis.get("c", range(1))
        picked = [by_axis[a] for a in self.axes if a not in "cyx"]
        out = np.zeros((*(len(r) for r in picked), len(rows), len(columns), len(samples)), self.dtype)
        for where in np.ndindex(*(len(r) for r in picked)):
            place = int(self._places[tuple(r[i] for r, i in zip(picked, where, strict=True))])
            if place >= 0:
                frame = self._rows(place, rows)[:: rows.step, columns.start : columns[-1] + 1 : columns.step]
                out[where] = frame[..., [self._frames.samples - 1 - k if self._frames.is_colour else k for k in samples]]
        if "c" not in self.axes:
            return out[..., 0]
        return np.moveaxis(out, -1, self.axes.index("c"))

    def _rows(self, place: int, rows: range) -> NDArray[Any]:
        """Return the rows from the first to the last wanted, all columns and samples."""
        frames = self._frames
        start, length = _frame_data(self._source, place)
        first, last = rows[0], rows[-1] + 1
        if frames.is_deflated:
            stream = zlib.decompressobj()
            try:
                data = stream.decompress(self._source.read(start, length), frames.size_bytes)
            except zlib.error as exc:
                raise refused(self._source, "nd2", f"a frame that cannot be inflated: {exc}", "deflated samples") from exc
            data = data[first * frames.row_bytes : last * frames.row_bytes]
        else:
            wanted = min((last - first) * frames.row_bytes, max(0, length - first * frames.row_bytes))
            data = self._source.read(start + first * frames.row_bytes, wanted)
        if len(data) < (last - first) * frames.row_bytes:
            raise refused(self._source, "nd2", f"a frame of {len(data)} bytes", f"{(last - first) * frames.row_bytes} bytes", rule="size")
        item = frames.dtype.itemsize
        shape = (last - first, frames.width, frames.samples)
        return np.ndarray(shape, frames.dtype.newbyteorder("<"), data, 0, (frames.row_bytes, frames.samples * item, item))


def _opened(source: ByteSource) -> tuple[_Frames, dict[str, Any], dict[str, Any]]:
    """Return the frames, what the file says of the picture, and its facts for people."""
    chunks, places = _chunk_map(source)
    attributes = _values(source, chunks, b"ImageAttributes", "SLxImageAttributes")
    picture = _values(source, chunks, b"ImageMetadataSeq", "SLxPictureMetadata", b"|0")
    experiment = _values(source, chunks, b"ImageMetadata", "SLxExperiment")
    text = _values(source, chunks, b"ImageTextInfo", "SLxImageTextInfo")
    try:
        frames = _frames(source, attributes, picture, places, loops_of(experiment))
        said = facts(picture, text, attributes, list(frames.loops))
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise refused(source, "nd2", f"metadata that cannot be understood: {exc!r}"[:200], "size and loops of the recording") from exc
    return frames, picture, said


def _frames(source: ByteSource, attributes: dict[str, Any], picture: dict[str, Any], places: dict[int, int], loops: list[Loop]) -> _Frames:
    height, width, samples = (int(attributes[key]) for key in ("uiHeight", "uiWidth", "uiComp"))
    bits, compression = int(attributes["uiBpcInMemory"]), int(attributes.get("eCompression", 2))
    form = {8: "u1", 16: "u2", 32: "f4"}.get(bits)
    if compression == _LOSSY:
        raise unsupported(source.name, "nd2.compression", "lossy compression", "frames that are uncompressed or deflated")
    if form is None:
        raise refused(source, "nd2", f"{bits} bits a sample", "8, 16 or 32 bits", rule="sample_type")
    dtype = np.dtype(form)
    row_bytes = int(attributes.get("uiWidthBytes") or 0) or width * samples * dtype.itemsize
    if min(height, width, samples) < 1 or row_bytes < width * samples * dtype.itemsize or height * row_bytes > _LARGEST_FRAME_BYTES:
        found = f"frames of {height} × {width} × {samples} samples in rows of {row_bytes} bytes"
        raise refused(source, "nd2", found, f"positive sizes, at most {_LARGEST_FRAME_BYTES} bytes", rule="size")
    count = max(places, default=-1) + 1
    if not count:
        raise refused(source, "nd2", "no frame", "ImageDataSeq among the chunks")
    planned = prod(loop.count for loop in loops)
    if count > planned:  # loops that nobody here knows: frames in their order
        loops, planned = [Loop("t", count)], count
    if planned > _HIGHEST_RATIO * len(places) or planned > _MOST_FRAMES:
        raise refused(source, "nd2", f"{len(places)} frames", f"{planned} frames", rule="size")
    loops = without(loops, count)
    by_number: NDArray[np.int64] = np.full(prod(loop.count for loop in loops), -1, np.int64)
    for number, place in places.items():
        by_number[number] = place
    is_deflated = compression == 0
    if not is_deflated:  # cut off
        by_number[by_number + _CHUNK.size + _TIME_BYTES + height * row_bytes > source.size] = -1
    _, is_colour = channels(picture, samples)
    return _Frames(height, width, samples, row_bytes, dtype, is_deflated, is_colour, by_number, tuple(loops))


def _presented(frames: _Frames, position: int) -> tuple[str, tuple[int, ...], NDArray[np.int64]]:
    """Return axes and shape of one position, and the places of its frames along the axes that are loops."""
    places = frames.places.reshape([loop.count for loop in frames.loops])
    letters = [loop.axis for loop in frames.loops]
    if "p" in letters:
        places = np.asarray(places.take(position, letters.index("p")))
        letters.remove("p")
    kept = [k for k, n in enumerate(places.shape) if n > 1]
    letters = [letters[k] for k in kept]
    places = places.reshape([places.shape[k] for k in kept])
    order = sorted(range(len(letters)), key=lambda k: _ORDER.index(letters[k]))
    places = places.transpose(order)
    lengths = {**{letters[k]: places.shape[i] for i, k in enumerate(order)}, "y": frames.height, "x": frames.width}
    if frames.samples > 1:
        lengths["c"] = frames.samples
    axes = "".join(a for a in _ORDER if a in lengths)
    return axes, tuple(int(lengths[a]) for a in axes), places


def _layout(source: ByteSource, frames: _Frames, axes: str, places: NDArray[np.int64]) -> RawLayout | None:
    """Return where the samples lie when all frames are there, uncompressed and at regular distances."""
    if frames.is_deflated or (places < 0).any():
        return None
    first = int(places.flat[0])
    steps = [int(places.take(1, k).flat[0]) - first for k in range(places.ndim)]
    if not np.array_equal(places - first, np.tensordot(steps, np.indices(places.shape), 1) if steps else 0 * places):
        return None
    probes = places.ravel()[:: max(1, -(-places.size // _MOST_PROBES))].tolist()
    starts = {_frame_data(source, place, frames.size_bytes)[0] - place for place in (*probes, int(places.flat[-1]))}
    if len(starts) != 1:
        return None
    item = frames.dtype.itemsize
    strides = dict(zip((a for a in axes if a not in "cyx"), steps, strict=True))
    strides |= {"y": frames.row_bytes, "x": frames.samples * item, "c": -item if frames.is_colour else item}
    start = starts.pop()
    if int(places.max()) + start + frames.size_bytes > source.size:
        return None
    offset = first + start + ((frames.samples - 1) * item if frames.is_colour else 0)
    return RawLayout(offset, tuple(strides[a] for a in axes), frames.dtype.newbyteorder("<").str)


def _frame_data(source: ByteSource, place: int, size_bytes: int = 0) -> tuple[int, int]:
    """Return where the samples of a frame start and how many bytes follow; at least `size_bytes` of them."""
    start, length = _chunk(source, place)
    if length < _TIME_BYTES + size_bytes:
        raise refused(source, "nd2", f"a frame of {length} bytes at byte {place}", f"{_TIME_BYTES + size_bytes} bytes", rule="size")
    return start + _TIME_BYTES, length - _TIME_BYTES


def _chunk(source: ByteSource, place: int, name: bytes = b"") -> tuple[int, int]:
    """Return where the data of a chunk start and their length."""
    cursor = Cursor(source, "nd2")
    cursor.seek(place)
    magic, name_bytes, length = _CHUNK.unpack(cursor.read(_CHUNK.size))
    if magic != _MAGIC or not len(name) <= name_bytes <= _LONGEST_NAME_BYTES or cursor.read(len(name)) != name:
        raise cursor.refused(f"no chunk {name.decode()} at byte {place}".replace("  ", " "), "one where the map of chunks says")
    start = place + _CHUNK.size + name_bytes
    cursor.seek(start)
    cursor.skip(length)
    return start, length


def _chunk_map(source: ByteSource) -> tuple[dict[bytes, int], dict[int, int]]:
    """Return the places of all chunks by name, and those of the frames by number."""
    cursor = Cursor(source, "nd2")
    if cursor.one("I") != _MAGIC:
        raise cursor.refused("another start", "the mark of ND2")
    cursor.seek(max(0, source.size - len(_MAP_END) - 8))
    if cursor.read(len(_MAP_END)) != _MAP_END:
        raise cursor.refused("no map of chunks at the end", "one; was the file closed properly and copied whole?")
    start, length = _chunk(source, cursor.one("Q"), _MAP_NAME)
    if length > _LONGEST_MAP_BYTES:
        raise cursor.refused(f"a map of {length} bytes", f"at most {_LONGEST_MAP_BYTES}")
    data = source.read(start, length)
    chunks: dict[bytes, int] = {}
    frames: dict[int, int] = {}
    position = 0
    while (end := data.find(b"!", position)) >= 0 and end + 17 <= len(data) and data[position : end + 1] != _MAP_END:
        name, place = data[position:end], int.from_bytes(data[end + 1 : end + 9], "little")
        if name.startswith(_FRAME) and name[len(_FRAME) :].isdigit():
            number = int(name[len(_FRAME) :])
            if number >= _MOST_FRAMES:
                raise cursor.refused(f"frame {number}", f"fewer than {_MOST_FRAMES} frames")
            if place < source.size:
                frames[number] = place
        else:
            chunks[name] = place
        position = end + 17
    return chunks, frames


def _values(source: ByteSource, chunks: dict[bytes, int], name: bytes, root: str, suffix: bytes = b"") -> dict[str, Any]:
    """Return the values of a chunk in its binary (LV) or XML form; an empty dict where there is none."""
    for key in (name + b"LV" + suffix, name + suffix):
        if key in chunks:
            start, length = _chunk(source, chunks[key])
            if length > _LONGEST_METADATA_BYTES:
                raise refused(source, "nd2", f"{length} bytes of metadata", f"at most {_LONGEST_METADATA_BYTES}")
            try:
                values = table(decoded(source.read(start, length)))
            except ValueError as exc:
                raise refused(source, "nd2", f"{key.decode()}: {exc}"[:200], "metadata of NIS-Elements") from exc
            return table(values.get(root, values))
    return {}
