"""TIFF, BigTIFF, OME-TIFF, ImageJ and LSM through tifffile: one image a series, its axes in the order …tczyx.

Samples of a pixel (red, green, blue) become channels; pages of which nobody says what they are become z. What lies uncompressed
at regular distances gets a RawLayout; the rest is decoded strip by strip or tile by tile (`tiff_pages.py`).
Nothing but the file itself is opened: series that OME-XML or Micro-Manager spread over several files are described file by file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, Literal

import numpy as np
import tifffile

from micrographia.errors import IntegrityError, InvalidInputError
from micrographia.formats import tiff_pages, tiff_sizes
from micrographia.formats.description import Contents, LazyImage, UnreadableError, unsupported
from micrographia.formats.file_object import SourceFile
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.formats.tiff_pages import DECODING_ERRORS, SeriesAxes, TiffImage
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it tells of oddities there; remarks tell what matters

_MOST_SERIES = 1_000
# decoded : encoded of the tightest codec on an empty image is far below; more than this and 1 GiB is a bomb
_HIGHEST_RATIO = 20_000
_SMALL_BYTES = 1 << 30
# a first page up to this size is decoded whole to see that it can be
_PROBE_BYTES = 32 << 20
_AXES_ORDER = "tczyx"
_BYTE_ORDERS: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
_COLOURS = {2: ("grey", "alpha"), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}


def inspect(source: ByteSource, path: str) -> Contents:
    """Return one image a series; UnreadableError when there is none that can be read."""
    with _opened(source) as tif:
        series = _series(source, tif)
        headers, remarks = [], []
        for number, one in enumerate(series[:_MOST_SERIES]):
            try:
                header = _header(source, tif, series, number)
                _probe(source, one, header)
                headers.append(header)
            except UnreadableError as exc:
                remarks.append(exc.finding(path))
        if len(series) > _MOST_SERIES:
            message = f"{path} has {len(series)} series; the first {_MOST_SERIES} are images of this archive."
            remarks.append(Finding("tiff.many_series", "warning", path, message, str(len(series)), f"at most {_MOST_SERIES}"))
        return Contents(tuple(headers), tiff_sizes.file_metadata(tif), tuple(remarks))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image at this place of `inspect`'s images."""
    if header is None:
        images = inspect(source, source.name).images
        if not 0 <= index < len(images):
            raise InvalidInputError(f"{source.name} has {len(images)} images; there is no image {index}.")
        header = images[index]
    if header.layout:
        return RawImage(source, header)
    with _opened(source) as tif:
        series = _series(source, tif)[int(header.metadata["series"])]
        return TiffImage(source, header, series, _axes_of(series))


@contextmanager
def _opened(source: ByteSource) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF file; whatever tifffile raises on a malformed one becomes an UnreadableError."""
    try:
        # _multifile: no other file is opened, whatever the metadata name
        file: Any = SourceFile(source)
        yield tifffile.TiffFile(file, name=source.name.rsplit("/", 1)[-1], _multifile=False)
    except DECODING_ERRORS as exc:
        if isinstance(exc, UnreadableError | InvalidInputError):
            raise
        raise UnreadableError(
            "tiff.unreadable",
            f"{source.name} cannot be read as TIFF.",
            found=f"{type(exc).__name__}: {exc}"[:200],
            expected="a TIFF file",
            hint="Open it with the program that wrote it and save it again, or leave it out.",
        ) from exc


def _series(source: ByteSource, tif: tifffile.TiffFile) -> list[Any]:
    description = tif.pages.first.description or ""
    if "<!DOCTYPE" in description or "<!ENTITY" in description:
        raise UnreadableError("tiff.unreadable", f"{source.name}: its XML has a document type or entities.", expected="plain OME-XML")
    series = [s for s in tif.series if prod(s.shape) > 0 and s.shape]
    _refuse_broken_chain(source, tif)
    if not series:
        raise UnreadableError("tiff.unreadable", f"{source.name} holds no image.", found="0 pixels", expected="a page with pixels")
    return series


def _refuse_broken_chain(source: ByteSource, tif: tifffile.TiffFile) -> None:
    """Refuse a file whose list of pages goes on beyond its end: tifffile would show the pages before, as if they were all."""
    last, form = tif.pages[-1], tif.tiff
    if last.offset <= 0:  # ImageJ describes one page and counts the rest
        return
    count = int.from_bytes(source.read(last.offset, form.tagnosize), _BYTE_ORDERS[form.byteorder])
    at = last.offset + form.tagnosize + count * form.tagsize
    if at + form.offsetsize > source.size:
        raise _short(source, at + form.offsetsize)
    following = int.from_bytes(source.read(at, form.offsetsize), _BYTE_ORDERS[form.byteorder])
    if following >= source.size:
        raise _short(source, following + form.tagnosize)


def _axes_of(series: Any) -> SeriesAxes:
    """Return how a series is presented: samples to channels in front, unnamed pages to z, the rest as …tczyx."""
    names: list[str] = []
    stored = series.axes
    for place, letter in enumerate(stored):
        name = letter.lower()
        if name == "s":
            name = "c" if "C" not in stored else "s"
        elif name in "iq":
            # the last unnamed axis before the planes is depth, or time where there is a depth
            later = stored[place + 1 :].count("I") + stored[place + 1 :].count("Q")
            name = "z" if "Z" not in stored and not later else "t" if "T" not in stored and later + ("Z" in stored) == 1 else name
        if name in names or not name.isalpha():
            name = next(spare for spare in "pqruvwabdefghijklmno" if spare not in names and spare.upper() not in stored)
        names.append(name)
    order = sorted(range(len(names)), key=lambda i: (_AXES_ORDER.find(names[i]) if names[i] in _AXES_ORDER else -1, i))
    axes, shape = "".join(names[i] for i in order), tuple(int(series.shape[i]) for i in order)
    for missing in (m for m in "yx" if m not in axes):  # a single line of pixels
        at = len(axes) if missing == "x" else axes.find("x") if "x" in axes else len(axes)
        axes, shape, order = axes[:at] + missing + axes[at:], (*shape[:at], 1, *shape[at:]), [*order[:at], -1, *order[at:]]
    return SeriesAxes(axes, shape, tuple(order), len(series.keyframe.shape))


def _header(source: ByteSource, tif: tifffile.TiffFile, series: list[Any], number: int) -> ImageHeader:
    one = series[number]
    axes = _axes_of(one)
    dtype = np.dtype(one.dtype)
    if dtype.kind not in "biufc" or dtype.itemsize > 16:
        raise _unreadable(source, number, f"samples of type {dtype}", "numbers")
    layout = _layout(source, tif, one, axes)
    if layout is None:
        _refuse_lies(source, one, number)
        if (codec := one.keyframe.compression) in tuple(tifffile.COMPRESSION) and codec not in tifffile.TIFF.DECOMPRESSORS:
            raise _undecoded(source, number, one)
    about = tiff_sizes.of_series(tif, series, number)
    channels = about.channels
    length_c = dict(zip(axes.axes, axes.shape, strict=True)).get("c", 0)
    if not channels and "S" in one.axes and "C" not in one.axes:
        channels = _COLOURS.get(length_c, ())
    return ImageHeader(
        axes.axes,
        axes.shape,
        dtype.name,
        voxel_size=about.voxel_size,
        name=(one.name or f"series {number}") if len(series) > 1 else "",
        layout=layout,
        channels=channels if len(channels) == length_c else (),
        metadata={"series": number, **about.metadata},
    )


def _layout(source: ByteSource, tif: tifffile.TiffFile, series: Any, axes: SeriesAxes) -> RawLayout | None:
    """Return where the samples lie, when they lie uncompressed and pages follow each other at regular distances."""
    keyframe = series.keyframe
    dtype = np.dtype(series.dtype)
    if not keyframe.is_final or keyframe.bitspersample != 8 * dtype.itemsize or series.transform is not None:
        return None
    starts = _page_starts(series)
    if starts is None:
        return None
    leading = series.shape[: len(series.shape) - axes.page_axes] if len(starts) > 1 else ()
    within = series.shape[len(leading) :]
    strides = [dtype.itemsize * prod(within[i + 1 :]) for i in range(len(within))]
    grid = np.array(starts, np.int64).reshape(leading)
    steps = [int(np.diff(grid, axis=k).flat[0]) if n > 1 else 0 for k, n in enumerate(leading)]
    if any((np.diff(grid, axis=k) != step).any() for k, step in enumerate(steps) if leading[k] > 1):
        return None
    end = int(grid.max()) + dtype.itemsize * prod(within)
    if end > source.size or int(grid.min()) < 0:
        raise _short(source, end)
    stored = [*steps, *strides]
    order = dtype.str[0] if dtype.itemsize == 1 else tif.byteorder
    return RawLayout(int(grid.flat[0]), tuple(stored[i] if i >= 0 else 0 for i in axes.order), f"{order}{dtype.str[1:]}")


def _page_starts(series: Any) -> list[int] | None:
    """Return the first byte of each page (of the whole series where it is one run); None when a page is in pieces."""
    if series.dataoffset is not None:
        return [series.dataoffset]
    if series.shape[len(series.shape) - len(series.keyframe.shape) :] != series.keyframe.shape or len(series.pages) * prod(
        series.keyframe.shape
    ) != prod(series.shape):
        return None
    starts = []
    for page in series.pages:
        if page is None or not len(page.dataoffsets):
            return None
        offsets, counts = np.array(page.dataoffsets, np.int64), np.array(page.databytecounts, np.int64)
        single = len(offsets) == 1 and counts[0] >= series.keyframe.nbytes
        if not single and (counts.sum() != series.keyframe.nbytes or (offsets[:-1] + counts[:-1] != offsets[1:]).any()):
            return None
        starts.append(int(offsets[0]))
    return starts


def _refuse_lies(source: ByteSource, series: Any, number: int) -> None:
    """Refuse a series whose strips or tiles lie outside of the file, or which unpacks to more than any codec does."""
    keyframe = series.keyframe
    declared = prod(series.shape) * np.dtype(series.dtype).itemsize
    if declared > max(_SMALL_BYTES, _HIGHEST_RATIO * source.size):
        raise _unreadable(
            source,
            number,
            f"{declared} bytes of pixels in a file of {source.size} bytes",
            "a size that the file can hold",
            rule="tiff.size",
        )
    pages = len(series.pages)
    if series.shape[len(series.shape) - len(keyframe.shape) :] != keyframe.shape or pages * prod(keyframe.shape) != prod(series.shape):
        raise _unreadable(source, number, f"{pages} pages of shape {keyframe.shape}", f"pages that make up the shape {series.shape}")
    segment = prod(keyframe.chunks) * np.dtype(series.dtype).itemsize
    for page in series.pages:
        if page is None or not len(page.dataoffsets):
            continue
        longest = max([segment, *(min(count, source.size) for count in page.databytecounts)])
        if longest > tiff_pages.LONGEST_SEGMENT_BYTES:
            expected = f"at most {tiff_pages.LONGEST_SEGMENT_BYTES}"
            raise unsupported(f"{source.name}: series {number}", "tiff.segment_size", f"a strip or tile of {longest} bytes", expected)
        if max(page.dataoffsets) + max(page.databytecounts) > source.size:  # only then look closer
            _refuse_cut_off(source, page)


def _refuse_cut_off(source: ByteSource, page: Any) -> None:
    """Refuse a page whose strips or tiles lie beyond the end of the file; a byte count too high that still decodes is a writer's fault."""
    for i, (start, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False)):
        if count and start + count > source.size:
            try:
                tiff_pages.decode_segment(page, i, source.read(start, source.size - start))
            except (*DECODING_ERRORS, IntegrityError) as exc:
                raise _short(source, start + count) from exc


def _probe(source: ByteSource, series: Any, header: ImageHeader) -> None:
    """Decode the first page, or the first and last strip or tile of a large one; UnreadableError when that fails."""
    if header.layout:
        return
    image = TiffImage(source, header, series, _axes_of(series))
    try:
        _read_ends(image, series)
    except (ImportError, UnreadableError) as exc:  # a codec of a company's own; JPEG before it was settled, which has several readings
        if isinstance(exc, ImportError) or series.keyframe.compression == tifffile.COMPRESSION.OJPEG:
            raise _undecoded(source, int(header.metadata["series"]), series) from exc
        raise


def _read_ends(image: TiffImage, series: Any) -> None:
    header = image.header
    one = [range(1)] * len(header.shape)
    for axis in ("c", "y", "x") if "C" not in series.axes else ("y", "x"):
        if axis in header.axes:
            one[header.axes.index(axis)] = range(header.shape[header.axes.index(axis)])
    y = header.axes.index("y")
    if prod(len(r) for r in one) * np.dtype(header.dtype).itemsize <= _PROBE_BYTES:
        image.read(tuple(one))
        return
    for row in {0, header.shape[y] - 1}:
        image.read((*one[:y], range(row, row + 1), *one[y + 1 :]))


def _undecoded(source: ByteSource, number: int, series: Any) -> UnreadableError:
    found = f"{tifffile.COMPRESSION(series.keyframe.compression).name} compression"
    return unsupported(f"{source.name}: series {number}", "tiff.compression", found, "LZW, deflate, JPEG, Zstandard or none")


def _short(source: ByteSource, end: int) -> UnreadableError:
    return UnreadableError(
        "tiff.size",
        f"{source.name} is cut off: its pages reach to byte {end}.",
        found=f"{source.size} bytes",
        expected=f"at least {end} bytes",
        hint="Copy it again from where it was made.",
    )


def _unreadable(source: ByteSource, number: int, found: str, expected: str, *, rule: str = "tiff.unreadable") -> UnreadableError:
    return UnreadableError(rule, f"{source.name}: series {number} cannot be read.", found=found, expected=expected)
