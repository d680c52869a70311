"""The port under store and drafts: keys with bytes, in a local folder or in a bucket of an object store.

A folder is driven by the system's own calls, because obstore's local adapter knows neither fsync nor the renaming of folders, and both are
what makes a release of 10 TB instant and durable there; buckets are driven through obstore. What differs is told by the few methods that
say so; all else above this module is one code for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from micrographia.formats.source import ByteSource

BLOCK_BYTES = 4 << 20


class Writer(Protocol):
    """Bytes on their way to a key; they appear there whole at `commit` or not at all."""

    @property
    def path(self) -> Path | None:
        """Local file that the caller may write instead of calling `write`; None in a bucket."""
        ...

    def write(self, data: bytes | memoryview) -> int:
        """Add bytes at the end; returns how many."""
        ...

    def commit(self) -> None:
        """Make the bytes appear under the key."""
        ...

    def abort(self) -> None:
        """Forget the bytes."""
        ...


class Bucket(Protocol):
    """Keys (`/` between folders) with bytes."""

    location: str
    """Folder or URL, for messages."""

    def read(self, key: str) -> bytes:
        """Return all bytes of a small file; NotFoundError when there is none."""
        ...

    def read_start(self, key: str, length: int) -> bytes | None:
        """Return up to `length` first bytes; None when there is no such file."""
        ...

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of a file in blocks; NotFoundError when there is none."""
        ...

    def source(self, key: str) -> ByteSource:
        """Return the file for reading by ranges; NotFoundError when there is none."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Return the path of the file when it is a local one."""
        ...

    def size(self, key: str) -> int | None:
        """Return the length of a file in bytes, None when there is none."""
        ...

    def writer(self, key: str, *, staging: str, durable: bool = True, size_bytes: int | None = None) -> Writer:
        """Return a writer for `key`; unfinished bytes lie under the folder `staging` (a bucket needs none).

        Without `durable` a folder leaves it to the caller to bring the bytes to the disk. A bucket must know `size_bytes` of a file beyond
        280 GB, to make its parts large enough.
        """
        ...

    def write(self, key: str, data: bytes, *, staging: str) -> None:
        """Put a small file, whole or not at all, over what may be there."""
        ...

    def create(self, key: str, data: bytes, *, staging: str) -> bool:
        """Put a small file that must not be there yet; False when it is."""
        ...

    def update(self, key: str, change: Callable[[bytes], bytes], *, staging: str) -> None:
        """Replace a small file by a function of what it holds (b"" when absent); no other writer's change is lost."""
        ...

    def append(self, key: str, data: bytes) -> None:
        """Add whole lines to a log."""
        ...

    def replace_log(self, key: str, blocks: Iterable[bytes], *, staging: str) -> None:
        """Put a log in place of what was there, whole or not at all."""
        ...

    def read_log(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of a log in blocks; nothing when there is none."""
        ...

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield (key, size) of every file below a folder, at any depth."""
        ...

    def folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder, sorted."""
        ...

    def delete(self, key: str) -> None:
        """Delete a file, if it is there."""
        ...

    def delete_folder(self, folder: str, *, staging: str) -> None:
        """Delete all files below a folder; a folder on disk vanishes at once (into `staging`), then its bytes go."""
        ...

    def clear_left_behind(self, staging: str) -> None:
        """Delete what processes of this machine that no longer live left directly in `staging` (nothing in a bucket)."""
        ...

    def settle(self, folder: str) -> None:
        """Make every file at and below `folder` read-only and delete the folders that hold none (nothing to do in a bucket)."""
        ...

    def bring(self, key: str, source: Bucket, source_key: str, *, sha256: str, resume: bool, staging: str) -> None:
        """Copy a file here, whole or not at all; IntegrityError when bytes that pass through us have another digest.

        With `resume`, what an earlier attempt brought is kept where it is sure to be the same.
        """
        ...


def open_bucket(location: str) -> Bucket:
    """Return the bucket at a folder's path or at a URL (``s3://bucket/prefix``)."""
    if "://" in location and not location.startswith("file://"):
        from micrographia.store.cloud import CloudBucket

        return CloudBucket(location)
    from micrographia.store.folder import FolderBucket

    return FolderBucket(Path(location.removeprefix("file://")))


def lines(blocks: Iterable[bytes], *, last: bool = False) -> Iterator[bytes]:
    """Yield the lines of a stream, without their newline; a last line that has none is torn and left out, unless `last` asks for it."""
    rest = b""
    for block in blocks:
        parts = (rest + block).split(b"\n")
        rest = parts.pop()
        yield from parts
    if last and rest:
        yield rest


def blocks_of(parts: Iterable[bytes], size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the same bytes in blocks of at least `size` (the last may be shorter)."""
    held: list[bytes] = []
    length = 0
    for part in parts:
        held.append(part)
        length += len(part)
        if length >= size:
            yield b"".join(held)
            held.clear()
            length = 0
    if held:
        yield b"".join(held)


def json_lines(records: Iterable[BaseModel]) -> Iterator[bytes]:
    """Yield blocks of records as JSON lines, without fields that hold their default."""
    return blocks_of(record.model_dump_json(exclude_defaults=True).encode() + b"\n" for record in records)
