"""Compound files ([MS-CFB], «OLE»): a small file system inside a file, whose streams become byte sources that read lazily."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import IntegrityError
from micrographia.formats.cursor import Cursor, refused
from micrographia.formats.source import ByteSource, BytesSource, MappingTree

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER_BYTES, _ENTRY_BYTES = 512, 128
_SHORT_SECTOR_BYTES = 64
_MOST_ENTRIES = 1_000_000
_STORAGE, _STREAM = 1, 2
# sector numbers from here on mean «no further one»
_LAST_SECTOR = 0xFFFFFFFA
_NOBODY = 0xFFFFFFFF
_IN_HEADER = 109


def compound_tree(source: ByteSource, format_name: str) -> MappingTree:
    """Return the streams of a compound file as a tree; UnreadableError where its tables make no sense."""
    file = _Compound(source, format_name)
    return MappingTree(source.name, dict(file.streams()))


class _Compound:
    def __init__(self, source: ByteSource, format_name: str) -> None:
        self._source = source
        self._format = format_name
        cursor = Cursor(source, format_name)
        if cursor.read(8) != MAGIC:
            raise cursor.refused("another start", "the mark of a compound file")
        cursor.seek(26)
        self._version, order, shift, short_shift = cursor.unpack("4H")
        if order != 0xFFFE or (self._version, shift) not in ((3, 9), (4, 12)) or short_shift != 6:
            raise cursor.refused(f"version {self._version} with sectors of 2^{shift} bytes", "version 3 with 2^9, or 4 with 2^12")
        self._sector_bytes = 1 << shift
        self._sectors = source.size // self._sector_bytes
        cursor.seek(44)
        table_count, directory, _, self._cutoff, short_table, _, more, more_count = cursor.unpack("IIIIIIII")
        self._next = self._table(table_count, more, more_count)
        self._short_next = self._numbers(self._chain(short_table))
        self._entries = self._read(self._chain(directory), _MOST_ENTRIES * _ENTRY_BYTES)
        if len(self._entries) < _ENTRY_BYTES:
            raise self._refused("no directory", "one")
        self._short: ByteSource | None = None

    def streams(self) -> Iterator[tuple[str, partial[ByteSource]]]:
        """Yield path and opener of each stream."""
        count = len(self._entries) // _ENTRY_BYTES
        seen: set[int] = set()
        pending = [(self._entry(0)[4], "")]
        while pending:
            number, folder = pending.pop()
            if number == _NOBODY:
                continue
            if number >= count or number in seen:
                raise self._refused(f"entry {number} of the directory twice, or beyond its end", "each entry once")
            seen.add(number)
            name, kind, left, right, child, start, size = self._entry(number)
            pending += [(left, folder), (right, folder)]
            if kind == _STORAGE:
                pending.append((child, f"{folder}{name}/"))
            elif kind == _STREAM:
                yield folder + name, partial(self._open, folder + name, start, size)

    def _open(self, name: str, start: int, size: int) -> ByteSource:
        if size > self._source.size:
            raise self._refused(f"{name} with {size} bytes", "streams that the file can hold")
        if size >= self._cutoff:
            return _Stream(self._source, name, size, self._places(self._chain(start)), self._sector_bytes)
        return _Stream(self._short_source(), name, size, self._chain(start, is_short=True) * _SHORT_SECTOR_BYTES, _SHORT_SECTOR_BYTES)

    def _short_source(self) -> ByteSource:
        if self._short is None:
            *_, start, size = self._entry(0)
            data = self._read(self._chain(start), min(size, self._source.size))
            self._short = BytesSource(data, self._source.name)
        return self._short

    def _entry(self, number: int) -> tuple[str, int, int, int, int, int, int]:
        name, length, kind, left, right, child, start, size = struct.unpack_from("<64sHBxIII36xIQ", self._entries, number * _ENTRY_BYTES)
        if self._version == 3:
            size &= 0xFFFFFFFF
        text = name[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        return text.replace("/", "_"), kind, left, right, child, start, size

    def _table(self, count: int, more: int, more_count: int) -> NDArray[np.uint32]:
        """Return, for each sector, the next one of its chain."""
        if count > self._sectors or more_count > self._sectors:
            raise self._refused(f"{count} sectors of tables", f"at most {self._sectors}")
        listed = self._numbers_at(_HEADER_BYTES - 4 * _IN_HEADER, 4 * _IN_HEADER).tolist()
        for _ in range(more_count):
            numbers = self._numbers(np.array([more], np.int64)).tolist()
            listed += numbers[:-1]
            more = numbers[-1]
        return self._numbers(np.array(listed[:count], np.int64))

    def _chain(self, start: int, *, is_short: bool = False) -> NDArray[np.int64]:
        """Return the sectors of a chain; one that is a loop is refused."""
        following = self._short_next if is_short else self._next
        chain: list[int] = []
        while start < _LAST_SECTOR:
            if start >= len(following) or len(chain) > len(following):
                raise self._refused(f"a chain to sector {start}", f"chains without loops among {len(following)} sectors")
            chain.append(start)
            start = int(following[start])
        return np.array(chain, np.int64)

    def _places(self, sectors: NDArray[np.int64]) -> NDArray[np.int64]:
        places: NDArray[np.int64] = (sectors + 1) * self._sector_bytes
        return places

    def _numbers(self, sectors: NDArray[np.int64]) -> NDArray[np.uint32]:
        return np.frombuffer(self._read(sectors, self._source.size), "<u4")

    def _numbers_at(self, position: int, length: int) -> NDArray[np.uint32]:
        return np.frombuffer(self._source.read(position, length), "<u4")

    def _read(self, sectors: NDArray[np.int64], most: int) -> bytes:
        size = min(len(sectors) * self._sector_bytes, most)
        return _Stream(self._source, self._source.name, size, self._places(sectors), self._sector_bytes).read(0, size)

    def _refused(self, found: str, expected: str) -> Exception:
        return refused(self._source, self._format, found, expected)


class _Stream:
    """A chain of sectors as a byte source: neighbouring sectors are read together."""

    def __init__(self, source: ByteSource, name: str, size: int, places: NDArray[np.int64], sector_bytes: int) -> None:
        self.name = name
        self.size = min(size, len(places) * sector_bytes)
        self._source = source
        self._sector_bytes = sector_bytes
        breaks = np.flatnonzero(np.diff(places) != sector_bytes) + 1
        self._firsts = np.concatenate(([0], breaks)) * sector_bytes if len(places) else np.zeros(0, np.int64)
        self._places = places[np.concatenate(([0], breaks))] if len(places) else places

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `start`; IntegrityError when the stream, or the file, is shorter."""
        if start < 0 or length < 0 or start + length > self.size:
            raise IntegrityError(f"{self.name}: {length} bytes from byte {start} were asked for; the stream holds {self.size} bytes.")
        parts, end = [], start + length
        run = int(np.searchsorted(self._firsts, start, "right")) - 1
        while start < end:
            until = min(end, int(self._firsts[run + 1])) if run + 1 < len(self._firsts) else end
            parts.append(self._source.read(int(self._places[run]) + start - int(self._firsts[run]), until - start))
            start, run = until, run + 1
        return b"".join(parts)
