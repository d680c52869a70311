"""One pass over a file: SHA-256 in a thread, beside it statistics of its images, beside that a copy; a few blocks of memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from micrographia.errors import IntegrityError, MicrographiaError
from micrographia.formats.description import FileDescription, LazyImage
from micrographia.formats.registry import format_named, open_image
from micrographia.formats.sections import SectionSums
from micrographia.formats.source import ByteSource, FileSource, LocalFile, LocalFolder, Opener, opened
from micrographia.formats.workers import Workers
from micrographia.imaging.statistics import StreamingStatistics
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, Statistics

_BLOCK_BYTES = 4 << 20
# a decoder slower than this is taken to hang
SLOWEST_DECODER_BYTES_PER_S = 10e6
_MOST_DUPLICATES = 100
# two sections are held in memory to compare them
_LARGEST_SECTION_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What only the data of a file know."""

    path: str
    """Path inside the deposit."""
    size_bytes: int
    """Bytes that were read."""
    sha256: str
    """Their SHA-256 digest; empty for a folder that is one image."""
    statistics: tuple[Statistics | None, ...] = ()
    """Of each image of the description; None where it could not be decoded."""
    duplicate_sections: tuple[tuple[int, int], ...] = ()
    """Sections (along the first axis) of the first image with more than one that are equal sample by sample, none of one value only:
    each that repeats an earlier one, with the first of its kind, at most 100."""
    findings: tuple[Finding, ...] = ()
    """What went wrong: ``<format>.undecodable``, ``file.changed``."""


def read_once(
    path: Path | str,
    description: FileDescription,
    *,
    write: Callable[[memoryview], object] | None = None,
    progress: Callable[[int], None] | None = None,
    workers: Workers | None = None,
) -> DataFacts:
    """Return digest and statistics of a local file, each byte read once.

    Images that lie uncompressed in the file are measured while its bytes pass; others are decoded afterwards, from the page cache: formats
    of large libraries in a worker process.

    Parameters
    ----------
    path : Path
        Symbolic links are refused.
    description : FileDescription
        What `inspect` said of the file.
    write : function of memoryview, optional
        Takes each block before the next is read; it copies what it keeps.
    progress : function of int, optional
        Told the bytes read since the last call.
    workers : Workers, optional
        Where to decode; None means a pool of this module's own with the usual limits.

    Raises
    ------
    InvalidInputError
        The path is no plain file.
    OSError
        It cannot be read, or `write` failed.
    """
    taken = (write, progress)
    return _read(LocalFile(os.fspath(path)), description, hashlib.sha256(), taken, partial(_decode, workers=workers))


def read_tree(folder: Path | str, description: FileDescription, *, workers: Workers | None = None) -> DataFacts:
    """Return the statistics of the images of a folder that is one image (OME-Zarr), decoded in a worker process."""
    return _facts_of_tree(description, _decode(_job(LocalFolder(os.fspath(folder)), description), workers))


def measure(opener: Opener, description: FileDescription, sha256: str) -> DataFacts:
    """Return the statistics of a file or folder whose digest is known, all of it in this process: run it in a worker with limits."""
    if not description.images:
        return DataFacts(description.path, description.size_bytes, sha256)
    if description.members:
        return _facts_of_tree(description, _measure(_job(opener, description)))
    return replace(_read(opener, description, None, (None, None), _measure), sha256=sha256)


def _facts_of_tree(description: FileDescription, measured: _Measured) -> DataFacts:
    statistics = tuple(measured.statistics.get(index) for index in range(len(description.images)))
    return DataFacts(description.path, description.size_bytes, "", statistics, measured.duplicates, measured.findings)


def _read(
    opener: Opener, description: FileDescription, digest: Any, taken: tuple[_Write, _Progress], decode: Callable[[_Job], _Measured]
) -> DataFacts:
    """Read a file once: digest (unless None) and the images that lie uncompressed in it; then decode the others."""
    tracks = [_Track(header) if _is_dense(header, description.size_bytes) else None for header in description.images]
    with opened(opener) as source:
        size = source.size
        if digest is not None or any(tracks):
            size = _pass_over(source, _Taken([track for track in tracks if track], *taken), digest)
    findings = []
    if size != description.size_bytes:
        findings.append(_changed(description, size))
    statistics = [track.statistics.result() if track else None for track in tracks]
    duplicates: tuple[tuple[int, int], ...] = ()
    if any(track is None for track in tracks) and not findings:
        measured = decode(_job(opener, description, [i for i, track in enumerate(tracks) if track is None]))
        findings += measured.findings
        duplicates = measured.duplicates
        for index, value in measured.statistics.items():
            statistics[index] = value
    for track in tracks:
        if track and track.sections and not findings:
            with opened(opener) as source:
                duplicates = _confirmed(open_image(source, description.format, 0, track.header), track.sections)
            break
    sha256 = "" if digest is None else digest.hexdigest()
    return DataFacts(description.path, size, sha256, tuple(statistics), duplicates, tuple(findings))


def _pass_over(source: ByteSource, taken: _Taken, digest: Any) -> int:
    """Return how many bytes a file has, each block given to `taken` while a thread hashes it."""
    if source.size <= _BLOCK_BYTES:  # a thread would cost more than it saves
        data = source.read(0, source.size)
        if digest is not None:
            digest.update(data)
        taken.block(memoryview(data), 0)
        return source.size
    buffers = (memoryview(bytearray(_BLOCK_BYTES)), memoryview(bytearray(_BLOCK_BYTES)))
    size = number = 0
    with ThreadPoolExecutor(1, "sha256") as hasher:
        hashing: Future[None] | None = None
        while size < source.size:
            try:
                block = _next_block(source, size, buffers[number % 2])
            except IntegrityError:  # it became shorter
                break
            if hashing is not None:
                hashing.result()  # of the other buffer, which is read into next
            if digest is not None:
                hashing = hasher.submit(digest.update, block)
            taken.block(block, size)
            size += len(block)
            number += 1
        if hashing is not None:
            hashing.result()
    return size


def _next_block(source: ByteSource, start: int, buffer: memoryview) -> memoryview:
    block = buffer[: min(len(buffer), source.size - start)]
    if isinstance(source, FileSource):
        source.read_into(start, block)
        return block
    return memoryview(source.read(start, len(block)))


_Write = Callable[[memoryview], object] | None
_Progress = Callable[[int], None] | None


class _Taken:
    """What happens to each block beside the digest."""

    def __init__(self, tracks: list[_Track], write: Callable[[memoryview], object] | None, progress: Callable[[int], None] | None) -> None:
        self._tracks = tracks
        self._write = write
        self._progress = progress

    def block(self, block: memoryview, start: int) -> None:
        if self._write is not None:
            self._write(block)
        for track in self._tracks:
            track.take(block, start)
        if self._progress is not None:
            self._progress(len(block))


class _Track:
    """Statistics of one image whose samples lie side by side in the file, fed with the blocks of the file."""

    def __init__(self, header: ImageHeader) -> None:
        assert header.layout is not None
        self.header = header
        self.statistics = StreamingStatistics()
        self._dtype = np.dtype(header.layout.dtype)
        self._next, self._end = _extent(header)
        self._carry = b""
        self.sections = SectionSums(header.shape[0], (self._end - self._next) // header.shape[0]) if _has_sections(header) else None

    def take(self, block: memoryview, start: int) -> None:
        first, last = max(self._next, start), min(self._end, start + len(block))
        if first >= last:
            return
        self._next = last
        data = block[first - start : last - start]
        if self.sections is not None:
            self.sections.take(data)
        item = self._dtype.itemsize
        if self._carry:  # a sample that two blocks share
            missing = item - len(self._carry)
            self._carry += bytes(data[:missing])
            data = data[missing:]
            if len(self._carry) < item:
                return
            self.statistics.update(np.frombuffer(self._carry, self._dtype))
            self._carry = b""
        whole = len(data) // item * item
        if whole:
            self.statistics.update(np.frombuffer(data[:whole], self._dtype))
        self._carry = bytes(data[whole:])


def _extent(header: ImageHeader) -> tuple[int, int]:
    """Return the first byte of the samples and the byte after the last."""
    assert header.layout is not None
    reaches = [(n - 1) * stride for n, stride in zip(header.shape, header.layout.strides, strict=True)]
    first = header.layout.offset + sum(r for r in reaches if r < 0)
    return first, first + sum(map(abs, reaches)) + np.dtype(header.layout.dtype).itemsize


def _is_dense(header: ImageHeader, file_bytes: int) -> bool:
    """Whether the samples fill one range of the file without gaps, in any order of the axes."""
    if header.layout is None or 0 in header.shape or _extent(header)[1] > file_bytes:
        return False
    expected = np.dtype(header.layout.dtype).itemsize
    for stride, n in sorted((abs(stride), n) for stride, n in zip(header.layout.strides, header.shape, strict=True) if n > 1):
        if stride != expected:
            return False
        expected *= n
    return True


def _has_sections(header: ImageHeader) -> bool:
    """Whether the first axis counts sections that follow each other in the file."""
    if len(header.axes) < 3 or header.shape[0] < 2 or header.layout is None:
        return False
    strides = header.layout.strides
    return 0 < strides[0] <= _LARGEST_SECTION_BYTES and all(abs(stride) < strides[0] for stride in strides[1:])


def _confirmed(image: LazyImage, sums: SectionSums) -> tuple[tuple[int, int], ...]:
    """Return the sections with equal sums that are equal indeed, those of one value left out."""
    pairs: list[tuple[int, int]] = []
    for group in sums.equal():
        repeated: set[int] = set()
        for first, second in combinations(group, 2):
            if len(pairs) >= _MOST_DUPLICATES:
                return tuple(pairs)
            if first in repeated or second in repeated:
                continue
            one = image[first]
            if (one == one.flat[0]).all():
                break
            if np.array_equal(one, image[second], equal_nan=one.dtype.kind in "fc"):
                pairs.append((first, second))
                repeated.add(second)
    return tuple(sorted(pairs, key=lambda pair: pair[1]))


@dataclass(frozen=True, slots=True)
class _Measured:
    """What a decoder found."""

    statistics: Mapping[int, Statistics]
    duplicates: tuple[tuple[int, int], ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Job:
    """Images of one file to be decoded."""

    opener: Opener
    path: str
    format_name: str
    images: tuple[tuple[int, ImageHeader], ...]


def _job(opener: Opener, description: FileDescription, indices: Iterable[int] | None = None) -> _Job:
    chosen = range(len(description.images)) if indices is None else indices
    return _Job(opener, description.path, description.format, tuple((i, description.images[i]) for i in chosen))


def _decode(job: _Job, workers: Workers | None) -> _Measured:
    if not job.images:
        return _Measured({})
    if not format_named(job.format_name).isolated:
        return _measure(job)
    pool = workers or _own_workers()
    decoded_bytes = sum(prod(header.shape) * np.dtype(header.dtype).itemsize for _, header in job.images)
    try:
        return pool.call(_measure, job, timeout=pool.limits.seconds + decoded_bytes / SLOWEST_DECODER_BYTES_PER_S)
    except Exception as exc:  # noqa: BLE001  the edge of the job: the file is at fault, and only it
        return _Measured({}, findings=(_undecodable(job.path, job.format_name, exc),))


def _measure(job: _Job) -> _Measured:
    """Decode the images of a job; in a worker for formats of large libraries."""
    statistics: dict[int, Statistics] = {}
    duplicates: tuple[tuple[int, int], ...] = ()
    with opened(job.opener) as source:
        for index, header in job.images:
            try:
                image = open_image(source, job.format_name, index, header)
                statistics[index], equal = _measure_image(image)
            except MemoryError:
                raise
            except Exception as exc:  # noqa: BLE001  the edge of the job: whatever a decoder raises on a stranger's file is a finding
                return _Measured(statistics, duplicates, (_undecodable(job.path, job.format_name, exc),))
            duplicates = duplicates or equal
    return _Measured(statistics, duplicates)


def _measure_image(image: LazyImage) -> tuple[Statistics, tuple[tuple[int, int], ...]]:
    streaming = StreamingStatistics()
    sums = _sums_of(image)
    for block in image.blocks():
        streaming.update(block)
        if sums is not None:
            sums.take(memoryview(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data))
    return streaming.result(), _confirmed(image, sums) if sums is not None else ()


def _sums_of(image: LazyImage) -> SectionSums | None:
    """Return where to sum the sections, if the blocks of this image come in the order of its axes."""
    section_bytes = prod(image.shape[1:]) * image.dtype.itemsize
    if type(image).blocks is not LazyImage.blocks or len(image.axes) < 3 or image.shape[0] < 2 or section_bytes > _LARGEST_SECTION_BYTES:
        return None
    return SectionSums(image.shape[0], section_bytes)


@cache
def _own_workers() -> Workers:
    return Workers()


def _undecodable(path: str, format_name: str, exc: Exception) -> Finding:
    found = exc.message if isinstance(exc, MicrographiaError) else f"{type(exc).__name__}: {exc}"
    return Finding(
        f"{format_name.split('.', 1)[0]}.undecodable",
        "error",
        path,
        "The header can be read, the image cannot.",
        found="".join(c if c.isprintable() else " " for c in found)[:300],
        expected="data that decode as the header says",
        hint="Transfer the file again, or save it again with the program that wrote it.",
    )


def _changed(description: FileDescription, size: int) -> Finding:
    return Finding(
        "file.changed",
        "error",
        description.path,
        "The file changed while it was read.",
        found=f"{size} bytes",
        expected=f"{description.size_bytes} bytes",
        hint="Wait until the program that writes it is done, and try again.",
    )
