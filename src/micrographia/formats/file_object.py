"""A byte source as the seekable file object that tifffile, h5py and zipfile want."""

from __future__ import annotations

import io

from micrographia.formats.source import ByteSource

# parsers walk headers in reads of a few bytes: those are answered from pages of this size; longer reads are exact
_PAGE_BYTES = 1 << 14
_SHORT_BYTES = 1 << 12
_MOST_PAGES = 64


class SourceFile(io.RawIOBase):
    """A read-only file object over a byte source; it has no file descriptor, so no parser can reach for the file itself."""

    def __init__(self, source: ByteSource) -> None:
        super().__init__()
        self._source = source
        self._position = 0
        self._pages: dict[int, bytes] = {}
        # parsers look only at the last part of it
        self.name = source.name.rsplit("/", 1)[-1]
        self.mode = "rb"

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position, beyond the end too as files allow; return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if start + offset < 0:
            raise OSError(f"a position before the start of the file was asked for: {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: memoryview | bytearray, /) -> int:  # type: ignore[override]
        """Fill `buffer` as far as the source goes; return the number of bytes."""
        view = memoryview(buffer).cast("B")
        length = max(0, min(len(view), self._source.size - self._position))
        if length:
            view[:length] = self._page_bytes(length) if length <= _SHORT_BYTES else self._source.read(self._position, length)
            self._position += length
        return length

    def _page_bytes(self, length: int) -> bytes:
        first, last = self._position // _PAGE_BYTES, (self._position + length - 1) // _PAGE_BYTES
        data = b"".join(self._page(number) for number in range(first, last + 1))
        start = self._position - first * _PAGE_BYTES
        return data[start : start + length]

    def _page(self, number: int) -> bytes:
        page = self._pages.get(number)
        if page is None:
            if len(self._pages) >= _MOST_PAGES:
                del self._pages[next(iter(self._pages))]
            start = number * _PAGE_BYTES
            page = self._pages[number] = self._source.read(start, min(_PAGE_BYTES, self._source.size - start))
        return page
