"""Where the bytes of one upload gather: a file that grows, or in a bucket one object a part. Whoever appends has it alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from micrographia.errors import UnavailableError
from micrographia.store.bucket import BLOCK_BYTES, Bucket
from micrographia.store.disk import PRIVATE_FOLDER, begin_sync, disk_errors, make_folders
from micrographia.store.folder import FolderBucket
from micrographia.store.locks import bucket_locks

# what is held in memory of an upload into a bucket; parts of a service may not be smaller than 5 MiB, ours are objects of their own
PART_BYTES = 16 << 20
# the disk is kept busy while bytes come, so that there is little left to wait for when all are here
_SYNC_BYTES = 8 << 20
# pieces that one system call takes
_PIECES = 512


class BusyError(UnavailableError):
    """Another request is sending to the same upload."""


class Spool(Protocol):
    """The bytes of one upload, while one process appends to them."""

    size: int
    """How many are here."""

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Append bytes."""
        ...

    def truncate(self, size: int) -> None:
        """Forget what lies behind the first `size` bytes."""
        ...

    def blocks(self, start: int) -> Iterator[bytes]:
        """Yield what is here from byte `start`."""
        ...

    def flush(self) -> None:
        """Let nothing that came be in memory alone."""
        ...

    def close(self) -> None:
        """Keep what came, and let others append."""
        ...


def open_spool(bucket: Bucket, key: str) -> Spool:
    """Return the spool at `key` for appending, empty where there is none; BusyError while another has it."""
    return _FileSpool(bucket, key) if isinstance(bucket, FolderBucket) else _PartsSpool(bucket, key)


def remove_spool(bucket: Bucket, key: str) -> None:
    """Delete the bytes; the folder stays, for another upload may just begin in it."""
    if isinstance(bucket, FolderBucket):
        with disk_errors(key):
            bucket.path(key).unlink(missing_ok=True)
        return
    bucket.delete(key)
    for part, _ in list(bucket.files(key)):
        bucket.delete(part)


class _FileSpool:
    def __init__(self, bucket: FolderBucket, key: str) -> None:
        self._path = bucket.path(key)
        self._key = key
        with disk_errors(key):
            make_folders(self._path.parent, PRIVATE_FOLDER)
            try:
                self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except PermissionError:  # a file that was taken in where it lies, and is not ours to write to: it is whole
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(self._fd), self._path.stat()):
                raise FileNotFoundError
        except (BlockingIOError, FileNotFoundError) as error:
            os.close(self._fd)
            raise BusyError("Another request is sending to this upload. Ask for its offset, then go on from there.") from error
        self.size = self._begun = os.fstat(self._fd).st_size

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        rest = [memoryview(piece) for piece in pieces if len(piece)]
        with disk_errors(self._key):
            while rest:
                written = os.writev(self._fd, rest[:_PIECES])
                self.size += written
                while rest and written >= len(rest[0]):
                    written -= len(rest.pop(0))
                if written:
                    rest[0] = rest[0][written:]
            if self.size - self._begun >= _SYNC_BYTES:
                begin_sync(self._fd, self._begun, self.size - self._begun)
                self._begun = self.size

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)
        self.size = size

    def blocks(self, start: int) -> Iterator[bytes]:
        while block := os.pread(self._fd, BLOCK_BYTES, start):
            start += len(block)
            yield block

    def flush(self) -> None:
        pass

    def close(self) -> None:
        os.close(self._fd)


class _PartsSpool:
    """Objects ``<key>/<offset>``: each begins where the one before ends."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        release = bucket_locks(bucket).take(key.rpartition("/")[2])
        if release is None:
            raise BusyError("Another request is sending to this upload. Ask for its offset, then go on from there.")
        self._release: Callable[[], None] = release
        self._held: list[bytes] = []
        self._held_bytes = 0
        self.size = parts_size(bucket.files(key))

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        for piece in pieces:
            self._held.append(bytes(piece))
            self._held_bytes += len(piece)
            if self._held_bytes >= PART_BYTES:
                self.flush()

    def flush(self) -> None:
        if self._held:
            data = b"".join(self._held)
            self._bucket.write(f"{self._key}/{self.size:015d}", data, staging="")
            self.size += len(data)
            self._held.clear()
            self._held_bytes = 0

    def truncate(self, size: int) -> None:
        self._held.clear()
        self._held_bytes = 0
        for key, _ in list(self._bucket.files(self._key)):
            if int(key.rpartition("/")[2]) >= size:
                self._bucket.delete(key)
        self.size = size

    def blocks(self, start: int) -> Iterator[bytes]:
        self.flush()
        for key, length in sorted(self._bucket.files(self._key)):
            offset = int(key.rpartition("/")[2])
            if start < offset + length <= self.size:
                for block in self._bucket.stream(key):
                    yield block[max(0, start - offset) :]
                    offset += len(block)

    def close(self) -> None:
        try:
            self.flush()
        finally:
            with suppress(UnavailableError):  # the lease ends by itself
                self._release()


def parts_size(parts: Iterator[tuple[str, int]]) -> int:
    """Return the length of the parts that follow each other without a gap; what lies behind a gap came from a writer that died."""
    size = 0
    for key, length in sorted(parts):
        if int(key.rpartition("/")[2]) == size:
            size += length
    return size
