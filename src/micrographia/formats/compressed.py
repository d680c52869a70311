"""MRC and NIfTI files inside gzip or bzip2: decoded as a stream, with bounded memory, from the start up to the part that is asked for."""

from __future__ import annotations

import bz2
import gzip
import io
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from micrographia.errors import IntegrityError
from micrographia.formats import mrc, nifti
from micrographia.formats.description import Contents, LazyImage, UnreadableError
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource
from micrographia.model.image import ImageHeader

_READ_BYTES = 256 << 10
# deflate makes at most 1,032 bytes of one; bzip2 has no such bound, and a mask of zeros uses it
_GZIP_EXPANSION = 1032
# a claim of the header is proved by decoding as long as that is quick; beyond it, whoever decodes the whole file finds the truth
_PROVE_BYTES = 128 << 20


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what the MRC header inside says; see `registry`. The images have no layout: their bytes lie nowhere as they are."""
    try:
        decoded = DecodedSource(source)
        inner = _inner(source)
        end = inner.data_end(decoded)
        if _is_gzip(source) and end > source.size * _GZIP_EXPANSION:
            decoded.size = source.size * _GZIP_EXPANSION
        else:
            decoded.size = decoded.measure(end + 1) if end < _PROVE_BYTES else end
        contents: Contents = inner.inspect(decoded, path)
    except (IntegrityError, zlib.error, OSError, EOFError) as exc:
        raise _broken(source, exc) from exc
    return replace(contents, images=tuple(replace(image, layout=None) for image in contents.images))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array that decodes the file up to what is asked for; see `registry`."""
    decoded = DecodedSource(source)
    try:
        inner = _inner(source)
        decoded.size = inner.data_end(decoded)
        return _DecodedImage(source, decoded, inner.open_image(decoded, index, None))
    except (zlib.error, OSError, EOFError) as exc:
        raise _broken(source, exc) from exc


class DecodedSource:
    """The bytes inside a compressed source; reading forwards is cheap, reading backwards starts again."""

    def __init__(self, source: ByteSource) -> None:
        self.name = source.name.rpartition(".")[0]
        self.size = 1 << 62  # unknown until someone measures it
        raw = io.BufferedReader(_SourceStream(source), _READ_BYTES)
        self._stream: gzip.GzipFile | bz2.BZ2File = gzip.GzipFile(fileobj=raw) if _is_gzip(source) else bz2.BZ2File(raw)
        self._lock = threading.Lock()

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` decoded bytes from byte `start`; IntegrityError when there are fewer."""
        with self._lock:
            self._stream.seek(start)
            data = self._stream.read(length)
        if len(data) < length:
            raise IntegrityError(f"{self.name}: {length} bytes from byte {start} were asked for; {len(data)} are left there.")
        return data

    def measure(self, most: int) -> int:
        """Return the decoded length, or `most` where it is at least that."""
        with self._lock:
            return self._stream.seek(most)


class _SourceStream(io.RawIOBase):
    """A source as a file object."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.read(self._position, min(len(view), max(0, self._source.size - self._position)))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


class _DecodedImage(LazyImage):
    def __init__(self, source: ByteSource, decoded: DecodedSource, inner: LazyImage) -> None:
        super().__init__(replace(inner.header, layout=None))
        self._source = source
        self._decoded = decoded
        self._inner = inner

    def read(self, ranges: Ranges) -> NDArray[Any]:
        try:
            return self._inner.read(ranges)
        except (zlib.error, OSError, EOFError) as exc:
            raise _broken(self._source, exc) from exc

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        try:
            yield from self._inner.blocks(max_bytes)
            self._decoded.measure(self._decoded.size + 1)  # past the end: only there the checksum is compared
        except (zlib.error, OSError, EOFError) as exc:
            raise _broken(self._source, exc) from exc


def _inner(source: ByteSource) -> ModuleType:
    return nifti if ".nii" in source.name.lower()[-8:] else mrc


def _is_gzip(source: ByteSource) -> bool:
    return source.size < 2 or source.read(0, 2) == b"\x1f\x8b"


def _broken(source: ByteSource, reason: Exception) -> UnreadableError:
    return UnreadableError(
        f"{_inner(source).__name__.rpartition('.')[2]}.unreadable",
        f"{source.name} cannot be decompressed.",
        found=str(reason) or type(reason).__name__,
        expected="a whole gzip or bzip2 file with an MRC or NIfTI file inside",
        hint="Transfer the file again, or compress it again from the original.",
    )
