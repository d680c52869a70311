"""A ZIP of deposited files as a stream: stored, ZIP64, checksummed while it goes out; memory does not grow with the entry."""

from __future__ import annotations

import asyncio
import struct
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from datetime import datetime
from typing import IO

from starlette.types import Receive, Scope, Send

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.model.records import FileRecord
from micrographia.web.stream.sendfile import Disconnect

# APPNOTE 6.3.10: version 4.5 has ZIP64; bit 3: sizes and checksum follow the data; bit 11: names are UTF-8; 0: stored
_VERSION, _FLAGS, _STORED = 45, 0x0808, 0
_UNKNOWN32, _UNKNOWN16 = 0xFFFFFFFF, 0xFFFF
_BLOCK = 1 << 20
_DIRECTORY_IN_MEMORY = 4 << 20
_FILE_MODE = 0o100644


class ZipResponse:
    """The ASGI response that sends files of a version that `glob` matches, below the folder `prefix`."""

    def __init__(
        self, archive: Archive, accession: str, version: int, glob: str, *, prefix: str, modified: str, headers: Mapping[str, str]
    ) -> None:
        self._archive = archive
        self._accession = accession
        self._files: Callable[[], Iterator[FileRecord]] = lambda: lookup.iterate_files(archive, accession, version, glob=glob)
        self._prefix = prefix
        self._time = _dos_time(modified)
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        raw = [(b"content-type", b"application/zip"), *((k.encode(), v.encode("latin-1")) for k, v in self._headers.items())]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        gone = Disconnect(receive)
        gone.watch()
        try:
            async for data in self._blocks():
                if gone.noticed():
                    return
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await gone.stop()

    async def _blocks(self) -> AsyncIterator[bytes]:
        """Disk, database and checksum run in a thread, one block ahead of the network."""
        pieces = self._pieces()
        ahead = asyncio.ensure_future(asyncio.to_thread(_next, pieces))
        try:
            while (data := await ahead) is not None:
                ahead = asyncio.ensure_future(asyncio.to_thread(_next, pieces))
                yield data
        finally:
            await asyncio.gather(ahead, return_exceptions=True)
            pieces.close()

    def _pieces(self) -> Generator[bytes]:
        position = count = 0
        with tempfile.SpooledTemporaryFile(_DIRECTORY_IN_MEMORY) as directory:
            for file in self._files():
                name = (self._prefix + file.path).encode()
                head = self._local_header(name)
                yield head
                checksum = 0
                for data in self._data(file):
                    checksum = zlib.crc32(data, checksum)
                    yield data
                tail = struct.pack("<IIQQ", 0x08074B50, checksum, file.size_bytes, file.size_bytes)
                yield tail
                directory.write(self._central_header(name, checksum, file.size_bytes, position))
                position += len(head) + file.size_bytes + len(tail)
                count += 1
            yield from _replayed(directory)
            yield _end(count, directory.tell(), position)

    def _data(self, file: FileRecord) -> Iterator[bytes]:
        source = lookup.open_file(self._archive, self._accession, file.content_path)
        for start in range(0, file.size_bytes, _BLOCK):
            yield source.read(start, min(_BLOCK, file.size_bytes - start))

    def _local_header(self, name: bytes) -> bytes:
        extra = struct.pack("<HHQQ", 1, 16, 0, 0)
        return (
            struct.pack("<IHHHIIIIHH", 0x04034B50, _VERSION, _FLAGS, _STORED, self._time, 0, _UNKNOWN32, _UNKNOWN32, len(name), len(extra))
            + name
            + extra
        )

    def _central_header(self, name: bytes, checksum: int, size: int, position: int) -> bytes:
        extra = struct.pack("<HHQQQ", 1, 24, size, size, position)
        fixed = struct.pack(
            "<IHHHHIIIIHHHHHII",
            0x02014B50,
            3 << 8 | _VERSION,
            _VERSION,
            _FLAGS,
            _STORED,
            self._time,
            checksum,
            _UNKNOWN32,
            _UNKNOWN32,
            len(name),
            len(extra),
            0,
            0,
            0,
            _FILE_MODE << 16,
            _UNKNOWN32,
        )
        return fixed + name + extra


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)


def _replayed(directory: IO[bytes]) -> Iterator[bytes]:
    directory.seek(0)
    while data := directory.read(_BLOCK):
        yield data


def _end(count: int, length: int, position: int) -> bytes:
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 3 << 8 | _VERSION, _VERSION, 0, 0, count, count, length, position)
    locator = struct.pack("<IIQI", 0x07064B50, 0, position + length, 1)
    return record + locator + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, _UNKNOWN16, _UNKNOWN16, _UNKNOWN32, _UNKNOWN32, 0)


def _dos_time(when: str) -> int:
    try:
        t = datetime.fromisoformat(when.replace("Z", "+00:00"))
    except ValueError:
        return 1 << 21 | 1 << 16  # 1 January 1980
    date = max(t.year - 1980, 0) << 9 | t.month << 5 | t.day
    return date << 16 | t.hour << 11 | t.minute << 5 | t.second // 2
