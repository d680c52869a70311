"""A bucket that is a folder of a local (or mounted) file system."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from micrographia.errors import IntegrityError, NotFoundError
from micrographia.formats.source import FileSource
from micrographia.store.bucket import BLOCK_BYTES, Bucket
from micrographia.store.disk import (
    PRIVATE_FOLDER,
    READ_ONLY,
    FileWriter,
    disk_errors,
    make_folders,
    remove_empty_folders,
    remove_tree,
    sync_file,
)


class FolderBucket:
    """Keys are relative paths of files below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.location = str(self.root)

    def path(self, key: str) -> Path:
        """Return the path of a key, whether or not there is a file."""
        return self.root / key

    def read(self, key: str) -> bytes:
        """Return all bytes of a small file; NotFoundError when there is none."""
        return b"".join(self.stream(key))

    def read_start(self, key: str, length: int) -> bytes | None:
        """Return up to `length` first bytes; None when there is no such file."""
        try:
            with self._open(key) as file:
                return file.read(length)
        except NotFoundError:
            return None

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of a file in blocks; NotFoundError when there is none."""
        if self.size(key) is None:  # said now, not when the first block is asked for
            raise self._missing(key)
        return self._blocks(key)

    def _blocks(self, key: str) -> Iterator[bytes]:
        with self._open(key) as file:
            while block := file.read(BLOCK_BYTES):
                yield block

    def _open(self, key: str) -> BinaryIO:
        """Open a plain file: nothing that is kept here is a link or a device."""
        try:
            fd = os.open(self.path(key), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._missing(key) from error
        file = os.fdopen(fd, "rb", buffering=0)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            file.close()
            raise OSError(errno.EINVAL, "Not a plain file", str(self.path(key)))
        return file

    def _missing(self, key: str) -> NotFoundError:
        return NotFoundError(f"There is no file {key} in {self.location}.")

    def source(self, key: str) -> FileSource:
        """Return the file for reading by ranges; NotFoundError when there is none."""
        try:
            return FileSource(self.path(key))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._missing(key) from error

    def local_path(self, key: str) -> Path | None:
        """Return the path of the file."""
        return self.path(key)

    def size(self, key: str) -> int | None:
        """Return the length of a file in bytes, None when there is none."""
        try:
            return self.path(key).lstat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def writer(self, key: str, *, staging: str, durable: bool = True, size_bytes: int | None = None) -> FileWriter:
        """Return a writer for `key`; unfinished bytes lie under the folder `staging`."""
        with disk_errors(key):
            return FileWriter(self.path(key), self.path(staging) / temporary_name(), durable=durable)

    def write(self, key: str, data: bytes, *, staging: str) -> None:
        """Put a small file, whole or not at all, over what may be there."""
        with disk_errors(key):
            writer = self.writer(key, staging=staging)
            try:
                writer.write(data)
                writer.commit()
            finally:
                writer.abort()

    def create(self, key: str, data: bytes, *, staging: str) -> bool:
        """Put a small file that must not be there yet; False when it is."""
        with disk_errors(key):
            writer = self.writer(key, staging=staging)
            try:
                writer.write(data)
                sync_file(writer.path)
                make_folders(self.path(key).parent)
                os.link(writer.path, self.path(key))
                sync_file(self.path(key).parent)
            except FileExistsError:
                return False
            finally:
                writer.abort()
        return True

    def update(self, key: str, change: Callable[[bytes], bytes], *, staging: str) -> None:
        """Replace a small file by a function of what it holds; writers of one folder wait for each other."""
        folder = self.path(key).parent
        with disk_errors(key):
            make_folders(folder)
            with _locked(folder):
                self.write(key, change(self.read_start(key, -1) or b""), staging=staging)

    def append(self, key: str, data: bytes) -> None:
        """Add whole lines to a log; a last line torn by a crash is ended first, so that readers see it as damaged and pass over it."""
        with disk_errors(key):
            make_folders(self.path(key).parent, PRIVATE_FOLDER)
            fd = os.open(self.path(key), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                length = os.fstat(fd).st_size
                if length and os.pread(fd, 1, length - 1) != b"\n":
                    data = b"\n" + data
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(fd, rest) :]
                os.fsync(fd)
            finally:
                os.close(fd)

    def replace_log(self, key: str, blocks: Iterable[bytes], *, staging: str) -> None:
        """Put a log in place of what was there, whole or not at all."""
        with disk_errors(key):
            writer = self.writer(key, staging=staging)
            try:
                for block in blocks:
                    writer.write(block)
                writer.commit()
                self.path(key).chmod(0o600)
            finally:
                writer.abort()

    def read_log(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of a log in blocks; nothing when there is none."""
        if self.size(key) is not None:
            yield from self.stream(key)

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield (key, size) of every file below a folder; symbolic links and special files count as files of size -1."""
        pending = [folder]
        while pending:
            here = pending.pop()
            with suppress(FileNotFoundError), os.scandir(self.path(here)) as entries:
                for entry in entries:
                    key = f"{here}/{entry.name}" if here else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(key)
                    elif entry.is_file(follow_symlinks=False):
                        yield key, entry.stat(follow_symlinks=False).st_size
                    else:
                        yield key, -1

    def folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder, sorted."""
        try:
            with os.scandir(self.path(folder)) as entries:
                yield from sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return

    def delete(self, key: str) -> None:
        """Delete a file, if it is there, and the folders that it leaves empty."""
        path = self.path(key)
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
        remove_empty_folders(path.parent, self.root)

    def delete_folder(self, folder: str, *, staging: str) -> None:
        """Delete a folder: it vanishes at once by a rename into `staging`, then its bytes go."""
        path, away = self.path(folder), self.path(staging) / temporary_name()
        if not path.is_dir():
            return
        make_folders(away.parent, PRIVATE_FOLDER)
        path.rename(away)
        remove_tree(away)
        remove_empty_folders(path.parent, away.parent if path.is_relative_to(away.parent) else self.root)

    def clear_left_behind(self, staging: str) -> None:
        """Delete what processes that no longer live left directly in `staging`."""
        with suppress(OSError), os.scandir(self.path(staging)) as entries:  # not there, or not ours to change
            for entry in entries:
                if is_left_behind(entry.name) or time.time() - entry.stat(follow_symlinks=False).st_ctime > _FORSAKEN_S:
                    if entry.is_dir(follow_symlinks=False):
                        remove_tree(Path(entry.path))
                    else:
                        Path(entry.path).unlink(missing_ok=True)

    def settle(self, folder: str) -> None:
        """Make every file at and below `folder` read-only and delete the folders that hold none."""
        _settle(str(self.path(folder)))

    def bring(self, key: str, source: Bucket, source_key: str, *, sha256: str, resume: bool, staging: str) -> None:
        """Copy a file here by way of `staging`, held against its digest; with `resume`, one that is here with that digest is kept."""
        if resume and _digest(self.stream(key)) == sha256:
            return
        with disk_errors(key):
            writer = self.writer(key, staging=staging)
            try:
                digest = hashlib.sha256()
                for block in source.stream(source_key):
                    digest.update(block)
                    writer.write(block)
                if digest.hexdigest() != sha256:
                    raise IntegrityError(
                        f"{source_key} in {source.location} has sha256 {digest.hexdigest()}; {sha256} was expected. Run audit."
                    )
                writer.commit()
            finally:
                writer.abort()


# a server in a container has the same number each time it starts
_RUN = secrets.token_hex(4)
# what nobody wrote to for so long belongs to a process of a machine, or a container, that is gone
_FORSAKEN_S = 7 * 86400


def temporary_name() -> str:
    """Return a name for unfinished bytes that says which process they belong to."""
    return f"{os.uname().nodename[:64]}-{os.getpid()}-{_RUN}{secrets.token_hex(6)}"


def is_left_behind(name: str) -> bool:
    """Whether a temporary name belongs to a process of this machine that no longer lives."""
    process, _, own = name.rpartition("-")
    host, _, rest = process.rpartition("-")
    if host != os.uname().nodename[:64] or not rest.isdigit():
        return False
    if int(rest) == os.getpid():
        return not own.startswith(_RUN)
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _settle(folder: str) -> bool:
    """Whether the folder is still there: it has files."""
    has_files = False
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                has_files |= _settle(entry.path)
                continue
            has_files = True
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISREG(mode) and stat.S_IMODE(mode) != READ_ONLY:
                os.chmod(entry.path, READ_ONLY)  # noqa: PTH101  there may be 10⁶ of them
    if not has_files:
        os.rmdir(folder)  # noqa: PTH106
    return has_files


def _digest(blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
